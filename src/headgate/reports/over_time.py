"""Events over time: kept ones by name and source, and all by what became of them."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from headgate.reports.span import QUARTER, Asked
from headgate.store.base import Store

OUTCOMES = ("kept", "duplicate", "rejected", "dead")


class Point(Struct, frozen=True):
    """Events of a series in a bucket."""

    #: the bucket's beginning, seconds since 1970; the first one may begin before the range does
    at: int
    events: int


class Series(Struct, frozen=True):
    """Kept events of one name from one source; buckets without any are left out."""

    event_name: str
    source: str
    events: int
    points: list[Point]


class OverTime(Struct, frozen=True):
    """Kept events over time. `bucket` is its length in seconds; days and weeks are those of the time zone."""

    bucket: int
    time_zone: str
    series: list[Series]


class Outcome(Struct, frozen=True):
    """Events with one fate: `kept`, `duplicate`, `rejected` or `dead`."""

    status: str
    events: int
    points: list[Point]


class Outcomes(Struct, frozen=True):
    """All events over time, by what became of them."""

    bucket: int
    time_zone: str
    outcomes: list[Outcome]


def events_over_time(store: Store, asked: Asked, *, time_zone: str = "UTC") -> OverTime:
    """Kept events by name and source, the largest series first. Duplicates count nowhere."""
    bucket = asked.bucket
    name = "events_over_minutes" if bucket < QUARTER else "events_over_time"
    found: dict[tuple[str, str], list[Point]] = {}
    for row in store.query(name, {**asked.parameters(), "bucket": bucket, "zone": time_zone}):
        found.setdefault((row["event_name"], row["source"]), []).append(Point(row["bucket"], row["events"]))
    series = [Series(event_name, source, _sum(points), points) for (event_name, source), points in found.items()]
    return OverTime(bucket, time_zone, sorted(series, key=lambda one: (-one.events, one.event_name, one.source)))


def outcomes_over_time(store: Store, asked: Asked, *, time_zone: str = "UTC") -> Outcomes:
    """Events by what became of them, in buckets of a quarter of an hour or more."""
    bucket = max(asked.bucket, QUARTER)
    found: dict[str, list[Point]] = {status: [] for status in OUTCOMES}
    parameters: dict[str, Any] = {**asked.parameters(), "bucket": bucket, "zone": time_zone}
    for row in store.query("outcomes_over_time", parameters):
        found[row["status"]].append(Point(row["bucket"], row["events"]))
    return Outcomes(bucket, time_zone, [Outcome(status, _sum(points), points) for status, points in found.items()])


def _sum(points: list[Point]) -> int:
    return sum(point.events for point in points)
