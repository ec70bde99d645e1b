"""Users: the people who sign in to the console. What they may do is in `roles`."""

from __future__ import annotations

import re

from msgspec import Struct
from sqlalchemy import Connection, func, insert, select, update

from headgate.errors import AlreadyRegistered, InvalidRegistration, NotRegistered
from headgate.registry import sessions, tables, user_tokens
from headgate.registry.base import Change, check_id, check_name

_columns = tables.users.c
#: enough to catch what is no address; whether it reaches somebody, only they can say
_EMAIL = re.compile(r"[^@\s<>\"'(),:;\\\[\]]{1,64}@[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?")


class UserEntry(Struct, frozen=True):
    """A user. Times are seconds since 1970, UTC."""

    id: str
    email: str
    name: str
    #: None until the invitation is accepted
    password_hash: str | None
    created_at: int
    #: None while they may sign in
    disabled_at: int | None

    @property
    def state(self) -> str:
        """`disabled`, `invited` or `active`."""
        if self.disabled_at is not None:
            return "disabled"
        return "invited" if self.password_hash is None else "active"


_query = select(*(_columns[name] for name in UserEntry.__struct_fields__))


def create(change: Change, user_id: str, *, email: str, name: str = "") -> UserEntry:
    """Enter a user who has no password and no role yet. Raises `AlreadyRegistered`, `InvalidRegistration`."""
    check_id("a user", user_id)
    address = check_email(email)
    if find_by_email(change.connection, address):
        raise AlreadyRegistered(f"there is a user {address} already")
    values = {"id": user_id, "email": address, "name": check_name(name or address), "created_at": change.now}
    change.connection.execute(insert(tables.users).values(values))
    change.note("create user", user_id, address)
    return get(change.connection, user_id)


def rename(change: Change, user_id: str, name: str) -> UserEntry:
    """Let the user be called so. Raises `NotRegistered`, `InvalidRegistration`."""
    get(change.connection, user_id)
    change.connection.execute(update(tables.users).where(_columns.id == user_id).values(name=check_name(name)))
    change.note("rename user", user_id, name)
    return get(change.connection, user_id)


def set_password(change: Change, user_id: str, password_hash: str) -> UserEntry:
    """Let the user sign in with another password, and be signed out everywhere. Raises `NotRegistered`."""
    get(change.connection, user_id)
    change.connection.execute(update(tables.users).where(_columns.id == user_id).values(password_hash=password_hash))
    sessions.close_all(change.connection, user_id)
    change.note("set password", user_id)
    return get(change.connection, user_id)


def disable(change: Change, user_id: str) -> UserEntry:
    """Let the user no longer in, nor their tokens, and end their sessions. Raises `NotRegistered`."""
    if get(change.connection, user_id).disabled_at is None:
        change.connection.execute(update(tables.users).where(_columns.id == user_id).values(disabled_at=change.now))
        change.connection.execute(tables.links.delete().where(tables.links.c.user_id == user_id))
        sessions.close_all(change.connection, user_id)
        user_tokens.revoke_all(change, user_id)
        change.note("disable user", user_id)
    return get(change.connection, user_id)


def enable(change: Change, user_id: str) -> UserEntry:
    """Let a disabled user in again; their tokens stay revoked. Raises `NotRegistered`."""
    if get(change.connection, user_id).disabled_at is not None:
        change.connection.execute(update(tables.users).where(_columns.id == user_id).values(disabled_at=None))
        change.note("enable user", user_id)
    return get(change.connection, user_id)


def entries(connection: Connection) -> list[UserEntry]:
    """All users, by e-mail address."""
    return [UserEntry(*row) for row in connection.execute(_query.order_by(_columns.email))]


def count(connection: Connection) -> int:
    """How many users there are, disabled and invited ones too."""
    return int(connection.execute(select(func.count()).select_from(tables.users)).scalar_one())


def find(connection: Connection, user_id: str) -> UserEntry | None:
    """The user, if there is one."""
    row = connection.execute(_query.where(_columns.id == user_id)).first()
    return UserEntry(*row) if row else None


def find_by_email(connection: Connection, email: str) -> UserEntry | None:
    """The user with this e-mail address, if there is one; as in `check_email`, case is nothing."""
    row = connection.execute(_query.where(_columns.email == email.strip().lower())).first()
    return UserEntry(*row) if row else None


def get(connection: Connection, user_id: str) -> UserEntry:
    """The user. Raises `NotRegistered`."""
    if (entry := find(connection, user_id)) is None:
        raise NotRegistered(f"there is no user {user_id}")
    return entry


def check_email(email: str) -> str:
    """The address in lower case, trimmed, if it can be one. Raises `InvalidRegistration`."""
    address = email.strip().lower()
    if len(address) > tables.EMAIL_LENGTH or not address.isprintable() or not _EMAIL.fullmatch(address):
        raise InvalidRegistration(f"email: {email[:80]!r} is no e-mail address; expected one as in ada@example.com")
    return address
