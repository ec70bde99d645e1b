"""A core does not go on over log, journal, archive and store that tell different stories."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import msgspec
import pytest

from headgate.errors import CoreStopped, LogCorrupt, StoreUnavailable
from headgate.log.base import Reader
from headgate.log.journal import Journal
from headgate.log.memory import MemoryLog
from headgate.log.sqlite import SqliteAppender
from headgate.log.sqlite_reader import SqliteReader
from headgate.store.base import Store
from headgate.store.clickhouse import ClickHouseStore
from headgate.store.memory import MemoryStore
from headgate.stream.worker import Limits, Worker
from headgate_contract.event import Receipt, Rejection

NOW = 1_763_900_000
MICROSECONDS = 1_000_000


def receipt(name: str, *, test: bool = False) -> Receipt:
    line = msgspec.json.encode({"event_name": "LEAD", "event_time": NOW, "event_id": name})
    return Receipt(
        request_id=name, received_at=NOW * MICROSECONDS, event_group_id="g", account_id="a", key_id="k", test=test,
        received=1, accepted=0 if test else 1, events=b"" if test else line,
        rejections=[Rejection(index=0, errors={}, event="{}", event_id=name)] if test else [],
    )  # fmt: skip


def logged(rows: int, *, test: bool = False) -> MemoryLog:
    async def append() -> MemoryLog:
        ticks = count(NOW * MICROSECONDS)
        log = MemoryLog(clock=lambda: next(ticks))
        appenders = [log.appender("edge-0"), log.appender("edge-1")]
        for place in range(rows):
            await appenders[place % 2].append(receipt(f"id {place}", test=test))
        return log

    return asyncio.run(append())


def worker(reader: Reader, journal: Journal, store: Store, folder: Path) -> Worker:
    """Takes a row a block."""
    return Worker(reader, journal, store, lambda: NOW * MICROSECONDS, folder / "archive", Limits(records=1))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "journal.db")
    yield journal
    journal.close()


@pytest.fixture(params=["memory", "clickhouse"])
def store(request: pytest.FixtureRequest) -> Store:
    if request.param == "memory":
        return MemoryStore()
    store: ClickHouseStore = request.getfixturevalue("clickhouse")
    return store


@pytest.fixture
def log(tmp_path: Path, journal: Journal, store: Store) -> MemoryLog:
    """A log of ten rows, each of them a block that is loaded."""
    log = logged(10)
    worker(log.reader(), journal, store, tmp_path).drain()
    assert journal.last_seq() == 10
    return log


def test_parts_that_agree_are_taken_up_again(tmp_path: Path, log: MemoryLog, journal: Journal, store: Store) -> None:
    assert worker(log.reader(), journal, store, tmp_path).drain() == 0


def test_a_log_that_was_deleted_is_told_by_partition_and_row(
    tmp_path: Path, log: MemoryLog, journal: Journal, store: Store
) -> None:
    del log.partitions["edge-1"]
    with pytest.raises(LogCorrupt, match=r"'edge-1' of the log ends at row 0, but rows up to 5 were taken"):
        worker(log.reader(), journal, store, tmp_path).run_once()
    assert journal.pending() is None


def test_a_log_that_was_replaced_is_told(tmp_path: Path, log: MemoryLog, journal: Journal, store: Store) -> None:
    assert log.partitions
    with pytest.raises(LogCorrupt, match="'edge-0' of the log ends at row 2, but rows up to 5 were taken"):
        worker(logged(4).reader(), journal, store, tmp_path).run_once()


def test_a_log_whose_files_were_deleted_is_told(tmp_path: Path, journal: Journal) -> None:
    async def append() -> None:
        appender = SqliteAppender(tmp_path / "log", "edge-0", clock=lambda: NOW * MICROSECONDS, byte_cap=1 << 30)
        for place in range(3):
            await appender.append(receipt(f"id {place}"))
        await appender.close()

    asyncio.run(append())
    reader, store = SqliteReader(tmp_path / "log"), MemoryStore()
    worker(reader, journal, store, tmp_path).drain()
    reader.close()
    shutil.rmtree(tmp_path / "log")
    with pytest.raises(LogCorrupt, match="'edge-0' of the log ends at row 0, but rows up to 3 were taken"):
        worker(SqliteReader(tmp_path / "log"), journal, store, tmp_path).run_once()


def test_a_log_that_lacks_what_comes_next_is_told(tmp_path: Path, journal: Journal) -> None:
    log = logged(10)
    log.reader().release("edge-0", 3)
    with pytest.raises(LogCorrupt, match="what comes next cannot be read: row 1 of 'edge-0' was released"):
        worker(log.reader(), journal, MemoryStore(), tmp_path).run_once()


def test_a_store_that_is_ahead_of_the_journal_is_told(
    tmp_path: Path, log: MemoryLog, journal: Journal, store: Store
) -> None:
    assert journal.last_seq() == 10
    other = Journal(tmp_path / "other.db")
    with pytest.raises(
        LogCorrupt, match=r"store holds blocks up to 10, but the journal ends at block 0: log/journal\.db"
    ):
        worker(log.reader(), other, store, tmp_path).run_once()
    assert other.pending() is None
    other.close()


def test_a_block_that_was_loaded_in_part_counts_too(
    tmp_path: Path, log: MemoryLog, journal: Journal, store: Store
) -> None:
    store.load("dead_letters", [b'{"block":11,"row":0}'], "dead_letters:11")
    with pytest.raises(LogCorrupt, match="store holds blocks up to 11"):
        worker(log.reader(), journal, store, tmp_path).run_once()


def test_an_archive_that_is_ahead_of_the_journal_is_told(tmp_path: Path, journal: Journal) -> None:
    log, store = logged(10), MemoryStore()
    one = worker(log.reader(), journal, store, tmp_path)
    one.drain()
    one.archive()
    other = Journal(tmp_path / "other.db")
    with pytest.raises(LogCorrupt, match="archive holds blocks up to 10, but the journal ends at block 0"):
        worker(log.reader(), other, MemoryStore(), tmp_path).run_once()
    other.close()


def test_a_store_that_was_wiped_is_told(
    tmp_path: Path,
    log: MemoryLog,
    journal: Journal,
    open_database: Callable[..., ClickHouseStore],
    database_names: Iterator[str],
) -> None:
    wiped = open_database(next(database_names))
    wiped.migrate()
    for empty in (MemoryStore(), wiped):
        with pytest.raises(CoreStopped, match=r"holds 0 of the 10 blocks that were loaded.*run `headgate rebuild`"):
            worker(log.reader(), journal, empty, tmp_path).run_once()
        assert empty.newest_block() == 0


@pytest.mark.parametrize("gone", [{10}, {4}, {8, 9, 10}], ids=["older copy", "hole", "much older copy"])
def test_a_store_that_lacks_loaded_blocks_is_told(tmp_path: Path, journal: Journal, gone: set[int]) -> None:
    log, store = logged(10), MemoryStore()
    worker(log.reader(), journal, store, tmp_path).drain()
    for table, rows in store.tables.items():
        store.tables[table] = [row for row in rows if row["block"] not in gone]
    with pytest.raises(CoreStopped, match=f"holds {10 - len(gone)} of the 10 blocks"):
        worker(log.reader(), journal, store, tmp_path).run_once()


def test_a_planned_block_may_be_in_the_store_or_not(tmp_path: Path, journal: Journal) -> None:
    log, store = logged(10), MemoryStore()
    one = worker(log.reader(), journal, store, tmp_path)
    one.run_once()
    store.failures = 1
    with pytest.raises(StoreUnavailable):
        one.run_once()
    assert journal.pending() is not None
    worker(log.reader(), journal, store, tmp_path).drain()
    assert store.whole_blocks(10) == 10


def test_blocks_of_tests_alone_are_known_after_the_tests_are_deleted(
    tmp_path: Path, journal: Journal, store: Store
) -> None:
    log = logged(4, test=True)
    worker(log.reader(), journal, store, tmp_path).drain()
    if isinstance(store, ClickHouseStore):
        # they are older than a day, and go with the next merge of their parts
        store._command("OPTIMIZE TABLE test_events FINAL")
        assert store._command("SELECT count() FROM test_events") == 0
        assert store.query("reconcile", {"event_group_id": "", "since": 0}) == []
    assert worker(log.reader(), journal, store, tmp_path).drain() == 0


class Away(MemoryStore):
    away = True

    def newest_block(self) -> int:
        if self.away:
            raise StoreUnavailable
        return super().newest_block()


def test_a_start_that_could_not_ask_is_tried_again(tmp_path: Path, journal: Journal) -> None:
    store = Away()
    one = worker(logged(3).reader(), journal, store, tmp_path)
    with pytest.raises(StoreUnavailable):
        one.run_once()
    store.away = False
    assert one.drain() == 3
