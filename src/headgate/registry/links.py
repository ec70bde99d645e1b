"""Links that work once: to accept an invitation, to set a new password, to be the first user of an installation.

A link carries a random secret; only its digest is kept. A newer link of the same user makes the older one void.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select

from headgate.errors import NotRegistered
from headgate.registry import tables
from headgate.registry.secrets import digest

Purpose = Literal["first", "invite", "reset"]
#: seconds for which a link works
LASTS: dict[Purpose, int] = {"first": 24 * 3600, "invite": 7 * 86400, "reset": 24 * 3600}

_columns = tables.links.c


class Link(Struct, frozen=True):
    """A link that works still. Times are seconds since 1970, UTC."""

    purpose: Purpose
    #: None for the first user, whom the link makes
    user_id: str | None
    expires_at: int


def make(connection: Connection, secret: str, purpose: Purpose, *, user_id: str | None, now: int) -> None:
    """Enter a link with this random secret; those that the user had, or earlier first ones, work no longer."""
    connection.execute(delete(tables.links).where(_columns.expires_at <= now))
    same = _columns.user_id == user_id if user_id is not None else _columns.user_id.is_(None)
    connection.execute(delete(tables.links).where(same))
    values = {
        "token_hash": digest(secret),
        "purpose": purpose,
        "user_id": user_id,
        "created_at": now,
        "expires_at": now + LASTS[purpose],
    }
    connection.execute(insert(tables.links).values(values))


def void(connection: Connection, user_id: str) -> None:
    """Let no link of this user work any more."""
    connection.execute(delete(tables.links).where(_columns.user_id == user_id))


def find(connection: Connection, secret: str, now: int) -> Link | None:
    """The link with this secret, if it works still."""
    query = select(_columns.purpose, _columns.user_id, _columns.expires_at)
    row = connection.execute(query.where(_columns.token_hash == digest(secret), _columns.expires_at > now)).first()
    return Link(*row) if row else None


def use(connection: Connection, secret: str, now: int) -> Link:
    """The link with this secret, which from now on works no longer. Raises `NotRegistered` where it does not now."""
    link = find(connection, secret, now)
    if link is None:
        raise NotRegistered("this link was used before, or is too old, or there is a newer one")
    connection.execute(delete(tables.links).where(_columns.token_hash == digest(secret)))
    return link
