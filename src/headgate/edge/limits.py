"""What a worker allows: sizes and times of requests, and how fast a key may send."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from headgate.errors import TooManyRequests
from headgate_contract.vocabulary import BODY_LIMIT

MIB = 1024 * 1024
#: keys whose rates are remembered at once
_KEYS = 10_000
#: bytes of a body that was no batch, which count as one rejected event: it had to be read as carefully
BYTES_AN_EVENT = 1024


class EdgeLimits(NamedTuple):
    """The settings of an edge worker that bound what it takes."""

    #: a body, packed or unpacked, in bytes
    body: int = BODY_LIMIT
    #: all bodies at once, in bytes
    bodies: int = 24 * MIB
    #: seconds to wait for a body
    body_patience: float = 30.0
    #: events a second and key; 0 for no limit
    events_per_second: float = 0.0
    #: rejected events a minute and key; 0 for no limit
    rejected_per_minute: float = 60_000.0
    #: events a second that the pages of a group may send; 0 for no limit
    pixel_events_per_second: float = 1000.0
    #: addresses and networks of proxies whose X-Forwarded-Proto and X-Forwarded-For count
    trusted_proxies: tuple[str, ...] = ()


class Bucket:
    """How much something may be used: `rate` units a second, and up to `burst` units at once.

    What is used is charged afterwards, since only then is it known, and may go into debt; who is in debt waits.
    """

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._level = burst
        self._seen = now

    def wait(self, now: float) -> int:
        """Whole seconds until the debt is paid; 0 where there is none."""
        if self._level <= 0:
            self._refill(now)
        return 0 if self._level > 0 else max(1, math.ceil(-self._level / self._rate))

    def charge(self, units: float, now: float) -> None:
        """Take so many units."""
        self._refill(now)
        self._level -= units

    def _refill(self, now: float) -> None:
        # a clock that was set back gives nothing, and takes nothing
        self._level = min(self._burst, self._level + max(0.0, now - self._seen) * self._rate)
        self._seen = now


class Buckets:
    """A bucket for each of many names, all of one size. `clock` gives seconds."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float]) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._buckets: dict[str, Bucket] = {}

    def wait(self, name: str) -> int:
        """Whole seconds until this one's debt is paid; 0 where there is none."""
        bucket = self._buckets.get(name)
        return bucket.wait(self._clock()) if bucket else 0

    def charge(self, name: str, units: float) -> None:
        """Take so many units of this one's."""
        bucket = self._buckets.get(name)
        if bucket is None:
            if len(self._buckets) >= _KEYS:
                self._buckets.clear()
            bucket = self._buckets[name] = Bucket(self._rate, self._burst, self._clock())
        bucket.charge(units, self._clock())


class _KeyRates(NamedTuple):
    events: Bucket | None
    rejected: Bucket | None


class RateLimits:
    """The rates of every key, in this worker. `clock` gives seconds."""

    def __init__(self, limits: EdgeLimits, clock: Callable[[], float]) -> None:
        self._limits = limits
        self._clock = clock
        self._keys: dict[str, _KeyRates] = {}

    def admit(self, key_id: str) -> None:
        """Raise `TooManyRequests` when this key has to wait."""
        now = self._clock()
        rates = self._rates(key_id)
        if rates.events and (wait := rates.events.wait(now)):
            raise TooManyRequests(wait, f"This key sends more than {self._limits.events_per_second:g} events a second.")
        if rates.rejected and (wait := rates.rejected.wait(now)):
            raise TooManyRequests(
                wait,
                f"More than {self._limits.rejected_per_minute:g} events a minute of this key were rejected. "
                "Look at failed_events in the answers, and try single events on /v1/test_events.",
            )

    def charge(self, key_id: str, received: int, rejected: int) -> None:
        """Count what a request held."""
        rates = self._rates(key_id)
        if rates.events:
            rates.events.charge(received, self._clock())
        if rates.rejected and rejected:
            rates.rejected.charge(rejected, self._clock())

    def _rates(self, key_id: str) -> _KeyRates:
        rates = self._keys.get(key_id)
        if rates is None:
            if len(self._keys) >= _KEYS:
                # forgiving, and rare: an installation of so many keys has other limits
                self._keys.clear()
            rates = self._keys[key_id] = self._fresh_rates()
        return rates

    def _fresh_rates(self) -> _KeyRates:
        now = self._clock()
        a_second, a_minute = self._limits.events_per_second, self._limits.rejected_per_minute
        return _KeyRates(
            Bucket(a_second, a_second, now) if a_second else None,
            Bucket(a_minute / 60, a_minute, now) if a_minute else None,
        )
