"""Sessions: who is signed in, in which browser. The browser's cookie is the id; here is its digest.

A session ends when its user signs out, after `IDLE` seconds without a request, and after `LONGEST` in any case.
"""

from __future__ import annotations

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, delete, insert, or_, select, update

from headgate.registry import tables
from headgate.registry.secrets import digest

#: seconds
IDLE = 12 * 3600
LONGEST = 7 * 86400
#: a session's last use is written down no more often than this, in seconds
SEEN_EVERY = 60

_columns = tables.sessions.c


class SessionEntry(Struct, frozen=True):
    """A session. Times are seconds since 1970, UTC."""

    id_hash: str
    user_id: str
    created_at: int
    seen_at: int
    #: network address, and what the browser said it is, when they signed in
    address: str
    browser: str


_query = select(*(_columns[name] for name in SessionEntry.__struct_fields__))


def begin(connection: Connection, session_id: str, user_id: str, *, now: int, address: str, browser: str) -> None:
    """Enter a session under a new, random id. Sessions that are over are removed on the way."""
    connection.execute(delete(tables.sessions).where(_is_over(now)))
    shown = "".join(character for character in browser if character.isprintable())[: tables.NAME_LENGTH]
    values = {
        "id_hash": digest(session_id),
        "user_id": user_id,
        "created_at": now,
        "seen_at": now,
        "address": address[: tables.ADDRESS_LENGTH],
        "browser": shown,
    }
    connection.execute(insert(tables.sessions).values(values))


def find(connection: Connection, session_id: str, now: int) -> SessionEntry | None:
    """The session with this id, unless it is over."""
    row = connection.execute(_query.where(_columns.id_hash == digest(session_id), ~_is_over(now))).first()
    return SessionEntry(*row) if row else None


def see(connection: Connection, session: SessionEntry, now: int) -> None:
    """Note that the session is in use."""
    connection.execute(update(tables.sessions).where(_columns.id_hash == session.id_hash).values(seen_at=now))


def end(connection: Connection, id_hash: str, user_id: str) -> bool:
    """End one session of a user; False where it is not theirs, or none."""
    query = delete(tables.sessions).where(_columns.id_hash == id_hash, _columns.user_id == user_id)
    return connection.execute(query).rowcount > 0


def forget(connection: Connection, session_id: str) -> None:
    """End the session with this id, if there is one."""
    connection.execute(delete(tables.sessions).where(_columns.id_hash == digest(session_id)))


def close_all(connection: Connection, user_id: str) -> None:
    """End all sessions of a user."""
    connection.execute(delete(tables.sessions).where(_columns.user_id == user_id))


def of_user(connection: Connection, user_id: str, now: int) -> list[SessionEntry]:
    """The sessions of a user that are not over, last used first."""
    query = _query.where(_columns.user_id == user_id, ~_is_over(now)).order_by(_columns.seen_at.desc())
    return [SessionEntry(*row) for row in connection.execute(query)]


def _is_over(now: int) -> ColumnElement[bool]:
    return or_(_columns.seen_at <= now - IDLE, _columns.created_at <= now - LONGEST)
