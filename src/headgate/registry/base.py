"""The registry: who may send what. One database, SQLite or PostgreSQL, read by the edge and written by people.

    with registry.change(by="ada", now=1_700_000_000) as change:
        accounts.create(change, "acme", organization_id="demo")

Each noun has a file with its functions: `organizations`, `accounts`, `event_groups`, `partners`, `keys`. Those that
write take a `Change`, those that only read take a connection of `registry.reading()`.
"""

from __future__ import annotations

import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import URL, Connection, Engine, create_engine, event, insert, make_url, select, update
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from headgate.errors import InvalidRegistration, RegistryError, SettingsError
from headgate.registry import tables
from headgate.registry.snapshot import Account, EventGroup, Key, Snapshot

#: how long a writer waits for another one, in seconds
LOCK_TIMEOUT = 10
#: execution option of a connection that is going to write
_WRITES = "headgate_writes"
_ID = re.compile(r"[A-Za-z0-9_.-]+")


class Change(NamedTuple):
    """A transaction that writes: all of what is done with it happens, or nothing."""

    connection: Connection
    #: who does it, for the record
    by: str
    #: seconds since 1970, UTC
    now: int
    #: network address that it is done from; empty for the command line
    address: str = ""

    def note(
        self, act: str, subject: str, detail: str = "", *, account: str | None = None, organization: str | None = None
    ) -> None:
        """Put on record that `act` was done to `subject` (an id), and whom it concerns: all, where nobody is named."""
        if account is not None:
            of_account = select(tables.accounts.c.organization_id).where(tables.accounts.c.id == account)
            organization = self.connection.execute(of_account).scalar_one_or_none()
        values = {
            "at": self.now,
            "by": self.by,
            "act": act,
            "subject": subject,
            "detail": detail,
            "address": self.address or None,
            "account_id": account,
            "organization_id": organization,
        }
        self.connection.execute(insert(tables.acts).values(values))


class Act(NamedTuple):
    """One line of the record of changes."""

    at: int
    by: str
    act: str
    subject: str
    detail: str


class Registry:
    """A registry at a SQLAlchemy URL, of SQLite or PostgreSQL. Connects when first used; safe to share by threads."""

    def __init__(self, url: str | URL) -> None:
        self._engine = _engine(url)

    @classmethod
    def at(cls, url: str, embedded: Path) -> Registry:
        """The registry at `url`; where that is empty, the embedded one in the file `embedded`."""
        return cls(url or URL.create("sqlite", database=str(embedded)))

    def migrate(self) -> None:
        """Bring the tables to this version's. Safe at every start, and in several processes at once."""
        # the edge never migrates: it need not carry Alembic
        from headgate.registry.migration import upgrade  # noqa: PLC0415 - see the line above

        with _as_registry_error():
            upgrade(self._engine.execution_options(**{_WRITES: True}))

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection to read with. Raises `RegistryError` when the registry cannot be read."""
        with _as_registry_error(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def change(self, *, by: str, now: int, address: str = "") -> Iterator[Change]:
        """Write: one transaction that raises the revision; an exception inside undoes it all.

        Changes come one after another, however many processes make them: each begins by taking the revision's row.
        Raises `RegistryError` when the registry cannot be written.
        """
        with _as_registry_error(), self._engine.execution_options(**{_WRITES: True}).begin() as connection:
            connection.execute(update(tables.revision).values(number=tables.revision.c.number + 1))
            yield Change(connection, by, now, address)

    @contextmanager
    def aside(self) -> Iterator[Connection]:
        """Write what is no change of who may send what: sessions, tries, last uses. The revision stays.

        One transaction; an exception inside undoes it all. Raises `RegistryError` as `change` does.
        """
        with _as_registry_error(), self._engine.execution_options(**{_WRITES: True}).begin() as connection:
            yield connection

    def revision(self) -> int:
        """A number that goes up with every change."""
        with self.reading() as connection:
            return _revision(connection)

    def snapshot(self) -> Snapshot:
        """What the edge needs, all of it as of one revision."""
        with self.reading() as connection:
            before = -1
            # a change may come between two of the queries, whatever the database promises a transaction: ask again
            while before != (revision := _revision(connection)):
                before, parts = revision, _read_parts(connection)
                connection.rollback()
        return Snapshot(revision, *parts)

    def acts(self, limit: int = 100) -> list[Act]:
        """The newest `limit` lines of the record of changes, newest first."""
        query = select(*(tables.acts.c[name] for name in Act._fields)).order_by(tables.acts.c.id.desc()).limit(limit)
        with self.reading() as connection:
            return [Act(*row) for row in connection.execute(query)]

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()


def check_id(what: str, value: str) -> str:
    """`value`, if it may be the id of a `what`. Raises `InvalidRegistration`."""
    if len(value) > tables.ID_LENGTH or not _ID.fullmatch(value):
        raise InvalidRegistration(
            f"{value!r} cannot be the id of {what}: 1 to {tables.ID_LENGTH} of A-Z, a-z, 0-9, '_', '.' and '-'"
        )
    return value


def check_name(value: str) -> str:
    """`value`, if it may be a name. Raises `InvalidRegistration`."""
    if not 0 < len(value) <= tables.NAME_LENGTH or not value.isprintable() or value != value.strip():
        raise InvalidRegistration(
            f"{value!r} cannot be a name: 1 to {tables.NAME_LENGTH} printable characters, no space at either end"
        )
    return value


def _revision(connection: Connection) -> int:
    return int(connection.execute(select(tables.revision.c.number)).scalar_one())


def _read_parts(
    connection: Connection,
) -> tuple[dict[str, EventGroup], dict[str, Key], dict[str, Account], dict[str, frozenset[str]]]:
    groups, keys, partners = tables.event_groups.c, tables.keys.c, tables.account_partners.c
    allowed: dict[str, set[str]] = defaultdict(set)
    for account_id, partner_name in connection.execute(select(partners.account_id, partners.partner_name)):
        allowed[account_id].add(partner_name)
    grants: dict[str, set[str]] = defaultdict(set)
    for partner_id, account_id in connection.execute(
        select(tables.partner_grants.c.partner_id, tables.partner_grants.c.account_id)
    ):
        grants[partner_id].add(account_id)
    origins: dict[str, set[str]] = defaultdict(set)
    for group_id, origin in connection.execute(
        select(tables.event_group_origins.c.event_group_id, tables.event_group_origins.c.origin)
    ):
        origins[group_id].add(origin)
    of_groups = select(groups.id, groups.account_id, groups.identifiers, groups.cookie, groups.advanced_matching)
    active = select(keys.id, keys.account_id, keys.partner_id).where(keys.revoked_at.is_(None))
    return (
        {row.id: EventGroup(*row, frozenset(origins[row.id])) for row in connection.execute(of_groups)},
        {row.id: Key(*row) for row in connection.execute(active)},
        {id_: Account(id_, frozenset(allowed[id_])) for (id_,) in connection.execute(select(tables.accounts.c.id))},
        {partner_id: frozenset(accounts) for partner_id, accounts in grants.items()},
    )


@contextmanager
def _as_registry_error() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        raise RegistryError(
            f"the registry cannot be read or written: {getattr(error, 'orig', None) or error}"
        ) from error


def _engine(url: str | URL) -> Engine:
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() not in ("sqlite", "postgresql"):
            raise SettingsError(
                f"registry: {parsed.get_backend_name()} is no database that it can be in; name one in PostgreSQL, as in "
                "postgresql://user:password@host/database, or leave it empty for the embedded one"
            )
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        engine = create_engine(parsed, pool_pre_ping=parsed.get_backend_name() != "sqlite")
    except (ArgumentError, NoSuchModuleError):
        # not the URL itself: it may hold a password
        raise SettingsError("registry: expected a URL, as in postgresql://user:password@host/database") from None
    except ModuleNotFoundError as error:
        raise SettingsError(f"registry: {error}; install headgate[postgresql] for a registry in PostgreSQL") from None
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    # the driver would begin transactions late, and not at all for reads and DDL: `_begin_sqlite` does it instead
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {LOCK_TIMEOUT * 1000}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin_sqlite(connection: Connection) -> None:
    # a writer takes its lock at once: a transaction that read first could not wait for another writer's
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
