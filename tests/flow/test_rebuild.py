"""The store made again from archive and log equals the first one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from headgate.errors import HeadgateError, LogCorrupt
from headgate.log import archive
from headgate.log.base import Reader, Stretch
from headgate.log.journal import Journal
from headgate.log.sqlite import SqliteAppender
from headgate.log.sqlite_reader import SqliteReader
from headgate.processes.rebuild import rebuild_store
from headgate.settings import Settings
from headgate.store.clickhouse import ClickHouseStore
from headgate.stream.block import Taken
from headgate.stream.rebuild import rebuild
from headgate.stream.worker import Limits, Worker
from headgate_contract.event import Receipt, Rejection

#: rejections of the past would be deleted while the test looks at them
NOW = 4_000_000_000
MICROSECONDS = 1_000_000
TABLES = ("conversions", "dead_letters", "rejections", "test_events", "tallies")
#: what the store adds up by itself
SUMS = ("quarter_hours", "key_sets")
NewStore = Callable[[], ClickHouseStore]


class Parts(NamedTuple):
    reader: Reader
    journal: Journal
    folder: Path
    store: ClickHouseStore
    worker: Worker


@pytest.fixture
def new_store(open_database: Callable[[str], ClickHouseStore], database_names: Iterator[str]) -> NewStore:
    def new() -> ClickHouseStore:
        store = open_database(next(database_names))
        store.migrate()
        return store

    return new


@pytest.fixture
def parts(tmp_path: Path, new_store: NewStore) -> Iterator[Parts]:
    """A log of two partitions in which the same event comes by turns to one and the other, all of it loaded."""
    ticks = count(NOW * MICROSECONDS)
    asyncio.run(_append(tmp_path / "log", lambda: next(ticks)))
    reader, journal, store = SqliteReader(tmp_path / "log"), Journal(tmp_path / "journal.db"), new_store()
    worker = Worker(reader, journal, store, lambda: next(ticks), tmp_path / "archive", Limits(records=9, memory_keys=8))
    for _ in range(4):
        worker.run_once()
    worker.archive()
    for _ in range(3):
        worker.run_once()
    worker.archive()
    worker.drain()
    yield Parts(reader, journal, tmp_path / "archive", store, worker)
    reader.close()
    journal.close()


async def _append(folder: Path, clock: Callable[[], int]) -> None:
    appenders = [
        SqliteAppender(folder, f"edge-{number}", clock=clock, byte_cap=1 << 30, roll_bytes=16 * 1024)
        for number in range(2)
    ]
    for place in range(60):
        # each id comes three times: near, and then past the window of the first but not of the second
        lines = [
            _event(f"id {(place + step) % 40}", NOW + place * 15, custom_data={"value": place}) for step in range(3)
        ]
        bad = [Rejection(index=9, errors={"a": "b"}, event="{}", event_id=f"bad {place}")]
        lines += [b'{"event_name":"LEAD"}'] if place % 20 == 7 else []
        await appenders[place % 2].append(_receipt(place, lines, bad if place % 3 == 0 else []))
    for appender in appenders:
        await appender.close()


def _event(event_id: str, time: int, **more: Any) -> bytes:
    return msgspec.json.encode({"event_name": "LEAD", "event_time": time, "event_id": event_id, **more})


def _receipt(place: int, lines: list[bytes], rejections: list[Rejection]) -> Receipt:
    test = place % 30 == 6
    return Receipt(
        request_id=f"request {place}", received_at=NOW * MICROSECONDS, event_group_id=f"g{place % 2}", account_id="a",
        key_id="k", test=test, received=len(lines) + len(rejections), accepted=len(lines), events=b"\n".join(lines),
        rejections=rejections,
    )  # fmt: skip


def contents(store: ClickHouseStore) -> dict[str, Any]:
    tables = {table: store._loading.query(f"SELECT * FROM {table} ORDER BY ALL").result_rows for table in TABLES}
    # what is added up is merged in the engine's own time: FINAL shows it as if it were
    summed = {table: store._loading.query(f"SELECT * FROM {table} FINAL ORDER BY ALL").result_rows for table in SUMS}
    return tables | summed | {"sampled_ids": store._loading.query("SELECT * FROM sampled_ids ORDER BY ALL").result_rows}


def test_the_rebuilt_store_equals_the_first(parts: Parts, new_store: NewStore) -> None:
    told: list[Taken] = []
    again = new_store()
    count_of_blocks = rebuild(parts.folder, parts.journal, parts.reader, again, told.append, memory_keys=8)
    assert contents(again) == contents(parts.store)
    assert count_of_blocks == len(told) == parts.journal.last_seq()
    statuses = again._loading.query("SELECT status, count() FROM conversions GROUP BY status ORDER BY status")
    assert [status for status, _ in statuses.result_rows] == ["kept", "duplicate"]
    assert all(contents(again).values())


def test_how_much_is_remembered_makes_no_difference(parts: Parts, new_store: NewStore) -> None:
    again = new_store()
    rebuild(parts.folder, parts.journal, parts.reader, again, lambda _: None, memory_keys=1_000_000)
    assert contents(again) == contents(parts.store)


def test_a_rebuild_that_was_interrupted_can_be_run_again(parts: Parts, new_store: NewStore) -> None:
    def stop(taken: Taken) -> None:
        if taken.seq == 5:
            raise KeyboardInterrupt

    again = new_store()
    with pytest.raises(KeyboardInterrupt):
        rebuild(parts.folder, parts.journal, parts.reader, again, stop)
    rebuild(parts.folder, parts.journal, parts.reader, again, lambda _: None)
    assert contents(again) == contents(parts.store)


def test_a_block_that_is_only_planned_is_left_to_the_worker(parts: Parts, new_store: NewStore, tmp_path: Path) -> None:
    async def append() -> None:
        appender = SqliteAppender(tmp_path / "log", "edge-2", clock=lambda: NOW * MICROSECONDS, byte_cap=1 << 30)
        await appender.append(_receipt(1, [_event("id 1", NOW)], []))
        await appender.close()

    asyncio.run(append())
    store, pending = new_store(), parts.journal.plan([Stretch("edge-2", 1, 1)], NOW * MICROSECONDS)
    rebuild(parts.folder, parts.journal, parts.reader, store, lambda _: None)
    assert contents(store) == contents(parts.store)
    assert parts.journal.pending() == pending


def test_a_lost_archive_file_is_told_and_not_passed_over(parts: Parts, new_store: NewStore) -> None:
    first, second = sorted(parts.folder.glob("*.zst"))
    second.rename(second.with_suffix(".away"))
    with pytest.raises(LogCorrupt, match="should be in"):
        rebuild(parts.folder, parts.journal, parts.reader, new_store(), lambda _: None)
    second.with_suffix(".away").rename(second)
    first.unlink()
    with pytest.raises(LogCorrupt, match="block 1 is missing"):
        rebuild(parts.folder, parts.journal, parts.reader, new_store(), lambda _: None)


def test_a_lost_archive_file_is_told_even_where_the_journal_has_only_a_planned_block(
    parts: Parts, new_store: NewStore
) -> None:
    parts.worker.archive()
    last = parts.journal.last_seq()
    parts.journal.plan([Stretch("edge-2", 1, 1)], NOW * MICROSECONDS)
    assert [block.seq for block in parts.journal.blocks()] == [last, last + 1]
    parts.journal.archived([last], "the last.zst")
    assert [block.seq for block in parts.journal.blocks()] == [last + 1]
    max(parts.folder.glob("*.zst")).unlink()
    with pytest.raises(LogCorrupt, match="is missing"):
        rebuild(parts.folder, parts.journal, parts.reader, new_store(), lambda _: None)


def outcome(store: ClickHouseStore) -> list[Any]:
    """What became of each event, wherever blocks end."""
    query = "SELECT request_id, event_id, status FROM conversions ORDER BY ALL"
    return list(store._loading.query(query).result_rows)


def test_a_rebuild_mends_a_journal_that_was_lost(parts: Parts, new_store: NewStore, tmp_path: Path) -> None:
    fresh, again = Journal(tmp_path / "fresh.db"), new_store()
    archived = archive.newest(parts.folder)
    assert 0 < archived < parts.journal.last_seq()
    assert rebuild(parts.folder, fresh, parts.reader, again, lambda _: None) == archived
    assert (fresh.last_seq(), fresh.pending(), fresh.unarchived()) == (archived, None, [])
    assert fresh.kept_elsewhere() == parts.journal.kept_elsewhere()
    Worker(parts.reader, fresh, again, lambda: NOW * MICROSECONDS, parts.folder, Limits(records=11)).drain()
    assert fresh.positions() == parts.journal.positions()
    assert outcome(again) == outcome(parts.store)
    fresh.close()


@pytest.mark.parametrize("known", [2, 5], ids=["before the archive's end", "with a planned block that it holds"])
def test_a_rebuild_mends_a_journal_from_a_backup(parts: Parts, new_store: NewStore, tmp_path: Path, known: int) -> None:
    older, again = Journal(tmp_path / "older.db"), new_store()
    stretches = [block.stretches for path in sorted(parts.folder.glob("*.zst")) for block, _ in archive.read(path)]
    for seq, of_block in enumerate(stretches[:known], start=1):
        older.plan(of_block, NOW)
        if seq < 5:
            older.loaded(seq, NOW)
    rebuild(parts.folder, older, parts.reader, again, lambda _: None)
    assert (older.pending(), older.unarchived(), older.last_seq()) == (None, [], len(stretches))
    assert older.kept_elsewhere() == parts.journal.kept_elsewhere()
    Worker(parts.reader, older, again, lambda: NOW * MICROSECONDS, parts.folder, Limits()).drain()
    assert outcome(again) == outcome(parts.store)
    older.close()


def test_a_journal_learns_nothing_from_a_damaged_file(parts: Parts, new_store: NewStore, tmp_path: Path) -> None:
    first, _ = sorted(parts.folder.glob("*.zst"))
    first.write_bytes(first.read_bytes()[:-40])
    fresh = Journal(tmp_path / "fresh.db")
    with pytest.raises(LogCorrupt):
        rebuild(parts.folder, fresh, parts.reader, new_store(), lambda _: None)
    assert fresh.last_seq() == 0
    fresh.close()


def test_an_archive_that_is_not_of_this_journal_is_refused(parts: Parts, new_store: NewStore, tmp_path: Path) -> None:
    other = Journal(tmp_path / "other.db")
    other.plan([Stretch("edge-0", 1, 1)], NOW)
    with pytest.raises(LogCorrupt, match="not the one that the journal knows"):
        rebuild(parts.folder, other, parts.reader, new_store(), lambda _: None)
    other.close()


def test_a_store_of_another_log_is_not_filled_up(parts: Parts) -> None:
    parts.store.load("tallies", [b'{"block":999}'], "999")
    with pytest.raises(LogCorrupt, match="blocks up to 999"):
        rebuild(parts.folder, parts.journal, parts.reader, parts.store, lambda _: None)


def test_a_rebuild_that_the_log_does_not_follow_on_fails(parts: Parts, new_store: NewStore, tmp_path: Path) -> None:
    with pytest.raises(LogCorrupt, match="ends at row 0"):
        rebuild(parts.folder, parts.journal, SqliteReader(tmp_path / "nowhere"), new_store(), lambda _: None)


def test_nothing_is_rebuilt_from_nothing(tmp_path: Path) -> None:
    for folder in ("log", "store"):
        (tmp_path / folder).mkdir()
    with pytest.raises(HeadgateError, match="move the folder `store` aside"):
        rebuild_store(Settings(data=tmp_path), lambda _taken, _total: None)
    assert (tmp_path / "store").exists()
