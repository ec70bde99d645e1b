"""The first admin: as long as there is no user, each start makes a link for whoever can read what the server prints."""

from __future__ import annotations

import secrets
import time

from headgate.processes.folder import DataFolder, Running
from headgate.registry import links, users
from headgate.registry.base import Registry
from headgate.settings import Settings


def first_link(settings: Settings, folder: DataFolder, running: Running) -> str | None:
    """A link that makes the first admin, once; None where there is a user. The one of an earlier start is void then."""
    registry = Registry.at(settings.registry, folder.registry)
    try:
        registry.migrate()
        with registry.aside() as connection:
            if users.count(connection):
                return None
            secret = secrets.token_urlsafe(32)
            links.make(connection, secret, "first", user_id=None, now=int(time.time()))
    finally:
        registry.close()
    return f"{running.desk_url}/welcome/{secret}"
