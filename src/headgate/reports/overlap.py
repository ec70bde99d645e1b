"""How far sources confirm each other: kept events whose duplicate came from another source, as of pixel and API."""

from __future__ import annotations

from msgspec import Struct

from headgate.reports.span import Asked
from headgate.store.base import Store
from headgate_contract.vocabulary import DEDUP_WINDOW

#: of more accepted events than this one id in so many is looked at: the store has one in sixteen aside
SAMPLES = ((500_000, 16), (4_000_000, 64))


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


def overlap(store: Store, asked: Asked, *, samples: tuple[tuple[int, int], ...] = SAMPLES) -> Overlaps:
    """The overlap of the sources in a range. The source that is asked for plays no part: it takes two."""
    every = {**asked.parameters(), "source": ""}
    rows = store.query("accepted_by_source", every)
    kept = {row["source"]: row["kept"] for row in rows if row["kept"]}
    accepted = sum(row["kept"] + row["duplicate"] for row in rows)
    sample = max((one for more_than, one in samples if accepted > more_than), default=1)
    found: dict[str, int] = {}
    if any(row["duplicate"] for row in rows):
        name = "overlap" if sample == 1 else "sampled_overlap"
        confirmed = store.query(name, {**every, "window": DEDUP_WINDOW, "sample": sample})
        found = {row["source"]: row["confirmed"] * sample for row in confirmed}
    return Overlaps(
        sample, [_overlap(source, count, min(found.get(source, 0), count)) for source, count in sorted(kept.items())]
    )


def _overlap(source: str, kept: int, confirmed: int) -> Overlap:
    return Overlap(source, kept, confirmed, confirmed / kept if kept else 0.0)
