"""The journal of blocks: which stretch of the log the core takes in one go, written down before it does.

A block is planned, then loaded, then archived. What a block holds is fixed from the moment it is planned, so a core that
crashed half way loads the very same rows under the same number, and the store knows that it has them.

What is archived is forgotten here, but for the newest block, which goes on with the numbers: the archive says the same.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from headgate.errors import LogCorrupt
from headgate.log import files
from headgate.log.base import Stretch

#: Blocks fetched at a time.
_PAGE = 500
_FORMAT = 1

_SCHEMA = f"""
BEGIN;
CREATE TABLE blocks (
    seq INTEGER PRIMARY KEY,
    planned_at INTEGER NOT NULL,
    loaded_at INTEGER,
    archive TEXT
) STRICT;
CREATE INDEX unarchived ON blocks (seq) WHERE archive IS NULL;
CREATE TABLE stretches (
    seq INTEGER NOT NULL REFERENCES blocks,
    partition TEXT NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (seq, partition)
) STRICT, WITHOUT ROWID;
CREATE TABLE positions (partition TEXT PRIMARY KEY, last INTEGER NOT NULL) STRICT, WITHOUT ROWID;
PRAGMA user_version = {_FORMAT};
COMMIT;
"""
#: the first row that is planned and not archived bounds what is
_KEPT_ELSEWHERE = """
SELECT positions.partition, coalesce(min(waiting.first) - 1, positions.last)
FROM positions
LEFT JOIN (SELECT partition, first FROM stretches JOIN blocks USING (seq) WHERE archive IS NULL) AS waiting
    USING (partition)
GROUP BY positions.partition
"""
_NOT_LOADED = "loaded_at IS NULL AND archive IS NULL"


class Block(Struct, frozen=True):
    """A stretch of the log that the core takes in one go."""

    #: from 1, without a gap
    seq: int
    #: at most one of each partition, by the partition's name
    stretches: tuple[Stretch, ...]
    #: microseconds since 1970, UTC
    planned_at: int
    #: the same; None until the store holds all of it durably
    loaded_at: int | None = None
    #: name of the archive file that holds its rows
    archive: str | None = None


class Journal:
    """The blocks, in a SQLite file of their own. Every write is durable on return; any thread may call.

    Times are microseconds since 1970. Raises `LogUnavailable` when the file cannot be read or written now (what was
    being written may or may not be there: ask `pending`) and `LogCorrupt` when it is damaged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        with self._transaction():
            pass

    def plan(self, stretches: Sequence[Stretch], now: int) -> Block:
        """Fix the content of the next block.

        Each stretch begins right behind the last one planned of its partition. Raises `ValueError` when one does not,
        when there is none, and while another block is pending.
        """
        with self._transaction() as connection:
            if pending := _some(connection, _NOT_LOADED):
                raise ValueError(f"block {pending[0].seq} is not loaded yet")
            _check(stretches, _positions(connection))
            block = Block(_last_seq(connection) + 1, tuple(sorted(stretches)), now)
            _insert(connection, block)
            return block

    def pending(self) -> Block | None:
        """Give the block that is planned and not loaded, if there is one."""
        with self._transaction() as connection:
            return next(iter(_some(connection, _NOT_LOADED)), None)

    def loaded(self, seq: int, now: int) -> None:
        """Note that the store holds a block durably. Raises `ValueError` unless it is the pending one."""
        with self._transaction() as connection:
            change = connection.execute(
                f"UPDATE blocks SET loaded_at = ? WHERE seq = ? AND {_NOT_LOADED}",  # noqa: S608 (a constant)
                (now, seq),
            )
            if not change.rowcount:
                raise ValueError(f"block {seq} is not pending")

    def positions(self) -> dict[str, int]:
        """Partition -> the last offset that was planned."""
        with self._transaction() as connection:
            return _positions(connection)

    def last_seq(self) -> int:
        """The number of the newest block, 0 before the first."""
        with self._transaction() as connection:
            return _last_seq(connection)

    def unarchived(self, limit: int = -1) -> list[Block]:
        """Blocks that are loaded and in no archive, oldest first; `limit` of them, or all."""
        with self._transaction() as connection:
            return _some(connection, "archive IS NULL AND loaded_at IS NOT NULL ORDER BY seq LIMIT ?", limit)

    def newest(self, limit: int) -> list[Block]:
        """The newest blocks that are loaded, as far as they are remembered, newest first."""
        with self._transaction() as connection:
            return _some(connection, "loaded_at IS NOT NULL ORDER BY seq DESC LIMIT ?", limit)

    def kept_elsewhere(self) -> dict[str, int]:
        """Partition -> the last offset up to which all rows are in an archive."""
        with self._transaction() as connection:
            return dict(connection.execute(_KEPT_ELSEWHERE))

    def archived(self, seqs: Iterable[int], file: str) -> None:
        """Note that these blocks are durable in the archive `file`, and forget what need not be remembered.

        Raises `ValueError` for one that is not loaded.
        """
        with self._transaction() as connection:
            for seq in seqs:
                change = connection.execute(
                    "UPDATE blocks SET archive = ? WHERE seq = ? AND loaded_at IS NOT NULL", (file, seq)
                )
                if not change.rowcount:
                    raise ValueError(f"block {seq} is not loaded")
            _forget(connection)

    def adopt(self, block: Block) -> None:
        """Learn from its archive of a block that is not remembered as archived: this journal was lost, or is a copy.

        Raises `LogCorrupt` when the block does not fit what is known.
        """
        with self._transaction() as connection:
            if block.seq == _last_seq(connection) + 1 and not _some(connection, _NOT_LOADED):
                try:
                    _check(block.stretches, _positions(connection))
                except ValueError as error:
                    raise LogCorrupt(
                        f"block {block.seq} of {block.archive} does not fit the journal: {error}"
                    ) from None
                _insert(connection, block)
            elif [known.stretches for known in _some(connection, "seq = ?", block.seq)] != [block.stretches]:
                raise LogCorrupt(f"block {block.seq} of {block.archive} is not the one that the journal knows")
            connection.execute(
                "UPDATE blocks SET loaded_at = coalesce(loaded_at, ?), archive = ? WHERE seq = ?",
                (block.loaded_at, block.archive, block.seq),
            )
            _forget(connection)

    def blocks(self, after_seq: int = 0) -> Iterator[Block]:
        """Every block behind `after_seq` that is remembered, in order; those planned while this runs as well."""
        while True:
            with self._transaction() as connection:
                page = _some(connection, f"seq > ? ORDER BY seq LIMIT {_PAGE}", after_seq)
            if not page:
                return
            yield from page
            after_seq = page[-1].seq

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._abandon()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                connection = self._connection or self._open()
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield connection
                except BaseException:
                    connection.execute("ROLLBACK")
                    raise
                connection.execute("COMMIT")
            except (sqlite3.Error, OSError) as error:
                self._abandon()
                raise files.fault(error, "the journal of blocks") from error

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        connection = files.open_to_write(self._path)
        try:
            _migrate(connection)
            files.sync(self._path.parent)
        except BaseException:
            files.close_quietly(connection)
            raise
        self._connection = connection
        return connection

    def _abandon(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            files.close_quietly(connection)


def _migrate(connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == 0:
        connection.executescript(_SCHEMA)
    elif version != _FORMAT:
        raise LogCorrupt(f"the journal of blocks has format {version}, this version reads format {_FORMAT}")


def _check(stretches: Sequence[Stretch], positions: dict[str, int]) -> None:
    if not stretches:
        raise ValueError("a block needs a stretch")
    for stretch in stretches:
        if stretch.first != positions.get(stretch.partition, 0) + 1 or stretch.last < stretch.first:
            raise ValueError(f"{stretch} does not follow what was planned before")
        positions[stretch.partition] = stretch.last
    if len({stretch.partition for stretch in stretches}) < len(stretches):
        raise ValueError("a block takes one stretch of a partition")


def _insert(connection: sqlite3.Connection, block: Block) -> None:
    connection.execute("INSERT INTO blocks (seq, planned_at) VALUES (?, ?)", (block.seq, block.planned_at))
    connection.executemany(
        "INSERT INTO stretches VALUES (?, ?, ?, ?)", [(block.seq, *stretch) for stretch in block.stretches]
    )
    connection.executemany(
        "INSERT INTO positions VALUES (?, ?) ON CONFLICT (partition) DO UPDATE SET last = excluded.last",
        [(stretch.partition, stretch.last) for stretch in block.stretches],
    )


def _last_seq(connection: sqlite3.Connection) -> int:
    (seq,) = connection.execute("SELECT coalesce(max(seq), 0) FROM blocks").fetchone()
    return int(seq)


def _forget(connection: sqlite3.Connection) -> None:
    gone = "archive IS NOT NULL AND seq < (SELECT max(seq) FROM blocks)"
    connection.execute(f"DELETE FROM stretches WHERE seq IN (SELECT seq FROM blocks WHERE {gone})")  # noqa: S608 (a constant)
    connection.execute(f"DELETE FROM blocks WHERE {gone}")  # noqa: S608 (a constant)


def _positions(connection: sqlite3.Connection) -> dict[str, int]:
    return dict(connection.execute("SELECT partition, last FROM positions ORDER BY partition"))


def _some(connection: sqlite3.Connection, condition: str, *parameters: int) -> list[Block]:
    found = connection.execute(
        f"SELECT seq, planned_at, loaded_at, archive FROM blocks WHERE {condition}",  # noqa: S608 (constants of ours)
        parameters,
    ).fetchall()
    return [
        Block(seq, tuple(_stretches(connection, seq)), planned_at, loaded_at, archive)
        for seq, planned_at, loaded_at, archive in found
    ]


def _stretches(connection: sqlite3.Connection, seq: int) -> Iterator[Stretch]:
    for row in connection.execute(
        "SELECT partition, first, last FROM stretches WHERE seq = ? ORDER BY partition", (seq,)
    ):
        yield Stretch(*row)
