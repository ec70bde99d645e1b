"""Every report against a plain reading of the same rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from headgate.reports.clocks import clocks
from headgate.reports.coverage import coverage
from headgate.reports.delay import delays, place_of
from headgate.reports.event_list import Narrowed, event_list, read_place
from headgate.reports.group_status import group_status
from headgate.reports.match_keys import KEYS
from headgate.reports.match_quality import match_quality, score_of
from headgate.reports.near_duplicates import near_duplicates
from headgate.reports.over_time import Point, events_over_time, outcomes_over_time
from headgate.reports.overlap import overlap
from headgate.reports.rejection_reasons import rejection_reasons
from headgate.reports.span import DAY, HOUR, WEEK, Asked, asked
from headgate.reports.totals import choices, totals
from stored_rows import GROUP, NOW, Row

ZONES = ("UTC", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe")
ASKED = (
    asked(GROUP, NOW - 4 * DAY, NOW),
    asked(GROUP, NOW - DAY, NOW, "PURCHASE"),
    asked(GROUP, NOW - 2 * DAY, NOW - DAY, "", "pixel"),
    asked(GROUP, NOW - 7200, NOW),
    asked(GROUP, NOW - 300 * DAY, NOW, "LEAD", "api"),
)
over = pytest.mark.parametrize("over", ASKED, ids=["all", "name", "source", "two hours", "both"])


def within(rows: Iterable[Row], over: Asked, **fixed: Any) -> list[Row]:
    return [
        row
        for row in rows
        if row["event_group_id"] == over.event_group_id
        and over.first * 1_000_000 <= row["received_at"] < over.last * 1_000_000
        and over.event_name in ("", row["event_name"])
        and over.source in ("", row["source"])
        and all(row[field] == value for field, value in fixed.items())
    ]


def bucket_of(received_at: int, bucket: int, zone: str) -> int:
    """The beginning of the bucket, by the calendar."""
    seconds = received_at // 1_000_000
    if bucket < HOUR:
        return seconds // bucket * bucket
    local = datetime.fromtimestamp(seconds, ZoneInfo(zone)).replace(minute=0, second=0, microsecond=0)
    if bucket >= DAY:
        local = local.replace(hour=0)
    if bucket == WEEK:
        local = datetime.fromordinal(local.toordinal() - local.weekday()).replace(tzinfo=ZoneInfo(zone))
    return int(local.timestamp())


@over
@pytest.mark.parametrize("zone", ZONES)
def test_events_over_time(loaded: Any, over: Asked, zone: str) -> None:
    found = events_over_time(loaded.store, over, time_zone=zone)
    expected = Counter(
        (row["event_name"], row["source"], bucket_of(row["received_at"], over.bucket, zone))
        for row in within(loaded.conversions, over, status="kept")
    )
    assert {
        (series.event_name, series.source, point.at): point.events for series in found.series for point in series.points
    } == expected
    assert [series.events for series in found.series] == sorted(
        (series.events for series in found.series), reverse=True
    )
    assert sum(series.events for series in found.series) == expected.total()


@over
def test_outcomes_and_totals(loaded: Any, over: Asked) -> None:
    some = within(loaded.conversions, over)
    bad = within(loaded.rejections, over)
    expected = Counter(row["status"] for row in some)
    found = outcomes_over_time(loaded.store, over, time_zone="Asia/Kathmandu")
    assert {one.status: one.events for one in found.outcomes} == {
        "kept": expected["kept"], "duplicate": expected["duplicate"], "rejected": len(bad), "dead": 0,
    }  # fmt: skip
    assert all(one.events == sum(point.events for point in one.points) for one in found.outcomes)
    sums = totals(loaded.store, over)
    assert (sums.kept, sums.duplicate, sums.dead, sums.rejected) == (
        expected["kept"],
        expected["duplicate"],
        0,
        len(bad),
    )
    assert (sums.accepted, sums.received) == (len(some), len(some) + len(bad))
    assert sums.limited_data_use == len([row for row in some if row["status"] == "kept" and row["limited_data_use"]])


@over
def test_choices(loaded: Any, over: Asked) -> None:
    everything = within(loaded.conversions, asked(GROUP, over.first, over.last))
    found = choices(loaded.store, over)
    assert {one.value: one.events for one in found.event_names} == Counter(row["event_name"] for row in everything)
    assert {one.value: one.events for one in found.sources} == Counter(row["source"] for row in everything)


def late(row: Row) -> int:
    return int(row["received_at"] // 1_000_000 - row["event_time"])


@over
def test_delays(loaded: Any, over: Asked) -> None:
    expected = Counter(place_of(late(row)) for row in within(loaded.conversions, over, status="kept"))
    assert {one.delay: one.events for one in delays(loaded.store, over) if one.events} == expected


@over
def test_coverage_and_match_quality(loaded: Any, over: Asked) -> None:
    kept = within(loaded.conversions, over, status="kept")
    together, *by_source = coverage(loaded.store, over)
    assert {one.match_key: one.events for one in together.match_keys} == {
        key: sum(key in row["user_data"] for row in kept) for key in KEYS
    }
    assert {one.source: one.events for one in by_source} == Counter(row["source"] for row in kept)
    for quality in match_quality(loaded.store, over):
        carried = [set(row["user_data"]) for row in kept if row["event_name"] == quality.event_name]
        assert quality.events == len(carried)
        assert quality.score == pytest.approx(mean(map(score_of, carried)))
        for other in quality.counterfactuals:
            assert other.score == pytest.approx(mean(score_of(keys | {other.match_key}) for keys in carried))
            assert other.share == pytest.approx(mean(other.match_key in keys for keys in carried))


def mean(values: Iterable[float]) -> float:
    listed = list(values)
    return sum(listed) / len(listed)


@over
def test_overlap(loaded: Any, over: Asked) -> None:
    both = asked(GROUP, over.first, over.last, over.event_name)
    some = within(loaded.conversions, both)
    kept = Counter(row["source"] for row in some if row["status"] == "kept")
    for sample, samples in ((1, ()), (16, ((0, 16),)), (64, ((0, 16), (1, 64)))):
        confirmed = Counter(
            row["source"]
            for row in some
            if row["status"] == "kept" and row["dedup_key"] and row["dedup_key"] % sample == 0 and any(
                other["status"] == "duplicate" and other["dedup_key"] == row["dedup_key"]
                and other["source"] != row["source"] and abs(other["event_time"] - row["event_time"]) <= 600
                for other in some
            )
        )  # fmt: skip
        found = overlap(loaded.store, over, samples=samples)
        assert {one.source: one.kept for one in found.sources} == kept
        assert {one.source: one.confirmed for one in found.sources} == {
            source: min(confirmed[source] * found.sample, kept[source]) for source in kept
        }


def test_the_state_of_groups(loaded: Any) -> None:
    found, nothing = group_status(loaded.store, [GROUP, "no such group"], now=NOW - 100)
    mine = within(loaded.conversions, asked(GROUP, 0, NOW))
    day = [row for row in mine if row["received_at"] >= (NOW - DAY) * 1_000_000 and row["status"] == "kept"]
    for one in found.sources:
        of_source = [row for row in mine if row["source"] == one.source]
        bad = [row for row in loaded.rejections if row["source"] == one.source]
        assert one.last_received_at == max(row["received_at"] for row in of_source + bad)
        assert one.kept == sum(row["source"] == one.source for row in day)
        assert one.rejected == sum(row["received_at"] >= (NOW - DAY) * 1_000_000 for row in bad)
        hour = [row for row in of_source if NOW - 4500 <= row["received_at"] // 1_000_000 < NOW - 900]
        assert one.per_minute == pytest.approx(len(hour) / 60)
        assert set(one.match_keys) == {key for row in day if row["source"] == one.source for key in row["user_data"]}
    assert found.first_hour == NOW - 24 * HOUR
    assert found.hours == [
        sum((row["received_at"] // 1_000_000 - found.first_hour) // HOUR == hour for row in day) for hour in range(24)
    ]
    assert (nothing.sources, nothing.hours) == ([], [0] * 24)


@over
def test_rejections_by_reason(loaded: Any, over: Asked) -> None:
    expected: Counter[tuple[str, str]] = Counter()
    for row in within(loaded.rejections, over):
        for field, reason in row["errors"].items():
            general = (
                reason
                if "Invalid" not in reason
                else "Invalid event name. Event name must be one of the supported values."
            )
            expected[field.replace("[3]", "[]").replace("[0]", "[]"), general] += 1
    found = rejection_reasons(loaded.store, over)
    assert {(one.field, one.reason): one.events for one in found} == expected
    for one in found:
        page = event_list(
            loaded.store, over, Narrowed(status="rejected", field=one.field, reason=one.reason), limit=1000
        )
        assert len(page.events) == one.events
        assert (page.events[0].received_at, page.events[-1].received_at) == (one.last_seen, one.first_seen)
        assert page.events[0].errors[one.sample_field] == one.sample_reason


@over
def test_clocks(loaded: Any, over: Asked) -> None:
    some = [row for row in within(loaded.conversions, over) if row["event_time"] >= over.first - DAY]
    found = clocks(loaded.store, over).clocks
    assert {(one.key_id, one.source): one.events for one in found} == Counter(
        (row["key_id"], row["source"]) for row in some
    )
    for one in found:
        behind = [late(row) for row in some if (row["key_id"], row["source"]) == (one.key_id, one.source)]
        assert (one.least, one.ahead) == (min(behind), sum(value < 0 for value in behind))


def neighbours(rows: list[Row], same: Callable[[Row], Any]) -> list[tuple[Row, Row]]:
    groups: dict[Any, list[Row]] = {}
    for row in sorted(rows, key=lambda row: (row["event_time"], row["block"], row["row"])):
        if (shared := same(row)) is not None:
            groups.setdefault(shared, []).append(row)
    return [pair for group in groups.values() for pair in pairwise(group)]


def person(row: Row) -> tuple[str, str] | None:
    return next(
        (
            (key, row["user_data"][key])
            for key in ("em", "ph", "aRI", "aID", "aGA", "aDX", "aGI")
            if key in row["user_data"]
        ),
        None,
    )


@over
def test_nearly_caught_duplicates(loaded: Any, over: Asked) -> None:
    kept = within(loaded.conversions, asked(GROUP, over.first, over.last, over.event_name), status="kept")
    ids = within(loaded.conversions, asked(GROUP, over.first, over.last), status="kept")

    kept, ids = ([row for row in rows if row["event_time"] >= over.first - DAY] for rows in (kept, ids))

    def apart(one: Row, other: Row) -> int:
        return int(other["event_time"] - one["event_time"])

    def differ(one: Row, other: Row) -> bool:
        return one["event_id"] != other["event_id"] or not one["event_id"]

    def order(row: Row) -> str:
        return str(row["custom_data"].get("order_id", ""))

    orders = neighbours(kept, lambda row: (row["event_name"], order(row)) if order(row) else None)
    persons = neighbours(
        kept,
        lambda row: (
            (row["event_name"], person(row), row["custom_data"]["value"])
            if person(row) and "value" in row["custom_data"]
            else None
        ),
    )
    same_id = [
        (one, other)
        for one, other in neighbours(ids, lambda row: row["event_id"] or None)
        if apart(one, other) <= 3600 and over.event_name in ("", one["event_name"], other["event_name"])
    ]
    found = {near.kind: near for near in near_duplicates(loaded.store, over, limit=1000).kinds}
    expected = {
        "same_order": [pair for pair in orders if apart(*pair) <= 600 and differ(*pair)],
        "same_person": [
            pair for pair in persons if apart(*pair) <= 600 and differ(*pair) and "" in (order(pair[0]), order(pair[1]))
        ],
        "other_name": [pair for pair in same_id if pair[0]["event_name"] != pair[1]["event_name"]],
        "past_window": [pair for pair in same_id if pair[0]["event_name"] == pair[1]["event_name"]],
    }
    for kind, pairs in expected.items():
        assert found[kind].pairs == len(pairs)  # type: ignore[index]
        assert sorted((one.one.received_at, one.other.received_at) for one in found[kind].examples) == sorted(  # type: ignore[index]
            (one["received_at"], other["received_at"]) for one, other in pairs
        )


@over
@pytest.mark.parametrize(
    ("narrowed", "holds"),
    [
        (Narrowed(), lambda _row: True),
        (Narrowed(status="kept"), lambda row: row["status"] == "kept"),
        (Narrowed(status="duplicate", key_id="k1"), lambda row: row["status"] == "duplicate" and row["key_id"] == "k1"),
        (Narrowed(limited_data_use="true"), lambda row: row["limited_data_use"]),
        (Narrowed(limited_data_use="false"), lambda row: not row["limited_data_use"]),
        (Narrowed(delay=3), lambda row: place_of(late(row)) == 3),
        (Narrowed(delay=0), lambda row: place_of(late(row)) == 0),
        (Narrowed(with_key="aFC"), lambda row: "aFC" in row["user_data"]),
        (
            Narrowed(without_key="em", status="kept"),
            lambda row: "em" not in row["user_data"] and row["status"] == "kept",
        ),
        (Narrowed(digest="em of 1"), lambda row: row["user_data"].get("em") == "em of 1"),
        (Narrowed(status="rejected"), lambda row: "errors" in row),
        (Narrowed(status="received"), lambda _row: True),
        (Narrowed(status="received", with_key="em"), lambda row: "em" in row.get("user_data", ())),
    ],
)
def test_the_events_behind_a_number_page_by_page(loaded: Any, over: Asked, narrowed: Narrowed, holds: Any) -> None:
    of_status = {
        "received": [*loaded.conversions, *loaded.rejections],
        "rejected": loaded.rejections,
    }.get(narrowed.status, loaded.conversions)
    expected = sorted(filter(holds, within(of_status, over)), key=lambda row: row["received_at"])
    found: list[str] = []
    after = None
    while True:
        page = event_list(loaded.store, over, narrowed, after=after, limit=60)
        found += [event.request_id for event in page.events]
        if page.following is None:
            break
        assert len(page.events) == 60
        after = read_place(page.following)
    assert found == [row["request_id"] for row in reversed(expected)]


def test_points_are_in_the_order_of_time(loaded: Any) -> None:
    for series in events_over_time(loaded.store, ASKED[0]).series:
        assert series.points == sorted(series.points, key=lambda point: point.at)
        assert all(isinstance(point, Point) for point in series.points)
