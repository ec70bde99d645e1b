"""The embedded log's reading side: works from another process, while the appenders write."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from headgate.errors import LogCorrupt
from headgate.log import files, frames
from headgate.log.base import Row

#: Files that a reader keeps open.
_OPEN_FILES = 16


class SqliteReader:
    """Reads every partition of the embedded log, in one thread at a time. See `headgate.log.base.Reader`.

    Partitions and files may appear and disappear while it reads. Beside what the seam promises, `LogUnavailable` says
    that a file could not be read just now.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[str, sqlite3.Connection] = {}

    def ends(self) -> Mapping[str, int]:
        """Partition -> offset of its newest durable row (0: it has none)."""
        found = self._listing()
        try:
            return {partition: self._end(of_partition[-1]) for partition, of_partition in found.items()}
        except FileNotFoundError:  # rolled over and released since the listing
            return self.ends()

    def read(self, partition: str, first: int, last: int | None = None, *, limit: int) -> Sequence[Row]:
        """Rows from offset `first` on, up to `last` if given, until their sizes add up to `limit` bytes."""
        if first < 1:
            raise LogCorrupt(f"offsets begin at 1: there is no row {first}")
        of_partition = self._listing().get(partition, [])
        try:
            return list(self._rows(of_partition, first, last, limit))
        except FileNotFoundError:
            return self.read(partition, first, last, limit=limit)

    def release(self, partition: str, last: int) -> None:
        """Delete the closed files whose rows are all at or below `last`."""
        of_partition = self._listing().get(partition, [])
        for file, successor in itertools.pairwise(of_partition):
            if successor.first - 1 > last:
                break
            self._forget(file.path)
            files.delete(file)
        files.sweep(self._folder)

    def close(self) -> None:
        """Let go of what is open."""
        for path in list(self._open):
            self._forget(path)

    def _listing(self) -> dict[str, list[files.LogFile]]:
        try:
            found = files.listing(self._folder)
        except FileNotFoundError:  # no appender has been here yet
            found = {}
        if self._open:
            # a deleted file takes room on disk for as long as somebody has it open
            there = {file.path for of_partition in found.values() for file in of_partition}
            for path in self._open.keys() - there:
                self._forget(path)
        return found

    def _rows(self, of_partition: list[files.LogFile], first: int, last: int | None, limit: int) -> Iterator[Row]:
        if of_partition and first < of_partition[0].first:
            raise LogCorrupt(f"row {first} of {of_partition[0].partition!r} was released and deleted")
        if last is not None and last < first:
            return
        expected = first
        size = 0
        for file, successor in itertools.zip_longest(of_partition, of_partition[1:]):
            if successor is not None and successor.first <= expected:
                continue
            for row in self._rows_of(file, expected, last):
                if row.offset != expected:
                    raise LogCorrupt(f"rows {expected} to {row.offset - 1} of {file.partition!r} are missing")
                yield row
                expected += 1
                size += row.size
                if size >= limit or row.offset == last:
                    return
            if successor is not None and expected < successor.first:
                raise LogCorrupt(f"rows {expected} to {successor.first - 1} of {file.partition!r} are missing")

    def _rows_of(self, file: files.LogFile, first: int, last: int | None) -> Iterator[Row]:
        # LIMIT is no use here: rows are of any size, and SQLite hands them out one by one
        beyond = 2**63 - 1 if last is None else last
        with contextlib.closing(self._connection(file).cursor()) as cursor, _told(file):
            cursor.execute("SELECT * FROM rows WHERE offset BETWEEN ? AND ? ORDER BY offset", (first, beyond))
            for offset, committed_at, frame in cursor:
                try:
                    receipts = frames.decode(frame)
                except LogCorrupt as error:
                    raise LogCorrupt(f"row {offset} of {file.partition!r}: {error}") from error
                yield Row(file.partition, offset, committed_at, receipts, len(frame))

    def _end(self, file: files.LogFile) -> int:
        connection = self._connection(file)
        with _told(file):
            end: tuple[int, int] | None = connection.execute(files.END).fetchone()
        if end is None:
            raise LogCorrupt(f"{Path(file.path).name} does not say where it begins")
        return end[0]

    def _connection(self, file: files.LogFile) -> sqlite3.Connection:
        connection = self._open.get(file.path)
        if connection is None:
            if len(self._open) >= _OPEN_FILES:
                self._forget(next(iter(self._open)))
            with _told(file):
                connection = self._open[file.path] = files.open_to_read(file)
        return connection

    def _forget(self, path: str) -> None:
        if connection := self._open.pop(path, None):
            files.close_quietly(connection)


@contextlib.contextmanager
def _told(file: files.LogFile) -> Iterator[None]:
    """Say a failure in our own words; `FileNotFoundError` if the file was deleted meanwhile."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        if not Path(file.path).exists():
            raise FileNotFoundError(file.path) from error
        raise files.fault(error, Path(file.path).name) from error
