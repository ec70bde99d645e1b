"""API tokens of users: what their scripts show under `/api/`. Only the digest is kept."""

from __future__ import annotations

from msgspec import Struct
from sqlalchemy import Connection, insert, select, update

from headgate.errors import NotRegistered
from headgate.registry import tables
from headgate.registry.base import Change, check_id, check_name
from headgate.registry.secrets import digest

#: what a token begins with, so that scanners for leaked secrets and people know one when they see it
PREFIX = "hgu_"
#: a token's last use is written down no more often than this, in seconds
USED_EVERY = 60

_columns = tables.user_tokens.c


class UserTokenEntry(Struct, frozen=True):
    """A token. Times are seconds since 1970, UTC."""

    id: str
    user_id: str
    name: str
    created_at: int
    #: None until it is used
    used_at: int | None
    #: network address of the last use, or empty
    used_from: str
    #: None while it holds
    revoked_at: int | None


_query = select(*(_columns[name] for name in UserTokenEntry.__struct_fields__))


def create(change: Change, token_id: str, user_id: str, *, name: str, secret: str) -> str:
    """Enter a token of a user, and return it: the only time that it can be seen. `secret`: random text.

    Raises `InvalidRegistration`.
    """
    token = PREFIX + secret
    values = {
        "id": check_id("a token", token_id),
        "user_id": user_id,
        "name": check_name(name),
        "token_hash": digest(token),
        "created_at": change.now,
        "used_from": "",
    }
    change.connection.execute(insert(tables.user_tokens).values(values))
    change.note("create token", user_id, f"token {token_id}: {name}")
    return token


def revoke(change: Change, token_id: str, user_id: str) -> None:
    """Let a token of the user no longer hold. Raises `NotRegistered`."""
    held = (_columns.id == token_id) & (_columns.user_id == user_id) & _columns.revoked_at.is_(None)
    if not change.connection.execute(update(tables.user_tokens).where(held).values(revoked_at=change.now)).rowcount:
        raise NotRegistered(f"there is no token {token_id} that still holds")
    change.note("revoke token", user_id, f"token {token_id}")


def revoke_all(change: Change, user_id: str) -> None:
    """Let no token of the user hold any more."""
    held = (_columns.user_id == user_id) & _columns.revoked_at.is_(None)
    change.connection.execute(update(tables.user_tokens).where(held).values(revoked_at=change.now))


def find(connection: Connection, token: str) -> UserTokenEntry | None:
    """The entry of a token that holds."""
    query = _query.where(_columns.token_hash == digest(token), _columns.revoked_at.is_(None))
    row = connection.execute(query).first()
    return UserTokenEntry(*row) if row else None


def use(connection: Connection, entry: UserTokenEntry, *, now: int, address: str) -> None:
    """Note that the token was used."""
    values = {"used_at": now, "used_from": address[: tables.ADDRESS_LENGTH]}
    connection.execute(update(tables.user_tokens).where(_columns.id == entry.id).values(values))


def of_user(connection: Connection, user_id: str) -> list[UserTokenEntry]:
    """The tokens of a user that hold, newest first."""
    query = _query.where(_columns.user_id == user_id, _columns.revoked_at.is_(None))
    return [UserTokenEntry(*row) for row in connection.execute(query.order_by(_columns.created_at.desc(), _columns.id))]
