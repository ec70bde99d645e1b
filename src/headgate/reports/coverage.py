"""Which match keys the kept events carry."""

from __future__ import annotations

from msgspec import Struct

from headgate.reports.match_keys import KEYS
from headgate.reports.span import Asked
from headgate.store.base import Store


class Covered(Struct, frozen=True):
    """A match key and how many kept events carry it."""

    match_key: str
    events: int
    #: of all kept events, 0 to 1
    share: float


class Coverage(Struct, frozen=True):
    """Kept events from one source, or from all where it is empty, and what they carry, in the contract's order."""

    source: str
    events: int
    match_keys: list[Covered]


def coverage(store: Store, asked: Asked) -> list[Coverage]:
    """The coverage of all sources together, then of each."""
    rows = [
        (row["source"], row["events"], list(row["carrying"]))
        for row in store.query("key_counts", {**asked.parameters(), "key_count": len(KEYS)})
    ]
    events = sum(row[1] for row in rows)
    carrying = [sum(row[2][place] for row in rows) for place in range(len(KEYS))]
    return [_coverage(*row) for row in (("", events, carrying), *rows)]


def _coverage(source: str, events: int, carrying: list[int]) -> Coverage:
    return Coverage(
        source,
        events,
        [Covered(key, count, count / events if events else 0.0) for key, count in zip(KEYS, carrying, strict=True)],
    )
