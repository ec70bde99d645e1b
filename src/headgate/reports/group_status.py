"""How event groups do: by source when the last event came, at what rate, with which match keys; and the last day."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from headgate.reports.match_keys import names
from headgate.reports.span import DAY, HOUR, QUARTER
from headgate.store.base import Store

HOURS = 24


class SourceStatus(Struct, frozen=True):
    """One source of a group."""

    source: str
    #: microseconds since 1970
    last_received_at: int
    #: of the last 24 hours
    kept: int
    rejected: int
    #: accepted events a minute over the last hour of whole quarters
    per_minute: float
    #: carried by any kept event of the last 24 hours
    match_keys: list[str]


class GroupStatus(Struct, frozen=True):
    """One event group. `hours` are kept events of the last 24 hours, the present one last; `first_hour` begins them."""

    event_group_id: str
    #: where the last 24 hours, in whole quarters, begin and end; seconds since 1970
    first: int
    last: int
    sources: list[SourceStatus]
    first_hour: int
    hours: list[int]

    @property
    def kept(self) -> int:
        """Kept events of the last 24 hours, by source."""
        return sum(one.kept for one in self.sources)


def group_status(store: Store, event_group_ids: Sequence[str], *, now: int) -> list[GroupStatus]:
    """The state of these groups, in their order. `now` in seconds since 1970."""
    quarter = now // QUARTER * QUARTER
    first_hour = now // HOUR * HOUR - (HOURS - 1) * HOUR
    day = quarter + QUARTER - DAY
    asked = {"event_group_ids": list(event_group_ids), "day": day}
    carried = {(row["event_group_id"], row["source"]): row["match_keys"] for row in store.query("group_keys", asked)}
    sources: dict[str, list[SourceStatus]] = {}
    for row in store.query("group_status", {**asked, "now": quarter, "hour": quarter - HOUR}):
        group, source = row["event_group_id"], row["source"]
        sources.setdefault(group, []).append(
            SourceStatus(
                source,
                row["last_received_at"],
                row["day_kept"],
                row["day_rejected"],
                row["hour_accepted"] / 60,
                names(carried.get((group, source), 0)),
            )
        )
    hours = {group: [0] * HOURS for group in event_group_ids}
    for row in store.query("group_hours", {**asked, "day": first_hour}):
        if 0 <= (place := (row["hour"] - first_hour) // HOUR) < HOURS:
            hours[row["event_group_id"]][place] = row["events"]
    return [
        GroupStatus(group, day, day + DAY, sources.get(group, []), first_hour, hours[group])
        for group in event_group_ids
    ]
