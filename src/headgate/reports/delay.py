"""How late events come: from the time that they name to their receipt."""

from __future__ import annotations

from msgspec import Struct

from headgate.reports.span import Asked
from headgate.store.base import Store

#: seconds; the views of the store count how many of them a delay has reached
LIMITS = (0, 10, 60, 600, 3600, 21_600, 86_400, 604_800)
LABELS = (
    "ahead of our clock",
    "under 10 s",
    "10 s to 1 min",
    "1 to 10 min",
    "10 min to 1 h",
    "1 to 6 h",
    "6 to 24 h",
    "1 to 7 days",
    "7 days or more",
)


class Delay(Struct, frozen=True):
    """Kept events that came this late."""

    #: place among the limits; the filter `delay` of the list of events takes it
    delay: int
    label: str
    #: seconds, `at_least` included, `below` not; None: no limit
    at_least: int | None
    below: int | None
    events: int


def place_of(seconds: int) -> int:
    """How many of the limits a delay has reached."""
    return sum(seconds >= limit for limit in LIMITS)


def delays(store: Store, asked: Asked) -> list[Delay]:
    """Kept events by delay, the shortest first; with nothing in it where there was none."""
    found = {row["delay"]: row["events"] for row in store.query("delays", asked.parameters())}
    bounds = (None, *LIMITS, None)
    return [
        Delay(place, label, bounds[place], bounds[place + 1], found.get(place, 0)) for place, label in enumerate(LABELS)
    ]
