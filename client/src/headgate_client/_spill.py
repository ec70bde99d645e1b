"""The shelf that outlives the process: an SQLite file."""

from __future__ import annotations

import ctypes
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from weakref import WeakSet

from headgate_client._batch import Item
from headgate_client._errors import SpillUnusable
from headgate_client._shelf import cut

_APPLICATION_ID = 0x48474353
_SCHEMA_VERSION = 1
#: seconds; another process that is ending may still hold the file
_PATIENCE = 2.0
_open_shelves: WeakSet[SpillShelf] = WeakSet()
_SCHEMA = """
CREATE TABLE spill (event_group_id TEXT NOT NULL);
CREATE TABLE event (
    id INTEGER PRIMARY KEY AUTOINCREMENT, put_at REAL NOT NULL, event_id TEXT NOT NULL, text BLOB NOT NULL
);
CREATE TABLE held (id INTEGER PRIMARY KEY, put_at REAL NOT NULL, event_id TEXT NOT NULL, text BLOB NOT NULL);
"""


class SpillShelf:
    """A shelf in a file, for one event group and one queue at a time.

    What `add` wrote survives the end of the process in any way; a power cut may take the last moments. Raises
    `SpillUnusable`.
    """

    lasting = True

    def __init__(self, path: Path, event_group_id: str) -> None:
        self._path = path
        self._position = 0
        self._taken: set[int] = set()
        self.waiting = self.waiting_bytes = 0
        with self._readable():
            # the digests in it are nobody else's business
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            self._db = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
        try:
            with self._readable():
                self._open(event_group_id)
        except BaseException:
            self._db.close()
            raise
        self.count, self.bytes = self.waiting, self.waiting_bytes
        self._closed = False
        _open_shelves.add(self)

    def _open(self, event_group_id: str) -> None:
        for pragma in ("locking_mode=EXCLUSIVE", "journal_mode=WAL", "synchronous=NORMAL"):
            self._db.execute(f"PRAGMA {pragma}")
        self._db.execute("BEGIN IMMEDIATE")
        (application,) = self._db.execute("PRAGMA application_id").fetchone()
        (tables,) = self._db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if not tables:
            for statement in _SCHEMA.split(";")[:-1]:
                self._db.execute(statement)
            self._db.execute("INSERT INTO spill VALUES (?)", (event_group_id,))
            self._db.execute(f"PRAGMA application_id={_APPLICATION_ID}")
            self._db.execute(f"PRAGMA user_version={_SCHEMA_VERSION}")
        elif application != _APPLICATION_ID:
            raise SpillUnusable(f"{self._path} is a database of something else; name another file")
        (group,) = self._db.execute("SELECT event_group_id FROM spill").fetchone()
        if group != event_group_id:
            raise SpillUnusable(f"{self._path} holds events of the event group {group!r}; use one file an event group")
        self._db.execute("INSERT INTO event SELECT * FROM held")
        self._db.execute("DELETE FROM held")
        self._db.execute("COMMIT")
        self.waiting, self.waiting_bytes, self.last = self._db.execute(
            "SELECT count(*), coalesce(sum(length(text)), 0), coalesce(max(id), -1) FROM event"
        ).fetchone()

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as why:
            if "locked" in str(why):
                raise SpillUnusable(
                    f"{self._path} is held by another queue; give each process a file of its own"
                ) from None
            raise SpillUnusable(f"{self._path} cannot be used: {why}") from None
        except (sqlite3.DatabaseError, OSError) as why:
            raise SpillUnusable(f"{self._path} cannot be used: {why}") from None

    def add(self, item: Item, now: float) -> None:
        """Put one event on the shelf."""
        with self._readable():
            added = self._db.execute(
                "INSERT INTO event (put_at, event_id, text) VALUES (?, ?, ?)", (now, item.event_id, item.text)
            )
        self.last = added.lastrowid or 0
        self.count += 1
        self.bytes += len(item.text)
        self.waiting += 1
        self.waiting_bytes += len(item.text)

    def oldest(self) -> float | None:
        """When the event that is next was added."""
        if not self.waiting:
            return None
        with self._readable():
            rows = self._next(1)
        return float(rows[0][0])

    def take(self, events: int, size: int) -> list[Item]:
        """The next events."""
        if not self.waiting:
            return []
        with self._readable():
            rows = self._next(events)
        items = cut([Item(*row[1:]) for row in rows], size)
        self._position = items[-1].index
        self._taken.update(item.index for item in items)
        self.waiting -= len(items)
        self.waiting_bytes -= _size(items)
        return items

    def _next(self, events: int) -> list[tuple[Any, ...]]:
        """The next rows that are not taken; there is at least one, or nobody would ask."""
        rows = self._rows(events)
        if not rows:
            # once round: what was put back has its turn again
            self._position = 0
            rows = self._rows(events)
        return rows

    def _rows(self, events: int) -> list[tuple[Any, ...]]:
        found = self._db.execute(
            "SELECT put_at, id, event_id, text FROM event WHERE id > ? ORDER BY id LIMIT ?",
            (self._position, events + len(self._taken)),
        )
        return [row for row in found.fetchall() if row[1] not in self._taken][:events]

    def remove(self, items: Sequence[Item]) -> None:
        """Taken events that are done with."""
        self._delete(items, "DELETE FROM event WHERE id = ?")
        self.count -= len(items)
        self.bytes -= _size(items)

    def put_back(self, items: Sequence[Item]) -> None:
        """Taken events that shall be handed out again: they never left the file."""
        self._taken.difference_update(item.index for item in items)
        self.waiting += len(items)
        self.waiting_bytes += _size(items)

    def hold(self, items: Sequence[Item]) -> None:
        """Taken events that shall be handed out by the next shelf on this file."""
        self._delete(items, "INSERT INTO held SELECT * FROM event WHERE id = ?", "DELETE FROM event WHERE id = ?")

    def _delete(self, items: Sequence[Item], *statements: str) -> None:
        ids = [(item.index,) for item in items]
        with self._readable():
            self._db.execute("BEGIN")
            for statement in statements:
                self._db.executemany(statement, ids)
            self._db.execute("COMMIT")
        self._taken.difference_update(item.index for item in items)

    def rest(self) -> list[Item]:
        """Nothing is lost."""
        return []

    def close(self) -> None:
        """Let go of the file."""
        if not self._closed:
            self._closed = True
            _open_shelves.discard(self)
            self._db.close()

    def leave(self) -> None:
        """In the child of a fork: never touch the connection, not even to close it, for it would end the parent's log."""
        self._closed = True
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._db))


def _size(items: Sequence[Item]) -> int:
    return sum(len(item.text) for item in items)


def _leave_all() -> None:
    for shelf in list(_open_shelves):
        shelf.leave()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_all)
