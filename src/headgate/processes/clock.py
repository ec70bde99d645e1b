"""The clock that processes hand to their parts."""

from __future__ import annotations

import time


def now_microseconds() -> int:
    """Microseconds since 1970, UTC: the clock of requests and of the log."""
    return time.time_ns() // 1000
