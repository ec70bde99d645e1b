"""The core's loop on real parts: the log, the journal, the archive and both stores."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import pytest

from headgate.errors import CoreStopped, LogCorrupt, StoreFailed, StoreUnavailable
from headgate.log import archive
from headgate.log.journal import Journal
from headgate.log.memory import MemoryLog
from headgate.store.base import Store
from headgate.store.clickhouse import ClickHouseStore
from headgate.store.memory import MemoryStore
from headgate.stream.block import Taken
from headgate.stream.conversion import Conversion
from headgate.stream.dedup import Recall
from headgate.stream.rebuild import rebuild
from headgate.stream.worker import STEPS, Limits, Worker
from headgate_contract.event import Receipt, Rejection

NOW = 1_763_900_000
MICROSECONDS = 1_000_000
TABLES = ("conversions", "dead_letters", "rejections", "test_events", "tallies")
SMALL = Limits(records=7, archive=1)


class Crash(Exception):
    """The plug was pulled."""


class Fused:
    """Stands before a part and raises at the n-th call of all parts that share a counter, before or after the call."""

    def __init__(self, part: Any, calls: Iterator[int], at: int, after: bool) -> None:
        self._part, self._calls, self._at, self._after = part, calls, at, after

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._part, name)

        def call(*args: Any, **more: Any) -> Any:
            now = next(self._calls) == self._at
            if now and not self._after:
                raise Crash(name)
            result = method(*args, **more)
            if now:
                raise Crash(name)
            return result

        return call


def fused(
    reader: Any, journal: Any, store: Any, *, calls: Iterator[int], at: int, after: bool
) -> tuple[Fused, Fused, Fused]:
    one, two, three = (Fused(part, calls, at, after) for part in (reader, journal, store))
    return one, two, three


def event(event_id: str, **more: Any) -> bytes:
    return msgspec.json.encode({"event_name": "LEAD", "event_time": NOW, "event_id": event_id, **more})


def receipt(name: str, lines: list[bytes], rejected: int = 0, **more: Any) -> Receipt:
    return Receipt(
        request_id=name,
        received_at=NOW * MICROSECONDS + len(name),
        event_group_id=more.pop("group", "g"),
        account_id="a",
        key_id="k",
        received=len(lines) + rejected,
        accepted=len(lines),
        events=b"\n".join(lines),
        rejections=[Rejection(index=place, errors={"x": "bad"}, event="{}", event_id="r") for place in range(rejected)],
        **more,
    )


def day() -> list[tuple[str, Receipt]]:
    """Two partitions, duplicates within and between blocks, a record that cannot be read, rejections, a test."""
    sent = []
    for place in range(12):
        lines = [event(f"id {place * 3 // 2 + step}", opt_out=bool(place % 3 == 0)) for step in range(3)]
        if place == 5:
            lines.append(b'{"event_name":"LEAD"}')
        sent.append((f"edge-{place % 2}", receipt(f"request {place}", lines, rejected=place % 3)))
    sent.append(("edge-0", receipt("a test", [], rejected=2, test=True)))
    return sent


def logged(sent: list[tuple[str, Receipt]]) -> MemoryLog:
    ticks = count(NOW * MICROSECONDS)

    async def append() -> MemoryLog:
        log = MemoryLog(clock=lambda: next(ticks))
        appenders = {partition: log.appender(partition) for partition in sorted({partition for partition, _ in sent})}
        for partition, one in sent:
            await appenders[partition].append(one)
        return log

    return asyncio.run(append())


def worker(log: Any, journal: Any, store: Any, folder: Path, **more: Any) -> Worker:
    """A worker on these parts, which may be fused."""
    return Worker(log, journal, store, lambda: NOW * MICROSECONDS, folder / "archive", **({"limits": SMALL} | more))


def contents(store: Store) -> dict[str, list[Any]]:
    if isinstance(store, MemoryStore):
        return {table: sorted(store.tables.get(table, []), key=str) for table in TABLES}
    assert isinstance(store, ClickHouseStore)
    return {table: list(store._loading.query(f"SELECT * FROM {table} ORDER BY ALL").result_rows) for table in TABLES}


@pytest.fixture
def undisturbed(tmp_path: Path) -> dict[str, list[Any]]:
    store = MemoryStore()
    worker(logged(day()).reader(), Journal(tmp_path / "undisturbed.db"), store, tmp_path / "undisturbed").drain()
    return contents(store)


def test_every_record_ends_somewhere(undisturbed: dict[str, list[Any]]) -> None:
    assert len(undisturbed["conversions"]) == 36
    assert {row["status"] for row in undisturbed["conversions"]} == {"kept", "duplicate"}
    assert [(row["reason"], row["event"]) for row in undisturbed["dead_letters"]] == [
        ("unreadable", '{"event_name":"LEAD"}')
    ]
    assert len(undisturbed["rejections"]) == 12
    assert len(undisturbed["test_events"]) == 2
    assert sum(row["received"] for row in undisturbed["tallies"]) == 37 + 12


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("forgetful", [False, True], ids=["tokens kept", "tokens lost"])
def test_a_crash_at_any_seam_changes_nothing(
    tmp_path: Path, undisturbed: dict[str, list[Any]], after: bool, forgetful: bool
) -> None:
    for at in count(1):
        store, calls, folder = MemoryStore(), count(1), tmp_path / str(at)
        log, journal = logged(day()), Journal(folder / "journal.db")
        parts = fused(log.reader(), journal, store, calls=calls, at=at, after=after)
        try:
            worker(*parts, folder).drain()
        except Crash:
            if forgetful:
                store._tokens.clear()
            worker(log.reader(), journal, store, folder).drain()
        else:
            assert at > 50
            return
        finally:
            journal_blocks = list(journal.blocks())
            journal.close()
        assert contents(store) == undisturbed, f"crash at call {at}"
        assert all(block.loaded_at for block in journal_blocks)


@pytest.mark.parametrize("after", [False, True])
def test_the_same_worker_goes_on_after_a_failure_at_any_seam(
    tmp_path: Path, undisturbed: dict[str, list[Any]], after: bool
) -> None:
    for at in count(1):
        store, calls, folder = MemoryStore(), count(1), tmp_path / str(at)
        log, journal = logged(day()), Journal(folder / "journal.db")
        parts = fused(log.reader(), journal, store, calls=calls, at=at, after=after)
        one = worker(*parts, folder)
        try:
            one.drain()
        except Crash:
            one.drain()
        else:
            return
        finally:
            journal.close()
        assert contents(store) == undisturbed, f"failure at call {at}"


@pytest.mark.parametrize("at", [20, 33, 47, 60])
def test_a_crash_changes_nothing_in_the_engine(
    tmp_path: Path,
    open_database: Callable[[str], ClickHouseStore],
    database_names: Iterator[str],
    at: int,
) -> None:
    calls = count(1)
    expected, store = (open_database(next(database_names)) for _ in range(2))
    for one in (expected, store):
        one.migrate()
    worker(logged(day()).reader(), Journal(tmp_path / "e.db"), expected, tmp_path / "e").drain()
    log, journal = logged(day()), Journal(tmp_path / "journal.db")
    parts = fused(log.reader(), journal, store, calls=calls, at=at, after=at % 2 == 0)
    with pytest.raises(Crash):
        worker(*parts, tmp_path).drain()
    worker(log.reader(), journal, store, tmp_path).drain()
    assert contents(store) == contents(expected)


def test_a_store_that_comes_back_gets_everything(tmp_path: Path, undisturbed: dict[str, list[Any]]) -> None:
    store = MemoryStore()
    store.failures = 30
    one = worker(logged(day()).reader(), Journal(tmp_path / "journal.db"), store, tmp_path)
    for _ in range(30):
        with pytest.raises(StoreUnavailable):
            one.run_once()
    one.drain()
    assert contents(store) == undisturbed


@pytest.mark.parametrize("records", [1, 2, 5, 1000])
def test_where_blocks_end_makes_no_difference_to_what_is_kept(
    tmp_path: Path, undisturbed: dict[str, list[Any]], records: int
) -> None:
    store = MemoryStore()
    limits = Limits(records=records)
    worker(logged(day()).reader(), Journal(tmp_path / "journal.db"), store, tmp_path, limits=limits).drain()
    ends = {(row["request_id"], row["event_id"], row["status"]) for row in store.tables["conversions"]}
    assert ends == {(row["request_id"], row["event_id"], row["status"]) for row in undisturbed["conversions"]}


def test_an_idle_worker_takes_nothing_and_plans_nothing(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db")
    one = worker(MemoryLog(clock=lambda: 1).reader(), journal, MemoryStore(), tmp_path)
    assert (one.run_once(), one.behind()) == (0, 0)
    assert list(journal.blocks()) == []


def test_what_was_appended_after_a_drain_is_taken_next(tmp_path: Path) -> None:
    async def run() -> list[int]:
        log = MemoryLog(clock=lambda: NOW * MICROSECONDS)
        one = worker(log.reader(), Journal(tmp_path / "journal.db"), store, tmp_path)
        appender = log.appender("edge-0")
        await appender.append(receipt("first", [event("a")]))
        taken = [one.drain(), one.behind()]
        await log.appender("edge-1").append(receipt("second", [event("b"), event("a")]))
        return [*taken, one.behind(), one.drain(), one.behind()]

    store = MemoryStore()
    assert asyncio.run(run()) == [1, 0, 1, 2, 0]
    assert [row["status"] for row in store.tables["conversions"]] == ["kept", "kept", "duplicate"]


def test_archived_rows_are_released_and_no_others(tmp_path: Path) -> None:
    log, journal = logged(day()), Journal(tmp_path / "journal.db")
    one = worker(log.reader(), journal, MemoryStore(), tmp_path, limits=Limits(records=7))
    one.run_once()
    assert log.reader().read("edge-0", 1, limit=1)
    one.archive()
    (block,) = journal.blocks()
    assert block.archive == "0000000001-0000000001.zst"
    for stretch in block.stretches:
        with pytest.raises(LogCorrupt, match="released"):
            log.reader().read(stretch.partition, stretch.last, limit=1)
        assert log.reader().read(stretch.partition, stretch.last + 1, limit=1)
    one.drain()
    one.archive()
    files = sorted((tmp_path / "archive").iterdir())
    rows = [row for file in files for _, rows in archive.read(file) for row in rows]
    assert sum(len(row.receipts) for row in rows) == 13


def test_what_an_earlier_process_archived_is_released_at_the_start(tmp_path: Path) -> None:
    log, journal, store = logged(day()), Journal(tmp_path / "journal.db"), MemoryStore()
    worker(log.reader(), journal, store, tmp_path, limits=Limits()).drain()
    archive.write(tmp_path / "archive", journal.unarchived(), lambda block: (
        row for stretch in block.stretches for row in log.reader().read(*stretch, limit=1 << 30)
    ))  # fmt: skip
    journal.archived([block.seq for block in journal.blocks()], "0000000001-0000000001.zst")
    assert log.partitions["edge-0"].rows
    worker(log.reader(), journal, store, tmp_path).drain()
    assert not log.partitions["edge-0"].rows


def refuses(table: str, row: dict[str, Any]) -> str | None:
    return "refused by the twin" if table == "conversions" and row["event_id"].startswith("bad") else None


def test_a_refused_record_becomes_a_dead_letter_and_its_copy_too(tmp_path: Path) -> None:
    store = MemoryStore(refuses)
    log = logged([("edge-0", receipt("first", [event("a"), event("bad"), event("bad"), event("b")]))])
    worker(log.reader(), Journal(tmp_path / "journal.db"), store, tmp_path).drain()
    assert [(row["event_id"], row["row"]) for row in store.tables["conversions"]] == [("a", 0), ("b", 3)]
    assert [(row["event_id"], row["row"], row["reason"], row["detail"]) for row in store.tables["dead_letters"]] == [
        ("bad", 1, "refused", "refused by the twin"),
        ("bad", 2, "refused", "refused by the twin"),
    ]


def test_a_record_that_only_the_engine_refuses_does_not_hide_its_good_copy(
    tmp_path: Path, clickhouse: ClickHouseStore
) -> None:
    lines = [event("a", custom_data={"value": 1e30}), event("a"), event("a"), event("b", user_data=5)]
    log = logged([("edge-0", receipt("first", lines))])
    worker(log.reader(), Journal(tmp_path / "journal.db"), clickhouse, tmp_path).drain()
    query = "SELECT row, toString(status) FROM conversions ORDER BY row"
    assert clickhouse._loading.query(query).result_rows == [(1, "kept"), (2, "duplicate")]
    dead = clickhouse._loading.query("SELECT row, reason, detail, event FROM dead_letters ORDER BY row").result_rows
    assert [(row, reason) for row, reason, _, _ in dead] == [(0, "refused"), (3, "refused")]
    assert dead[0][2].startswith("ClickHouse code 69: Decimal value is too big")
    assert dead[0][3] == lines[0].decode()


def test_a_row_that_the_store_fails_on_for_no_known_reason_is_tried_again_and_then_set_aside(tmp_path: Path) -> None:
    store, journal = MemoryStore(refuses), Journal(tmp_path / "journal.db")
    store.oddly = True
    log = logged([("edge-0", receipt("first", [event("a"), event("bad"), event("b"), event("a")]))])
    one = worker(log.reader(), journal, store, tmp_path, limits=Limits(tries=3))
    for _ in range(3):
        with pytest.raises(StoreFailed, match="refused by the twin"):
            one.run_once()
        assert not store.tables
    assert one.drain() == 4
    assert [(row["event_id"], row["status"]) for row in store.tables["conversions"]] == [
        ("a", "kept"),
        ("b", "kept"),
        ("a", "duplicate"),
    ]
    assert [(row["event_id"], row["reason"], row["detail"]) for row in store.tables["dead_letters"]] == [
        ("bad", "refused", "refused by the twin")
    ]
    again = MemoryStore(refuses)
    again.oddly = True
    rebuild(tmp_path / "archive", journal, log.reader(), again, lambda _taken: None)
    assert contents(again) == contents(store)


def test_a_store_that_fails_on_everything_for_no_known_reason_stops_the_core_and_loses_nothing(
    tmp_path: Path, undisturbed: dict[str, list[Any]]
) -> None:
    store, journal, log = MemoryStore(), Journal(tmp_path / "journal.db"), logged(day())
    store.failures, store.failure = 100, StoreFailed
    one = worker(log.reader(), journal, store, tmp_path)
    for _ in range(12):
        with pytest.raises(StoreFailed):
            one.run_once()
    with pytest.raises(CoreStopped, match="failed 13 times in a row, and not on single rows"):
        one.run_once()
    assert not store.tables
    store.failures = 0
    worker(log.reader(), journal, store, tmp_path).drain()
    assert contents(store) == undisturbed


def test_a_receipt_with_too_few_lines_leaves_a_dead_letter_for_each_that_misses(tmp_path: Path) -> None:
    store = MemoryStore()
    short = msgspec.structs.replace(receipt("first", [event("a"), event("b")]), accepted=4, received=4)
    worker(logged([("edge-0", short)]).reader(), Journal(tmp_path / "journal.db"), store, tmp_path).drain()
    assert [(row["row"], row["reason"]) for row in store.tables["dead_letters"]] == [(2, "missing"), (3, "missing")]


def test_too_many_dead_letters_in_a_row_stop_the_core_at_every_start(tmp_path: Path) -> None:
    store, journal = MemoryStore(), Journal(tmp_path / "journal.db")
    log = logged([("edge-0", receipt(f"request {place}", [b"{}"] * 5)) for place in range(4)])
    limits = Limits(records=5, dead_in_a_row=12)
    for _ in range(3):
        with pytest.raises(CoreStopped, match="15 records in a row became dead letters, more than 12: unreadable"):
            worker(log.reader(), journal, store, tmp_path, limits=limits).drain()
    assert len(store.tables["dead_letters"]) == 10
    worker(log.reader(), journal, store, tmp_path, limits=Limits(dead_in_a_row=100)).drain()
    assert len(store.tables["dead_letters"]) == 20


def drop_everything(_conversion: Conversion, _recall: Recall) -> None:
    raise RuntimeError


def test_a_broken_step_stops_the_core_before_it_diverts_what_follows(tmp_path: Path) -> None:
    store = MemoryStore()
    log = logged([("edge-0", receipt("first", [event(str(place)) for place in range(50)]))])
    with pytest.raises(CoreStopped, match="drop_everything: RuntimeError"):
        worker(
            log.reader(), Journal(tmp_path / "journal.db"), store, tmp_path,
            limits=Limits(dead_in_a_row=10), steps=(*STEPS, drop_everything),
        ).drain()  # fmt: skip
    assert not store.tables


def test_a_worker_tells_of_every_block_once(tmp_path: Path) -> None:
    told: list[Taken] = []
    log = logged(day())
    worker(log.reader(), Journal(tmp_path / "journal.db"), MemoryStore(), tmp_path, tell=told.append).drain()
    assert [taken.seq for taken in told] == list(range(1, len(told) + 1))
    assert sum(taken.records for taken in told) == 37
    assert sum(taken.kept + taken.duplicates + taken.dead for taken in told) == 37
    assert (sum(taken.rejected for taken in told), sum(taken.tests for taken in told)) == (12, 1)


class BreaksAtTallies(MemoryStore):
    broken = True

    def load(self, table: str, lines: Sequence[bytes], token: str) -> None:
        if table == "tallies" and self.broken:
            raise StoreUnavailable
        super().load(table, lines, token)


def test_a_block_that_was_half_loaded_does_not_meet_its_own_conversions(tmp_path: Path) -> None:
    told: list[Taken] = []
    store, journal = BreaksAtTallies(), Journal(tmp_path / "journal.db")
    log = logged([("edge-0", receipt("first", [event("a"), event("b"), event("a")]))])
    with pytest.raises(StoreUnavailable):
        worker(log.reader(), journal, store, tmp_path).drain()
    store.broken = False
    worker(log.reader(), journal, store, tmp_path, tell=told.append).drain()
    assert [(taken.kept, taken.duplicates) for taken in told] == [(2, 1)]


def test_a_row_of_our_own_that_is_refused_stops_the_core(tmp_path: Path) -> None:
    store = MemoryStore(lambda table, _row: "no" if table == "tallies" else None)
    with pytest.raises(CoreStopped, match="refuses block 1 in tallies: no"):
        worker(logged(day()).reader(), Journal(tmp_path / "journal.db"), store, tmp_path).drain()
