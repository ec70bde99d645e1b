"""A clock that stands still until it is told to move."""

from __future__ import annotations

import time


class FrozenClock:
    """Seconds since 1970, UTC. Starts at the moment it is made, unless told otherwise."""

    def __init__(self, now: float | None = None) -> None:
        self.now = float(int(time.time())) if now is None else float(now)

    def __call__(self) -> float:
        """What the clock shows."""
        return self.now

    def move(self, seconds: float) -> float:
        """Move on by so many seconds, or back by a negative number; gives the new time."""
        self.now += seconds
        return self.now

    def set(self, now: float) -> None:
        """Show this time from now on."""
        self.now = float(now)
