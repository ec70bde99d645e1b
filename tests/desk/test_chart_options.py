"""What charts draw: every event of the report, at every bucket of the range, by the clock of the account's time zone."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.desk.chart_options import events_option
from headgate.reports.over_time import OverTime, Point, Series
from headgate.reports.span import DAY, HOUR, WEEK, asked

ZONES = ("UTC", "Europe/Berlin", "America/Santiago", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia")


def drawn(points: list[Point], first: int, last: int, zone: str) -> tuple[list[str], list[int]]:
    over = asked("g", first, last)
    found = OverTime(over.bucket, zone, [Series("LEAD", "api", sum(point.events for point in points), points)])
    option = events_option(found, over)
    return option["xAxis"]["data"], option["series"][0]["data"]


def beginning(at: int, bucket: int, zone: str) -> int:
    """Of the bucket that a time lies in, as the store has it."""
    local = datetime.fromtimestamp(at, ZoneInfo(zone))
    if bucket < DAY:
        # the minutes that the clock shows past the hour are taken off, on whichever side of a change
        return at - (local.minute * 60 + local.second) % bucket
    day = local.date() - timedelta(days=local.weekday() if bucket == WEEK else 0)
    return int(datetime.combine(day, time(), ZoneInfo(zone)).timestamp())


@given(
    st.sampled_from(ZONES),
    st.integers(1_700_000_000, 1_900_000_000),
    st.sampled_from((2 * HOUR, DAY, 7 * DAY, 60 * DAY, 365 * DAY, 40 * 365 * DAY)),
    st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=20),
)
def test_no_event_is_left_out_of_a_chart(zone: str, last: int, length: int, places: list[float]) -> None:
    over = asked("g", max(last - length, 0), last)
    counts: dict[int, int] = {}
    for place in places:
        at = beginning(over.first + int(place * (over.last - over.first)), over.bucket, zone)
        counts[at] = counts.get(at, 0) + 1
    labels, values = drawn([Point(at, events) for at, events in sorted(counts.items())], over.first, over.last, zone)
    assert len(labels) == len(values) < 2000
    assert sum(values) == len(places)


@pytest.mark.parametrize("zone", ZONES)
def test_days_without_events_are_there_and_days_are_in_a_row(zone: str) -> None:
    first, last = (int(datetime(2026, month, 1, tzinfo=ZoneInfo(zone)).timestamp()) for month in (9, 11))
    labels, values = drawn([Point(first, 3)], first, last, zone)
    assert (len(labels), sum(values)) == (30 + 31, 3)
    assert labels[0] == "Tue 1 Sep"
    days = [int(label.split()[1]) for label in labels]
    assert all(later == earlier + 1 or later == 1 for earlier, later in pairwise(days))


def test_the_hour_that_comes_twice_is_told_apart() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    first, last = (int(datetime(2026, 10, day, tzinfo=berlin).timestamp()) for day in (23, 28))
    labels, _ = drawn([Point(first, 1)], first, last, "Europe/Berlin")
    assert len(labels) == len(set(labels)) == 5 * 24 + 1
    assert labels[50:53] == ["25 Oct 02:00", "25 Oct 02:00 CET", "25 Oct 03:00"]
    first, last = (int(datetime(2027, 3, day, tzinfo=berlin).timestamp()) for day in (26, 31))
    labels, _ = drawn([Point(first, 1)], first, last, "Europe/Berlin")
    assert len(labels) == len(set(labels)) == 5 * 24 - 1
    assert "28 Mar 02:00" not in labels
