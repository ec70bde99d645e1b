"""Brings a registry's tables to this version's, with the migrations that come with the package."""

from __future__ import annotations

from threading import Lock

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from headgate.errors import RegistryError

#: Alembic keeps the migration under way in a module: one at a time in a process
_one_at_a_time = Lock()


def upgrade(engine: Engine) -> None:
    """Run the migrations that are missing, in one transaction. Several processes may do so at once.

    Raises `RegistryError` when a newer version of Headgate has been there.
    """
    with _one_at_a_time:
        try:
            _upgrade(engine)
        except DBAPIError:
            # two processes that create the first tables together: one of them fails, and finds the work done
            _upgrade(engine)


def configure(connection: Connection) -> Config:
    """Alembic's configuration for a connection; the transaction is the caller's."""
    config = Config()
    config.set_main_option("script_location", "headgate.registry:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _upgrade(engine: Engine) -> None:
    with engine.begin() as connection:
        try:
            command.upgrade(configure(connection), "head")
        except CommandError as error:
            raise RegistryError(f"the registry was written by a newer version of Headgate: {error}") from error
