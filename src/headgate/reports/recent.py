"""The newest part of a range: what is looked at row by row, where all of it would take too long.

Events that name a time more than a day before it are left out there: they lie scattered over all of the store.
"""

from __future__ import annotations

import msgspec

from headgate.reports.span import Asked
from headgate.store.base import Store

#: rows that a diagnosis looks at, give or take a quarter of an hour
ENOUGH = 50_000


def newest_part(store: Store, asked: Asked, *, enough: int = ENOUGH) -> Asked:
    """The range, or where it holds more than `enough` accepted events, as many of its newest quarters of an hour as do."""
    total = 0
    # names and sources are narrowed down by what looks at the rows, which reads them all the same
    for row in store.query("quarters", {**asked.parameters(), "event_name": "", "source": "", "status": ""}):
        total += row["events"]
        if total >= enough:
            return msgspec.structs.replace(asked, first=max(row["quarter"], asked.first))
    return asked
