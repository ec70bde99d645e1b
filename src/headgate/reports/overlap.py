"""How far sources confirm each other: kept events whose duplicate came from another source, as of pixel and API."""

from __future__ import annotations

from msgspec import Struct

from headgate.reports.span import Asked
from headgate.store.base import Store
from headgate_contract.vocabulary import DEDUP_WINDOW

#: about so many duplicates are looked at; of more, those whose deduplication key takes a power of two as a factor
ENOUGH = 100_000


class Overlap(Struct, frozen=True):
    """Kept events from one source, and how many have a duplicate from another within the window."""

    source: str
    kept: int
    confirmed: int
    #: 0 to 1
    share: float


class Overlaps(Struct, frozen=True):
    """The overlap by source. One id in `sample` was looked at: with 1 the counts are exact, else estimates."""

    sample: int
    sources: list[Overlap]


def overlap(store: Store, asked: Asked, *, enough: int = ENOUGH) -> Overlaps:
    """The overlap of the sources in a range. The source that is asked for plays no part: it takes two."""
    every = {**asked.parameters(), "source": ""}
    kept, duplicates = _counts(store, every)
    sample = 1
    while duplicates // sample > enough:
        sample *= 2
    found = {}
    if len(kept) > 1 or duplicates:
        rows = store.query("overlap", {**every, "sample": sample, "window": DEDUP_WINDOW})
        found = {row["source"]: row["confirmed"] * sample for row in rows}
    return Overlaps(
        sample, [_overlap(source, count, min(found.get(source, 0), count)) for source, count in sorted(kept.items())]
    )


def _overlap(source: str, kept: int, confirmed: int) -> Overlap:
    return Overlap(source, kept, confirmed, confirmed / kept if kept else 0.0)


def _counts(store: Store, parameters: dict[str, object]) -> tuple[dict[str, int], int]:
    kept: dict[str, int] = {}
    duplicates = 0
    for row in store.query("accepted_by_source", parameters):
        if row["kept"]:
            kept[row["source"]] = row["kept"]
        duplicates += row["duplicate"]
    return kept, duplicates
