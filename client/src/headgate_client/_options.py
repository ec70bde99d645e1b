"""How a client sends: frozen values, checked when they are made."""

from __future__ import annotations

import math

from msgspec import Struct

from headgate_client._errors import InvalidOption
from headgate_contract.vocabulary import BODY_LIMIT, EVENTS_PER_REQUEST

_MARGIN = 256 * 1024


class Retries(Struct, frozen=True, kw_only=True):
    """When a request is sent again, and when it is given up.

    The wait before attempt *n + 1* is random between 0 and `first_wait * 2**(n - 1)` seconds, at most `longest_wait`
    (full jitter); a `Retry-After` that asks for more is waited for.
    """

    #: attempts a request, the first one included; None for no bound
    attempts: int | None = 8
    #: seconds
    first_wait: float = 0.5
    #: seconds
    longest_wait: float = 30.0
    #: seconds from a request's first attempt, after which no other one is begun; None for no bound
    deadline: float | None = 120.0

    def __post_init__(self) -> None:
        if self.attempts is not None and self.attempts < 1:
            raise InvalidOption(f"attempts is {self.attempts}; it must be at least 1, or None for no bound")
        for option in ("first_wait", "longest_wait", "deadline"):
            seconds = getattr(self, option)
            if seconds is not None and not (math.isfinite(seconds) and seconds >= 0):
                raise InvalidOption(f"{option} is {seconds}; it must be a number of seconds, not negative")


class Options(Struct, frozen=True, kw_only=True):
    """How a client sends."""

    retries: Retries = Retries()
    #: seconds to make a connection
    connect_timeout: float = 5.0
    #: seconds without a byte, after which a request counts as unanswered
    timeout: float = 30.0
    #: a request takes no more, whatever the number of events given
    events_per_request: int = EVENTS_PER_REQUEST
    #: bytes of a request's body before compression
    body_limit: int = BODY_LIMIT - _MARGIN
    #: bodies of more bytes than this are sent with gzip; None for never
    compress_over: int | None = 4096

    def __post_init__(self) -> None:
        for option in ("connect_timeout", "timeout"):
            seconds = getattr(self, option)
            if not (math.isfinite(seconds) and seconds > 0):
                raise InvalidOption(f"{option} is {seconds}; it must be a number of seconds over 0")
        if not 1 <= self.events_per_request <= EVENTS_PER_REQUEST:
            raise InvalidOption(
                f"events_per_request is {self.events_per_request}; it must be 1 to {EVENTS_PER_REQUEST}"
            )
        if self.body_limit < _MARGIN // 64:
            raise InvalidOption(f"body_limit is {self.body_limit}; it must be at least {_MARGIN // 64} bytes")
        if self.compress_over is not None and self.compress_over < 0:
            raise InvalidOption(
                f"compress_over is {self.compress_over}; it must be a number of bytes, or None for never"
            )
