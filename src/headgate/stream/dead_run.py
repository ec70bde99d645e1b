"""How many dead letters came in a row: past a limit the core stops rather than divert every record."""

from __future__ import annotations

from collections.abc import Iterable

from headgate.errors import CoreStopped
from headgate.stream.pipeline import Folded


class DeadRun:
    """Counts across blocks. Any conversion, kept or duplicate, ends a run."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._behind = 0

    def check(self, folded: Folded) -> None:
        """Raise `CoreStopped` when the block would make the run too long. The block is not counted yet."""
        longest, _ = self._follow(folded)
        if longest > self._limit:
            reasons = ", ".join(sorted({f"{letter.reason} ({letter.detail})" for letter in folded.dead[:100]})[:5])
            raise CoreStopped(
                f"{longest} records in a row became dead letters, more than {self._limit}: {reasons}. "
                "Nothing of this block was loaded; it is taken again at the next start."
            )

    def count(self, folded: Folded) -> None:
        """Go on behind a block that was loaded."""
        _, self._behind = self._follow(folded)

    def resume(self, earlier: Iterable[tuple[int, int]]) -> None:
        """Take up the run of an earlier process: (conversions, dead letters) of its blocks, the newest first."""
        for conversions, dead in earlier:
            if conversions or self._behind > self._limit:
                break
            self._behind += dead

    def _follow(self, folded: Folded) -> tuple[int, int]:
        longest = behind = self._behind
        if not folded.dead:
            return longest, 0 if folded.conversions else behind
        dead = {letter.place for letter in folded.dead}
        for place in range(len(folded.conversions) + len(folded.dead)):
            behind = behind + 1 if place in dead else 0
            longest = max(longest, behind)
        return longest, behind
