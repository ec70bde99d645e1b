"""Reports over what a worker loaded into the real engine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import pytest

from headgate.log.journal import Journal
from headgate.log.memory import MemoryLog
from headgate.reports import pages
from headgate.reports.events import events
from headgate.reports.reconcile import Line, reconcile
from headgate.reports.rejections import rejections
from headgate.reports.trace import trace
from headgate.store.clickhouse import ClickHouseStore
from headgate.stream.worker import Limits, Worker
from headgate_contract.event import Receipt, Rejection

#: the beginning of an hour, so that rejections are not of last week in any test run
NOW = 4_000_000_000 // 3600 * 3600
MICROSECONDS = 1_000_000
Load = Callable[..., None]


def event(event_id: str, time: int = NOW, **more: Any) -> bytes:
    return msgspec.json.encode({"event_name": "LEAD", "event_time": time, "event_id": event_id, **more})


def receipt(name: str, lines: list[bytes], *, at: int = NOW, **more: Any) -> Receipt:
    rejected = more.get("rejections", [])
    defaults = {"event_group_id": "g", "account_id": "a", "key_id": "k"}
    return Receipt(
        request_id=name, received_at=at * MICROSECONDS, received=len(lines) + len(rejected), accepted=len(lines),
        events=b"\n".join(lines), **(defaults | more),
    )  # fmt: skip


@pytest.fixture
def load(clickhouse: ClickHouseStore, tmp_path: Path) -> Load:
    ticks = count(NOW * MICROSECONDS)

    async def append(receipts: tuple[Receipt, ...]) -> MemoryLog:
        log = MemoryLog(clock=lambda: next(ticks))
        appender = log.appender("edge-0")
        for one in receipts:
            await appender.append(one)
        return log

    def load(*receipts: Receipt, records: int = 1) -> None:
        log = asyncio.run(append(receipts))
        limits = Limits(records=records)
        journal = Journal(tmp_path / "journal.db")
        Worker(log.reader(), journal, clickhouse, lambda: NOW * MICROSECONDS + 9, tmp_path / "a", limits).drain()
        journal.close()

    return load


def ids(found: Any) -> list[str]:
    return [row["event_id"] for row in found]


def test_events_come_newest_first_with_what_became_of_them(clickhouse: ClickHouseStore, load: Load) -> None:
    load(
        receipt("r1", [event("a", custom_data={"value": 99.99, "currency": "USD", "order_id": "o1"})]),
        receipt("r2", [event("a", opt_out="true"), b'{"event_name":"LEAD"}']),
        receipt("r3", [event("c")], event_group_id="other"),
    )
    found = list(events(clickhouse, "g"))
    assert [(row["event_id"], row["status"], row["reason"]) for row in found] == [
        ("", "dead", "unreadable"),
        ("a", "duplicate", ""),
        ("a", "kept", ""),
    ]
    assert [row["limited_data_use"] for row in found] == [False, True, False]
    assert found[2] == {
        "block": 1, "row": 0, "received_at": NOW * MICROSECONDS, "status": "kept", "reason": "", "event_group_id": "g",
        "event_id": "a", "event_name": "LEAD", "event_time": NOW, "event_source": "", "value": "99.99",
        "currency": "USD", "order_id": "o1", "limited_data_use": False, "bot": False, "request_id": "r1", "account_id": "a",
        "key_id": "k", "source": "api", "event_source_url": "", "referrer_url": "", "partner_name": "", "user_data": {},
        "custom_data": {"value": Decimal("99.99"), "currency": "USD", "order_id": "o1"}, "unknown": {},
        "hashed_on_receipt": [],
    }  # fmt: skip


@pytest.mark.parametrize("status", ["kept", "duplicate", "dead"])
def test_events_can_be_asked_for_by_status(clickhouse: ClickHouseStore, load: Load, status: Any) -> None:
    load(receipt("r1", [event("a"), event("a"), b'{"event_name":"LEAD"}']))
    assert [row["status"] for row in events(clickhouse, "g", status=status)] == [status]


def test_events_can_be_asked_for_since_a_time(clickhouse: ClickHouseStore, load: Load) -> None:
    load(receipt("r1", [event("a")], at=NOW), receipt("r2", [event("b")], at=NOW + 1))
    assert ids(events(clickhouse, "g", since=NOW * MICROSECONDS)) == ["b", "a"]
    assert ids(events(clickhouse, "g", since=NOW * MICROSECONDS + 1)) == ["b"]


@pytest.mark.parametrize("records", [1, 700, 20_000])
def test_a_limit_of_zero_is_all_of_them_and_none_twice(clickhouse: ClickHouseStore, load: Load, records: int) -> None:
    size = 100 if records == 1 else 2000
    lines = [event(str(number)) for number in range(pages.PAGE + 500)]
    batches = [lines[start : start + size] for start in range(0, len(lines), size)]
    load(*(receipt(f"r{number}", batch) for number, batch in enumerate(batches)), records=records)
    assert ids(events(clickhouse, "g", limit=0)) == [str(number) for number in reversed(range(len(lines)))]
    assert ids(events(clickhouse, "g", limit=3)) == [str(len(lines) - number) for number in (1, 2, 3)]


def test_a_group_without_events_has_none(clickhouse: ClickHouseStore) -> None:
    assert list(events(clickhouse, "' OR 1 --")) == []
    assert list(rejections(clickhouse)) == []
    assert reconcile(clickhouse) == []
    assert trace(clickhouse, "a") == []


def test_a_trace_tells_each_occurrence_station_by_station(clickhouse: ClickHouseStore, load: Load) -> None:
    bad = Rejection(index=4, errors={"event_time": "event_time is required"}, event="{}", event_id="a", event_name="X")
    load(
        receipt("r1", [event("z"), event("a", user_data={"em": "1", "ph": "2"}, hashed_on_receipt=["em"])]),
        receipt("r2", [event("a", NOW - 599, user_data={"aFC": "c"})], at=NOW + 5, key_id="k2", source="pixel"),
        receipt("r3", [event("b")], at=NOW + 6, rejections=[bad]),
        receipt("r4", [event("a")], at=NOW + 7, event_group_id="other"),
    )
    kept, duplicate, rejected, other = trace(clickhouse, "a")
    assert [one.outcome for one in (kept, duplicate, rejected, other)] == ["kept", "duplicate", "rejected", "kept"]
    assert [station.name for station in kept.stations] == [
        "received",
        "validated",
        "hashed",
        "durable",
        "stored",
        "matchable",
    ]
    received, _, hashed, durable, stored, matchable = kept.stations
    assert (matchable.at, matchable.details) == (None, {"by": ["em", "ph"], "by_duplicates": ["aFC"]})
    assert received.at == NOW * MICROSECONDS
    assert received.details == {"request_id": "r1", "account_id": "a", "key_id": "k", "source": "api"}
    assert hashed.details == {"on_receipt": ["em"], "by_sender": ["ph"]}
    assert (durable.at, durable.details) == (NOW * MICROSECONDS, {"partition": "edge-0", "offset": 1})
    assert (stored.at, stored.details) == (
        NOW * MICROSECONDS + 9, {"block": 1, "row": 1, "limited_data_use": False},
    )  # fmt: skip
    station = duplicate.stations[4]
    assert station.name == "duplicate"
    assert station.details == {
        "of": {"block": 1, "row": 1, "request_id": "r1", "received_at": NOW * MICROSECONDS},
        "source": "api",
        "seconds_apart": -599,
    }
    told = rejected.stations[1].details
    assert (told["errors"], told["event_index"]) == (bad.errors, 4)
    assert told["cures"].keys() == bad.errors.keys()
    assert trace(clickhouse, "a", "other") == [other]
    assert trace(clickhouse, "") == []


def test_a_trace_finds_a_dead_letter(clickhouse: ClickHouseStore, load: Load) -> None:
    load(receipt("r1", [event("a", custom_data={"value": 1e30})]))
    (found,) = trace(clickhouse, "a")
    assert (found.outcome, found.stations[-1].details["reason"]) == ("dead", "refused")


def test_everything_adds_up_by_group_key_and_hour(clickhouse: ClickHouseStore, load: Load) -> None:
    bad = Rejection(index=0, errors={"x": "y"}, event="{}")
    load(
        receipt("r1", [event("a"), event("a"), b"{}"], rejections=[bad, bad]),
        receipt("r2", [event("b")], at=NOW + 3599),
        receipt("r3", [event("c")], at=NOW + 3600),
        receipt("r4", [event("c")], at=NOW + 3600, key_id="k2"),
        receipt("r5", [], rejections=[bad], event_group_id="other"),
        receipt("a test", [], rejections=[bad], test=True),
    )
    lines = [
        Line("g", "k", NOW, 6, 4, 2, 2, 1, 1, True),
        Line("g", "k", NOW + 3600, 1, 1, 0, 1, 0, 0, True),
        Line("g", "k2", NOW + 3600, 1, 1, 0, 0, 1, 0, True),
        Line("other", "k", NOW, 1, 0, 1, 0, 0, 0, True),
    ]
    assert reconcile(clickhouse) == lines
    assert reconcile(clickhouse, "other") == lines[3:]
    assert reconcile(clickhouse, "g", since=(NOW + 3600) * MICROSECONDS) == lines[1:3]
    assert reconcile(clickhouse, "g", since=(NOW + 3599) * MICROSECONDS) == lines[:3]


def test_a_lost_row_does_not_add_up(clickhouse: ClickHouseStore, load: Load) -> None:
    load(receipt("r1", [event("a"), event("b")]))
    clickhouse._command("ALTER TABLE conversions DELETE WHERE event_id = 'b' SETTINGS mutations_sync = 2")
    assert [line.adds_up for line in reconcile(clickhouse)] == [False]


def test_a_request_that_miscounted_does_not_add_up(clickhouse: ClickHouseStore, load: Load) -> None:
    load(msgspec.structs.replace(receipt("r1", [event("a")]), received=2))
    assert [line.adds_up for line in reconcile(clickhouse)] == [False]


def test_rejections_come_newest_first_with_every_reason(clickhouse: ClickHouseStore, load: Load) -> None:
    bad = [Rejection(index=place, errors={"x": "y", "z": "w"}, event="{}", event_id=str(place)) for place in range(3)]
    load(receipt("r1", [], rejections=bad[:2]), receipt("r2", [], rejections=bad[2:], event_group_id="other"))
    assert ids(rejections(clickhouse)) == ["2", "1", "0"]
    (newest,) = rejections(clickhouse, "g", limit=1)
    assert newest == {
        "block": 1, "row": 1, "received_at": NOW * MICROSECONDS, "request_id": "r1", "event_group_id": "g",
        "account_id": "a", "key_id": "k", "source": "api", "event_index": 1, "event_id": "1", "event_name": "",
        "errors": {"x": "y", "z": "w"}, "event": "{}",
    }  # fmt: skip
