"""How a partition lies on disk: a run of SQLite files, each named for the first offset in it.

`edge-0.00000000000000000001.db` holds offsets from 1 on, up to the first offset of the next file. A file that has a
successor is closed: it is never written again. A file gets its name only once it is complete and durable, so
whoever finds one may trust that its tables are there.
"""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from headgate.errors import HeadgateError, LogCorrupt, LogUnavailable

#: Bytes. 16 KiB pages were as quick as 4 KiB ones for rows of a few hundred bytes and a quarter cheaper for rows of 2 MB.
PAGE_SIZE = 16 * 1024
#: Pages of write-ahead log that are moved into the file at a time: 4 MiB. At 16 MiB the rare slow commit took 60 ms.
CHECKPOINT_PAGES = 256
#: Milliseconds that a checkpoint waits for somebody who is reading.
BUSY_TIMEOUT = 500

SCHEMA = """
CREATE TABLE rows (offset INTEGER PRIMARY KEY, committed_at INTEGER NOT NULL, frame BLOB NOT NULL) STRICT;
CREATE TABLE start (first INTEGER NOT NULL, committed_at INTEGER NOT NULL, probed_at INTEGER NOT NULL) STRICT;
"""
END = """
SELECT coalesce((SELECT max(offset) FROM rows), first - 1),
       coalesce((SELECT committed_at FROM rows ORDER BY offset DESC LIMIT 1), committed_at)
FROM start
"""

_NAME = re.compile(r"(?P<partition>[A-Za-z0-9_-]+)\.(?P<first>[0-9]{20})\.db")
_SIDECAR = re.compile(r"(?P<file>.+\.db)-(?:wal|shm)")


class LogFile(NamedTuple):
    """One file of a partition."""

    path: str
    partition: str
    #: the first offset that it holds or will hold
    first: int


def file_of(folder: Path, partition: str, first: int) -> LogFile:
    """Name the file of a partition that begins at offset `first`."""
    name = f"{partition}.{first:020d}.db"
    if not _NAME.fullmatch(name):
        raise ValueError(f"a partition's name is letters, digits, '-' and '_', not {partition!r}")
    return LogFile(f"{folder}/{name}", partition, first)


def listing(folder: Path) -> dict[str, list[LogFile]]:
    """Partition -> its files, oldest first."""
    found: dict[str, list[LogFile]] = {}
    for name in sorted(os.listdir(folder)):  # noqa: PTH208 (read many times a second: names are all we need)
        if match := _NAME.fullmatch(name):
            file = LogFile(f"{folder}/{name}", match["partition"], int(match["first"]))
            found.setdefault(file.partition, []).append(file)
    return found


def size_of(file: LogFile) -> int:
    """Bytes that a file and its write-ahead log take on disk; 0 if it was deleted."""
    size = 0
    for path in (file.path, file.path + "-wal"):
        with contextlib.suppress(FileNotFoundError):
            size += os.stat(path).st_size  # noqa: PTH116 (once a commit: no Path object for it)
    return size


def create(file: LogFile, committed_at: int) -> None:
    """Make a file whose rows are committed at `committed_at` (microseconds) or later. Durable on return."""
    draft = Path(file.path + ".new")
    for path in (draft, Path(f"{draft}-wal"), Path(f"{draft}-shm"), Path(f"{draft}-journal")):
        path.unlink(missing_ok=True)
    connection = sqlite3.connect(draft, isolation_level=None)
    try:
        connection.execute(f"PRAGMA page_size={PAGE_SIZE}")
        connection.execute("PRAGMA synchronous=FULL")
        connection.executescript(f"BEGIN; {SCHEMA} COMMIT;")
        connection.execute("INSERT INTO start VALUES (?, ?, 0)", (file.first, committed_at))
        connection.execute("PRAGMA journal_mode=WAL")
    finally:
        connection.close()
    sync(draft)
    draft.rename(file.path)
    sync(draft.parent)


def open_to_write(path: str | Path) -> sqlite3.Connection:
    """Open a SQLite file whose commits are durable, having made durable whatever it holds already.

    The checkpoint is more than tidiness. After a failed fsync the system may believe pages to be on disk that are not,
    and a later commit behind such a hole would be lost with it in a power cut. Moving everything from the write-ahead
    log into the file, under a fsync of its own, leaves no hole to build on.
    """
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT / 1000, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA fullfsync=ON")
        connection.execute("PRAGMA checkpoint_fullfsync=ON")
        connection.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
        connection.execute(f"PRAGMA journal_size_limit={CHECKPOINT_PAGES * PAGE_SIZE}")
        _checkpoint(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _checkpoint(connection: sqlite3.Connection) -> None:
    busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise sqlite3.OperationalError("somebody else holds the write-ahead log")


def open_to_read(file: LogFile) -> sqlite3.Connection:
    """Open a file that somebody else may be writing. What is visible from here on is durable.

    The first statement may recover a write-ahead log whose writer died between a write and its fsync; what it found
    must not be acted upon before it is on disk.
    """
    connection = sqlite3.connect(
        f"file:{quote(file.path)}?mode=ro", uri=True, timeout=5, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute(END).fetchone()
        with contextlib.suppress(FileNotFoundError):
            sync(Path(file.path + "-wal"))
    except BaseException:
        connection.close()
        raise
    return connection


def close_quietly(connection: sqlite3.Connection) -> None:
    """Let go of a connection that may be beyond closing properly."""
    with contextlib.suppress(sqlite3.Error):
        connection.close()


def delete(file: LogFile) -> None:
    """Delete a file; first the file itself, so that nobody meets it without its write-ahead log."""
    for path in (file.path, file.path + "-wal", file.path + "-shm"):
        Path(path).unlink(missing_ok=True)


def sweep(folder: Path) -> None:
    """Delete what a reader of a deleted file, or a crash while deleting, left lying about."""
    for entry in folder.iterdir():
        match = _SIDECAR.fullmatch(entry.name)
        # asked after the listing: a write-ahead log never exists before its file
        if match and _NAME.fullmatch(match["file"]) and not (folder / match["file"]).exists():
            entry.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Make a file's content, or a folder's names, durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def fault(error: Exception, what: str) -> HeadgateError:
    """Say a failure in our own words: `LogCorrupt` where trying again cannot help, else `LogUnavailable`."""
    if isinstance(error, HeadgateError):
        return error
    # "no such table" and the like are an SQLITE_ERROR: the file is no file of ours
    damaged = isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError)
    if damaged or getattr(error, "sqlite_errorname", "") == "SQLITE_ERROR":
        return LogCorrupt(f"{what}: {error}. The file is damaged: stop the server, and put it back as it was")
    return LogUnavailable(f"{what}: {error}")
