"""Reports as options of ECharts; colours and type come from the style sheet, in `charts.js`."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from headgate.reports.delay import Delay
from headgate.reports.over_time import Outcomes, OverTime, Point
from headgate.reports.span import DAY, HOUR

#: from so many buckets on there is a slider to zoom with
_ZOOMED = 40


def events_option(found: OverTime) -> dict[str, Any]:
    """Kept events, stacked by name and source."""
    several = len({series.source for series in found.series}) > 1
    named = [(f"{one.event_name} · {one.source}" if several else one.event_name, one.points) for one in found.series]
    return _stacked(named, found.bucket, found.time_zone)


def outcomes_option(found: Outcomes) -> dict[str, Any]:
    """Events stacked by what became of them, in fixed colours."""
    named = [(one.status, one.points) for one in found.outcomes if one.events]
    option = _stacked(named, found.bucket, found.time_zone)
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


def label(at: int, bucket: int, time_zone: str) -> str:
    """The beginning of a bucket in words, by the clock of the time zone."""
    local = datetime.fromtimestamp(at, ZoneInfo(time_zone))
    if bucket >= DAY:
        return f"{local:%a} {local.day} {local:%b}"
    return f"{local.day} {local:%b %H:%M}" if bucket < HOUR or local.minute else f"{local.day} {local:%b %H}:00"


def _stacked(named: list[tuple[str, list[Point]]], bucket: int, time_zone: str) -> dict[str, Any]:
    times = sorted({point.at for _, points in named for point in points})
    if times and bucket < DAY:
        # gaps are seen as gaps; days and weeks differ in length where the clock is changed, and are rarely without events
        times = list(range(times[0], times[-1] + 1, bucket))
    zoom = [{"type": "inside"}]
    if len(times) >= _ZOOMED:
        zoom.append({"type": "slider"})
    return {
        "tooltip": {},
        "legend": {},
        "xAxis": {"type": "category", "data": [label(at, bucket, time_zone) for at in times]},
        "yAxis": {"type": "value", "minInterval": 1},
        "dataZoom": zoom,
        "series": [
            {"name": name, "type": "bar", "stack": "all", "data": _values(points, times)} for name, points in named
        ],
    }


def _values(points: list[Point], times: list[int]) -> list[int]:
    found = {point.at: point.events for point in points}
    return [found.get(at, 0) for at in times]
