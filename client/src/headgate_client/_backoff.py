"""How long to wait before a request is sent again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from headgate_client._options import Retries

#: exponents beyond this would only overflow
_DOUBLINGS = 60


class Surroundings(NamedTuple):
    """What the flow may ask of the world; tests hand in their own."""

    #: seconds, from any start, never going back
    monotonic: Callable[[], float]
    #: seconds since 1970, UTC
    now: Callable[[], float]
    #: a number of [0, 1)
    random: Callable[[], float]
    #: the id of an event that has none
    new_id: Callable[[], str]


def wait_before(attempt: int, retries: Retries, random: float, retry_after: float | None) -> float:
    """Seconds to wait before attempt number `attempt` (2 or more): full jitter, and never less than `retry_after`."""
    longest: float = min(retries.longest_wait, retries.first_wait * 2.0 ** min(attempt - 2, _DOUBLINGS))
    return max(longest * random, retry_after or 0.0)


def read_retry_after(value: str | None, now: float) -> float | None:
    """Seconds that a `Retry-After` header asks for, in either of its forms; None where it cannot be read."""
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value[:12])
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return None
    if moment.tzinfo is None:
        # "-0000": UTC, of an unknown place
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, moment.timestamp() - now)
