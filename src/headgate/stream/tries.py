"""How often in a row the store failed without a known reason: past a limit the core looks for the row, then stops."""

from __future__ import annotations

from headgate.errors import CoreStopped, StoreFailed


class Tries:
    """Counts. A store that merely cannot be reached is not counted: it is waited for."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._failed = 0

    @property
    def used_up(self) -> bool:
        """Whether the next try is the last: with it, rows that the store fails on are set aside."""
        return self._failed >= self._limit

    def count(self, error: StoreFailed) -> None:
        """One more failed. Raises `CoreStopped` when it was the last."""
        if self.used_up:
            raise CoreStopped(
                f"the store failed {self._failed + 1} times in a row, and not on single rows: {error}. "
                "Nothing is lost; what is not loaded is taken again at the next start."
            ) from error
        self._failed += 1

    def clear(self) -> None:
        """One worked."""
        self._failed = 0
