"""Deduplication against a plain rule: the first received is kept, the same within 600 seconds of a kept one is not."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from headgate.log.journal import Journal
from headgate.log.memory import MemoryLog
from headgate.store.base import EVER, Kept, Store
from headgate.store.clickhouse import ClickHouseStore
from headgate.store.memory import MemoryStore
from headgate.stream import keys
from headgate.stream.kept_index import KeptIndex
from headgate.stream.worker import Limits, Worker
from headgate_contract.event import Receipt

NOW = 1_763_900_000


class Sent(msgspec.Struct, frozen=True):
    """An event, with the partition it arrives at; `restart` where the core starts anew before it."""

    time: int
    event_id: str = "e"
    group: str = "g"
    name: str = "LEAD"
    partition: str = "edge-0"
    restart: bool = False


def oracle(sent: Sequence[Sent]) -> list[str]:
    kept: list[Sent] = []
    statuses = []
    for one in sent:
        same = one.event_id and any(
            (one.event_id, one.group, one.name) == (other.event_id, other.group, other.name)
            and abs(one.time - other.time) <= 600
            for other in kept
        )
        if not same:
            kept.append(one)
        statuses.append("duplicate" if same else "kept")
    return statuses


async def statuses(sent: Sequence[Sent], store: Store, folder: Path, limits: Limits) -> None:
    ticks = iter(range(10**6))
    log = MemoryLog(clock=lambda: (NOW * 1_000_000) + next(ticks))
    appenders = {partition: log.appender(partition) for partition in ("edge-0", "edge-1")}
    journal = Journal(folder / "journal.db")
    worker = Worker(log.reader(), journal, store, lambda: NOW * 1_000_000, folder / "archive", limits)
    for place, one in enumerate(sent):
        if one.restart:
            worker.drain()
            worker = Worker(log.reader(), journal, store, lambda: NOW * 1_000_000, folder / "archive", limits)
        line: dict[str, Any] = {"event_name": one.name, "event_time": one.time, "event_id": one.event_id}
        receipt = Receipt(
            request_id=str(place), received_at=NOW * 1_000_000, event_group_id=one.group, account_id="a", key_id="k",
            received=1, accepted=1, events=msgspec.json.encode(line),
        )  # fmt: skip
        await appenders[one.partition].append(receipt)
    worker.drain()
    journal.close()


def told(sent: Sequence[Sent], store: Store, limits: Limits, read: Callable[[], list[tuple[int, str]]]) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(statuses(sent, store, Path(folder), limits))
    return [status for _, status in sorted(read())]


times = st.integers(0, 2600).map(lambda seconds: NOW + seconds) | st.sampled_from([0, 599, 600, 601, 1200, 1201]).map(
    lambda seconds: NOW + seconds
)
events = st.lists(
    st.builds(
        Sent,
        time=times,
        event_id=st.sampled_from(["", "a", "a", "b", "b", "c"]),
        group=st.sampled_from(["g", "g", "h"]),
        name=st.sampled_from(["LEAD", "LEAD", "PURCHASE"]),
        partition=st.sampled_from(["edge-0", "edge-1"]),
        restart=st.sampled_from([False, False, False, True]),
    ),
    max_size=40,
)
limit_sets = st.builds(
    Limits,
    records=st.sampled_from([1, 3, 20_000]),
    memory_keys=st.sampled_from([1, 2, 5, 1000]),
    archive=st.just(1 << 30),
)


@given(events, limit_sets)
@settings(max_examples=200, deadline=None)
@example([Sent(NOW), Sent(NOW + 599), Sent(NOW + 600), Sent(NOW + 601)], Limits(memory_keys=1))
@example([Sent(NOW + 601), Sent(NOW), Sent(NOW + 1, restart=True)], Limits(memory_keys=1))
def test_any_arrival_gives_what_the_plain_rule_gives(sent: list[Sent], limits: Limits) -> None:
    store = MemoryStore()

    def read() -> list[tuple[int, str]]:
        return [(int(row["request_id"]), row["status"]) for row in store.tables.get("conversions", [])]

    assert told(sent, store, limits, read) == oracle(sent)


@given(events, limit_sets)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_arrival_gives_the_same_in_the_engine(
    open_database: Callable[[str], ClickHouseStore], database_names: Iterator[str], sent: list[Sent], limits: Limits
) -> None:
    store = open_database(next(database_names))
    store.migrate()

    def read() -> list[tuple[int, str]]:
        rows = store._loading.query("SELECT toInt64(request_id), toString(status) FROM conversions").result_rows
        return [(place, status) for place, status in rows]

    assert told(sent, store, limits, read) == oracle(sent)


@pytest.mark.parametrize(("apart", "status"), [(599, "duplicate"), (600, "duplicate"), (601, "kept")])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("memory_keys", [1, 1000])
def test_the_window_ends_at_600_seconds(apart: int, status: str, sign: int, memory_keys: int) -> None:
    store = MemoryStore()
    others = [Sent(NOW + 5000, f"other {place}") for place in range(5)]
    sent = [Sent(NOW), *others, Sent(NOW + sign * apart)]
    statuses = told(
        sent,
        store,
        Limits(records=1, memory_keys=memory_keys),
        lambda: [(int(row["request_id"]), row["status"]) for row in store.tables["conversions"]],
    )
    assert statuses[-1] == status
    assert bool(store.asked) == (memory_keys == 1)


def test_an_event_hours_late_is_found_in_the_store() -> None:
    store = MemoryStore()
    sent = [Sent(NOW), *(Sent(NOW + 4 * 3600 + place, f"id {place}") for place in range(20)), Sent(NOW + 7)]
    statuses = told(
        sent,
        store,
        Limits(records=4, memory_keys=4),
        lambda: [(int(row["request_id"]), row["status"]) for row in store.tables["conversions"]],
    )
    assert statuses == ["kept"] * 21 + ["duplicate"]


@given(st.text(), st.text(), st.text(), st.text(), st.text(), st.text(min_size=1))
def test_different_triples_have_different_keys(g1: str, n1: str, i1: str, g2: str, n2: str, i2: str) -> None:
    assert ((g1, n1, i1) == (g2, n2, i2)) == (keys.dedup_key(g1, n1, i1) == keys.dedup_key(g2, n2, i2))


def test_moving_a_letter_from_one_part_to_the_next_changes_the_key() -> None:
    assert len({keys.dedup_key("ab", "c", "d"), keys.dedup_key("a", "bc", "d"), keys.dedup_key("a", "b", "cd")}) == 3


def columns(entries: Sequence[tuple[int, int]]) -> Kept:
    high, low = keys.halves([key for key, _ in entries])
    return Kept(high, low, np.array([time for _, time in entries], np.int64), since=EVER)


entries = st.lists(
    st.tuples(
        st.sampled_from([1, 2**64, 2**64 + 1, 2**127, 2**127 + 1, 2**128 - 1]) | st.integers(1, 2**128 - 1),
        st.integers(0, 50),
    ),
    max_size=30,
)


@given(st.lists(entries, max_size=8), st.integers(1, 60), st.integers(0, 50), st.integers(0, 50))
def test_the_index_knows_all_above_its_horizon_and_nothing_else(
    batches: list[list[tuple[int, int]]], capacity: int, first: int, last: int
) -> None:
    index = KeptIndex(capacity)
    every: set[tuple[int, int]] = set()
    for batch in batches:
        index.add(columns(batch))
        every.update(batch)
        assert len(index) <= capacity
    wanted = {key for key, _ in every} | {5}
    found = index.find(wanted, first, last)
    pairs = {
        (high << 64 | low, time)
        for high, low, time in zip(found.high.tolist(), found.low.tolist(), found.time.tolist(), strict=True)
    }
    assert pairs == {(key, time) for key, time in every if first <= time <= last and time >= index.horizon}


def test_an_index_that_forgot_nothing_has_no_horizon() -> None:
    index = KeptIndex(10)
    index.add(columns([(key, 0) for key in range(1, 11)]))
    assert index.horizon == EVER
    index.add(columns([(11, 0)]))
    assert index.horizon == 1
    assert len(index) == 0
