"""Reports as options of ECharts; colours and type come from the style sheet, in `charts.js`."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from headgate.desk.rendering import zone_name
from headgate.reports.delay import Delay
from headgate.reports.over_time import Outcomes, OverTime, Point
from headgate.reports.span import DAY, HOUR, Asked

#: from so many buckets on there is a slider to zoom with
_ZOOMED = 40
#: buckets of a chart at most; a longer range is drawn from its first event to its last
_MOST = 800
MIDNIGHT = time()


def events_option(found: OverTime, asked: Asked) -> dict[str, Any]:
    """Kept events, stacked by name and source."""
    several = len({series.source for series in found.series}) > 1
    named = [(f"{one.event_name} · {one.source}" if several else one.event_name, one.points) for one in found.series]
    return _stacked(named, asked, found.bucket, ZoneInfo(found.time_zone))


def outcomes_option(found: Outcomes, asked: Asked) -> dict[str, Any]:
    """Events stacked by what became of them, in fixed colours."""
    named = [(one.status, one.points) for one in found.outcomes if one.events]
    option = _stacked(named, asked, found.bucket, ZoneInfo(found.time_zone))
    tokens = {"kept": "--series-1", "duplicate": "--series-6", "rejected": "--series-4", "dead": "--series-7"}
    for series in option["series"]:
        series["token"] = tokens[series["name"]]
    return option


def delays_option(found: list[Delay]) -> dict[str, Any]:
    """Bars by delay."""
    return {
        "tooltip": {},
        "xAxis": {"type": "value", "minInterval": 1, "splitNumber": 3},
        "yAxis": {"type": "category", "inverse": True, "data": [one.label for one in found]},
        "series": [{"name": "kept events", "type": "bar", "data": [one.events for one in found]}],
    }


def label(at: int, bucket: int, zone: ZoneInfo) -> str:
    """The beginning of a bucket in words, by the clock of the time zone."""
    local = datetime.fromtimestamp(at, zone)
    if bucket >= DAY:
        return f"{local:%a} {local.day} {local:%b}"
    hour = f"{local:%H:%M}" if bucket < HOUR or local.minute else f"{local:%H}:00"
    # in the night in which clocks go back, an hour comes twice
    return f"{local.day} {local:%b} {hour}{f' {zone_name(local)}' if local.fold else ''}"


def _stacked(named: list[tuple[str, list[Point]]], asked: Asked, bucket: int, zone: ZoneInfo) -> dict[str, Any]:
    times = _times({point.at for _, points in named for point in points}, asked, bucket, zone)
    zoom = [{"type": "inside"}]
    if len(times) >= _ZOOMED:
        zoom.append({"type": "slider"})
    return {
        "tooltip": {},
        "legend": {},
        "xAxis": {"type": "category", "data": [label(at, bucket, zone) for at in times]},
        "yAxis": {"type": "value", "minInterval": 1},
        "dataZoom": zoom,
        "series": [
            {"name": name, "type": "bar", "stack": "all", "data": _values(points, times)} for name, points in named
        ],
    }


def _times(found: set[int], asked: Asked, bucket: int, zone: ZoneInfo) -> list[int]:
    """The beginnings of all buckets of the range, so that a gap is seen as one; those with events are there in any case."""
    if not found:
        return []
    first, last = asked.first, asked.last
    if (last - first) // bucket > _MOST:
        first, last = max(first, min(found)), min(last, max(found) + bucket)
    if bucket < DAY:
        # hours begin where those do that have events: not all zones are whole hours from UTC
        begin = first - (first - min(found)) % bucket
        return sorted(found.union(range(begin, last, bucket)))
    day, days = datetime.fromtimestamp(first, zone).date(), timedelta(days=bucket // DAY)
    if bucket > DAY:
        day -= timedelta(days=day.weekday())
    while (at := int(datetime.combine(day, MIDNIGHT, zone).timestamp())) < last and len(found) <= 2 * _MOST:
        found.add(at)
        day += days
    return sorted(found)


def _values(points: list[Point], times: list[int]) -> list[int]:
    found = {point.at: point.events for point in points}
    return [found.get(at, 0) for at in times]
