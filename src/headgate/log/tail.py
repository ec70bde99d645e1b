"""The newest file of a partition: where rows are written."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from pathlib import Path

from headgate.errors import AlreadyRunning, LogCorrupt
from headgate.log import files


def lock(folder: Path, partition: str) -> int:
    """Hold a partition for writing. Returns the handle to close when done; raises `AlreadyRunning` if it is held."""
    handle = os.open(folder / f"{partition}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise AlreadyRunning(f"another process writes partition {partition!r} of the log") from None
    except BaseException:
        os.close(handle)
        raise
    return handle


class Tail:
    """Writes rows to the newest file of a partition and rolls over to the next. One thread at a time.

    Any method may raise `sqlite3.Error` or `OSError`. After that, `abandon` and go on: the next call opens the file
    again and takes the number of the last row from disk, since a commit that failed may or may not be there.
    """

    def __init__(self, folder: Path, partition: str, roll_bytes: int) -> None:
        self._folder = folder
        self._roll_bytes = roll_bytes
        self._file = files.file_of(folder, partition, 1)
        self._connection: sqlite3.Connection | None = None
        self._last = 0
        self._committed_at = 0
        #: bytes that the partition's closed files take
        self._closed = 0
        #: bytes that all of the partition's files take, as last measured
        self.size = 0

    def open(self) -> sqlite3.Connection:
        """Open the newest file, making the first one if there is none. Nothing to do when it is open."""
        if self._connection is not None:
            return self._connection
        found = files.listing(self._folder).get(self._file.partition)
        if not found:
            files.create(self._file, 0)
        connection = self._open(found[-1] if found else self._file)
        self.measure()
        return connection

    def write(self, frame: bytes, now: int) -> None:
        """Add a row, committed at `now` (microseconds) or when the row before it was. Durable on return."""
        connection = self.open()
        committed_at = max(self._committed_at, now)
        connection.execute("INSERT INTO rows VALUES (?, ?, ?)", (self._last + 1, committed_at, frame))
        self._last += 1
        self._committed_at = committed_at
        self.size = self._closed + files.size_of(self._file)

    def probe(self, now: int) -> None:
        """Find out whether a commit would succeed, by making one that changes no row."""
        self.open().execute("UPDATE start SET probed_at = ?", (now,))

    def measure(self) -> None:
        """Bring `size` up to date with what was deleted."""
        found = files.listing(self._folder).get(self._file.partition, [])
        self._closed = sum(files.size_of(file) for file in found if file.first < self._file.first)
        self.size = self._closed + files.size_of(self._file)

    def roll(self) -> None:
        """Begin the next file if this one is full. A file without rows is never full."""
        full = files.size_of(self._file) >= self._roll_bytes
        if self._connection is None or not full or self._last < self._file.first:
            return
        # a reader at work may keep this from finishing: then the write-ahead log stays beside the file, complete
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.close()
        following = files.file_of(self._folder, self._file.partition, self._last + 1)
        files.create(following, self._committed_at)
        self._open(following)
        self.measure()

    def close(self) -> None:
        """Close the file."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def abandon(self) -> None:
        """Let go of a file that failed."""
        connection, self._connection = self._connection, None
        if connection is not None:
            files.close_quietly(connection)

    def _open(self, file: files.LogFile) -> sqlite3.Connection:
        connection = files.open_to_write(file.path)
        try:
            self._last, self._committed_at = _end(connection, file)
        except BaseException:
            files.close_quietly(connection)
            raise
        self._file = file
        self._connection = connection
        return connection


def _end(connection: sqlite3.Connection, file: files.LogFile) -> tuple[int, int]:
    end: tuple[int, int] | None = connection.execute(files.END).fetchone()
    if end is None or end[0] < file.first - 1:
        raise LogCorrupt(f"{Path(file.path).name} does not hold what its name says")
    return end
