"""What a report is asked for: a stretch of time of one event group, perhaps of one event name or source only.

Time is that of receipt, for every report: so that what the pages show adds up, and no number changes once its time is over.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

MINUTE = 60
#: what is added up is added up by this: hours and days of every time zone are made of quarters of an hour
QUARTER = 900
HOUR = 3600
DAY = 86_400
WEEK = 604_800
#: ClickHouse's DateTime ends here
LAST = 2**32 - 1
#: up to how many seconds of a range (left) a chart has how many seconds a bucket (right)
BUCKETS = (
    (2 * HOUR, MINUTE),
    (8 * HOUR, 5 * MINUTE),
    (2 * DAY, QUARTER),
    (8 * DAY, HOUR),
    (200 * DAY, DAY),
)


class Asked(Struct, frozen=True, kw_only=True):
    """A range and what is looked at in it. Seconds since 1970; `last` is not included any more."""

    event_group_id: str
    first: int
    last: int
    #: empty: all of them
    event_name: str = ""
    source: str = ""

    def parameters(self) -> dict[str, Any]:
        """As the named queries take them."""
        return {
            "event_group_id": self.event_group_id,
            "first": self.first,
            "last": self.last,
            "event_name": self.event_name,
            "source": self.source,
        }

    @property
    def bucket(self) -> int:
        """Seconds of a bucket of a chart over this range."""
        length = self.last - self.first
        return next((bucket for longest, bucket in BUCKETS if length <= longest), WEEK)


def asked(event_group_id: str, first: int, last: int, event_name: str = "", source: str = "") -> Asked:
    """The range in whole quarters of an hour that holds everything from `first` to `last` (seconds since 1970)."""
    first = min(max(first // QUARTER * QUARTER, 0), LAST // QUARTER * QUARTER)
    last = min(-(-last // QUARTER) * QUARTER, LAST // QUARTER * QUARTER)
    return Asked(
        event_group_id=event_group_id, first=first, last=max(last, first), event_name=event_name, source=source
    )
