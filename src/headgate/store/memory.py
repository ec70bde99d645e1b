"""The store's twin in memory: loads and deduplication keys, but no queries. For tests and trials."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from headgate.errors import RowsRefused, StoreFailed, StoreUnavailable
from headgate.store.base import EVER, Kept

#: tables whose rows are not deleted by age
LASTING = ("conversions", "dead_letters", "tallies")
MINUTE = 60
_HALF = 2**64


def refuse_nothing(_table: str, _row: dict[str, Any]) -> str | None:
    """Every row is good."""
    return None


class MemoryStore:
    """Rows in lists.

    `refuses` gives the reason why a row cannot be taken, or None. While `failures` is above zero a load fails with
    `failure`, and counts it down. `oddly`: what refuses a row fails as if it might be the store.
    """

    def __init__(self, refuses: Callable[[str, dict[str, Any]], str | None] = refuse_nothing) -> None:
        self.refuses = refuses
        self.failures = 0
        self.failure: type[StoreUnavailable] = StoreUnavailable
        self.oddly = False
        self.tables: dict[str, list[dict[str, Any]]] = {}
        self.asked = 0
        self._tokens: set[tuple[str, str]] = set()

    def migrate(self) -> None:
        """There is no schema."""

    def load(self, table: str, lines: Sequence[bytes], token: str) -> None:
        """Add rows, all of them or none; a second load with this token changes nothing."""
        if self.failures:
            self.failures -= 1
            raise self.failure
        if (table, token) in self._tokens:
            return
        if refused := self._refused(table, lines):
            raise (StoreFailed if self.oddly else RowsRefused)(next(iter(refused.values())))
        self.tables.setdefault(table, []).extend(msgspec.json.decode(line) for line in lines)
        self._tokens.add((table, token))

    def refused(self, table: str, lines: Sequence[bytes]) -> Mapping[int, str]:
        """Place -> reason of each line that `load` would not take."""
        if self.failures:
            raise self.failure
        return self._refused(table, lines)

    def rows_of(self, table: str, block: int) -> int:
        """How many rows of a block the table holds."""
        return sum(row["block"] == block for row in self.tables.get(table, []))

    def added_up(self, table: str, block: int) -> bool:  # noqa: ARG002
        """Nothing is added up."""
        return True

    def newest_block(self) -> int:
        """The highest block of which anything lasting is there."""
        tables = (self.tables.get(table, []) for table in LASTING)
        return max((row["block"] for rows in tables for row in rows), default=0)

    def whole_blocks(self, last: int) -> int:
        """How many of the blocks 1 to `last` have a tally."""
        return len({row["block"] for row in self.tables.get("tallies", []) if row["block"] <= last})

    def kept_keys(self, keys: Sequence[int], first: int, last: int, before_block: int) -> Kept:
        """Kept conversions with one of these keys and an event time in the range."""
        self.asked += 1
        wanted = set(keys)
        kept = self._kept(before_block)
        return _columns(((key, time) for key, time in kept if key in wanted and first <= time <= last), EVER)

    def newest_kept(self, limit: int, before_block: int) -> Kept:
        """The kept conversions with the highest event times: as many whole minutes as the limit takes."""
        kept = self._kept(before_block)
        total = 0
        for minute, count in sorted(Counter(time // MINUTE for _, time in kept).items(), reverse=True):
            total += count
            if total > limit:
                since = (minute + 1) * MINUTE
                return _columns(((key, time) for key, time in kept if time >= since), since)
        return _columns(kept, EVER)

    def query(self, name: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Raise: the twin knows no SQL."""
        raise NotImplementedError(f"the store in memory cannot run {name!r} {parameters or ''}")

    def close(self) -> None:
        """Nothing is open."""

    def _refused(self, table: str, lines: Sequence[bytes]) -> Mapping[int, str]:
        reasons = ((place, self._reason(table, line)) for place, line in enumerate(lines))
        return {place: reason for place, reason in reasons if reason is not None}

    def _reason(self, table: str, line: bytes) -> str | None:
        try:
            row = msgspec.json.decode(line)
        except msgspec.DecodeError as error:
            return str(error)
        return self.refuses(table, row)

    def _kept(self, before_block: int) -> list[tuple[int, int]]:
        return [
            (int(row["dedup_key"]), row["event_time"])
            for row in self.tables.get("conversions", [])
            if row["status"] == "kept" and int(row["dedup_key"]) and row["block"] < before_block
        ]


def _columns(kept: Iterable[tuple[int, int]], since: int) -> Kept:
    pairs = list(kept)
    return Kept(
        np.array([key // _HALF for key, _ in pairs], np.uint64),
        np.array([key % _HALF for key, _ in pairs], np.uint64),
        np.array([time for _, time in pairs], np.int64),
        since=since,
    )
