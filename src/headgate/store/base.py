"""The store's seam: derived state, made again from the log at any time (`headgate rebuild`).

Tables, in `sql/schema.sql`: `conversions` (kept and duplicate), `dead_letters`, `rejections`, `test_events`, `tallies`
(received, accepted and rejected, added up by block, event group, key, source and hour; every block has one).
Every row carries `block`, the number of the stretch of log that it came from. What is added up from these rows for the
console (`quarter_hours`, `key_sets`) the store does by itself, with each load and by its token.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

#: before any event time
EVER = -(2**62)


class Kept(NamedTuple):
    """Kept conversions with an event id, as columns of one length."""

    #: 128-bit deduplication keys, high and low half
    high: npt.NDArray[np.uint64]
    low: npt.NDArray[np.uint64]
    #: event time, seconds since 1970
    time: npt.NDArray[np.int64]
    #: no kept conversion with this event time or a later one is left out; `EVER` where none is at all
    since: int


class Store(Protocol):
    """What the core and the reports ask of a store. One writer; queries may run beside it, from other threads."""

    def migrate(self) -> None:
        """Bring the tables to this version's schema. Safe to call at every start."""

    def load(self, table: str, lines: Sequence[bytes], token: str) -> None:
        """Add rows, each a JSON object with `table`'s column names: all of them or none, durable on return.

        A second load with the same `token` and the same lines changes nothing. Raises `RowsRefused` when the rows
        themselves are at fault and `StoreUnavailable` when the same load may work later; `StoreFailed` when it is
        not known which.
        """

    def refused(self, table: str, lines: Sequence[bytes]) -> Mapping[int, str]:
        """Place -> reason of each line that `load` would refuse, or fail on again while it takes others.

        Changes nothing. Raises `StoreUnavailable`, and `StoreFailed` when it is not the lines that it fails on.
        """

    def rows_of(self, table: str, block: int) -> int:
        """How many rows of a block the table holds."""

    def added_up(self, table: str, block: int) -> bool:
        """Whether what is added up from a table holds all rows of this block, the newest, that are in the table.

        A load that was cut short may have left it out; the same load again makes it whole.
        """

    def newest_block(self) -> int:
        """The highest block of which anything is there that is not deleted by age; 0 in an empty store."""

    def whole_blocks(self, last: int) -> int:
        """How many of the blocks 1 to `last` are there whole: those with a tally, which is loaded last."""

    def kept_keys(self, keys: Sequence[int], first: int, last: int, before_block: int) -> Kept:
        """Kept conversions with one of these 128-bit keys and an event time in [`first`, `last`], seconds.

        Only rows of blocks below `before_block`: a block that is being loaded again must not meet its own rows.
        """

    def newest_kept(self, limit: int, before_block: int) -> Kept:
        """The kept conversions with the highest event times, of blocks below `before_block`: up to `limit` of them.

        As many as can be told apart by the minute: `since` says from which event time on none is left out.
        """

    def query(self, name: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Run the named query of `sql/queries.sql`; rows as column -> value."""

    def close(self) -> None:
        """Let go of the store."""
