"""The numbers on top: what was received and what became of it, and the share under limited data use."""

from __future__ import annotations

from msgspec import Struct

from headgate.reports.span import Asked
from headgate.store.base import Store


class Totals(Struct, frozen=True):
    """Events of a range. `received` = `accepted` + `rejected`, `accepted` = `kept` + `duplicate` + `dead`."""

    received: int
    accepted: int
    rejected: int
    kept: int
    duplicate: int
    dead: int
    #: of the kept ones
    limited_data_use: int


class Choice(Struct, frozen=True):
    """An event name or source that there is something of."""

    value: str
    #: accepted ones
    events: int


class Choices(Struct, frozen=True):
    """What a range can be narrowed down to."""

    event_names: list[Choice]
    sources: list[Choice]


def totals(store: Store, asked: Asked) -> Totals:
    """What became of the events of a range."""
    found = {
        (row["status"], row["limited_data_use"]): row["events"] for row in store.query("totals", asked.parameters())
    }

    def count(status: str) -> int:
        return sum(events for (one, _), events in found.items() if one == status)

    kept, duplicate, dead, rejected = map(count, ("kept", "duplicate", "dead", "rejected"))
    accepted = kept + duplicate + dead
    return Totals(
        received=accepted + rejected,
        accepted=accepted,
        rejected=rejected,
        kept=kept,
        duplicate=duplicate,
        dead=dead,
        limited_data_use=found.get(("kept", True), 0),
    )


def choices(store: Store, asked: Asked) -> Choices:
    """Which names and sources there are in a range, whichever it is narrowed to; the most frequent first."""
    names: dict[str, int] = {}
    sources: dict[str, int] = {}
    for row in store.query("names_and_sources", asked.parameters()):
        names[row["event_name"]] = names.get(row["event_name"], 0) + row["events"]
        sources[row["source"]] = sources.get(row["source"], 0) + row["events"]
    return Choices(_ordered(names), _ordered(sources))


def _ordered(found: dict[str, int]) -> list[Choice]:
    return [Choice(value, events) for value, events in sorted(found.items(), key=lambda item: (-item[1], item[0]))]
