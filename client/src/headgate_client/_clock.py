"""The clock doctor: event times in the wrong unit, the wrong zone or the wrong century."""

from __future__ import annotations

from collections.abc import Iterable

from headgate_client._finding import Finding
from headgate_client._outcome import AnyEvent


def check_times(events: Iterable[AnyEvent], now: float) -> list[Finding]:
    """What is wrong with the `event_time` of these events; `now` is in seconds since 1970, UTC."""
    return []
