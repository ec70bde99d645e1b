"""Registries to test with, in each database that one can be in."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from headgate.registry import accounts, organizations
from headgate.registry.base import Registry

_numbers = count(1)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """URL of a PostgreSQL server of our own, on a socket in a folder; a database name can be put behind it."""
    if not (shutil.which("initdb") and shutil.which("postgres")):
        pytest.skip("PostgreSQL is not installed")
    # it refuses to run as root
    user = "postgres" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="headgate-pg-"))
    if user:
        shutil.chown(folder, user)
    make = ["initdb", "--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8", "-D", str(folder / "data")]
    subprocess.run(make, check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL)
    serve = ["postgres", "-D", str(folder / "data"), "-k", str(folder), "-c", "listen_addresses=", "-c", "fsync=off"]
    with (folder / "output").open("wb") as output:
        server = subprocess.Popen(serve, user=user, cwd=folder, stdout=output, stderr=output)
    try:
        url = f"postgresql://postgres@/{{}}?host={folder}"
        _wait_for(url.format("postgres").replace("postgresql:", "postgresql+psycopg:"))
        yield url
    finally:
        server.terminate()
        server.wait(30)
        shutil.rmtree(folder)


def _wait_for(url: str) -> None:
    engine = create_engine(url)
    deadline = time.monotonic() + 30
    while True:
        try:
            engine.connect().close()
            break
        except OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def registry_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/registry.db"
    server: str = request.getfixturevalue("postgresql")
    name = f"headgate_{next(_numbers)}"
    engine = create_engine(server.format("postgres").replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return server.format(name)


@pytest.fixture
def open_registry(registry_url: str) -> Iterator[Callable[[], Registry]]:
    """Opens the same registry, as often as wanted: as many processes would."""
    opened: list[Registry] = []

    def open_it() -> Registry:
        opened.append(Registry(registry_url))
        return opened[-1]

    yield open_it
    for each in opened:
        each.close()


@pytest.fixture
def registry(open_registry: Callable[[], Registry]) -> Registry:
    """A registry with an organization and two accounts."""
    registry = open_registry()
    registry.migrate()
    with registry.change(by="ada", now=1_700_000_000) as change:
        organizations.create(change, "org", name="The Organization")
        accounts.create(change, "acme", organization_id="org")
        accounts.create(change, "bolt", organization_id="org", name="Bolt & Söhne")
    return registry
