"""When a queue sends, and what it does when it is full: frozen values."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from headgate_client._errors import InvalidOption
from headgate_client._outcome import AnyEvent

_MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Batching:
    """A batch goes out when it holds that many events or bytes, or when its oldest event has waited that long."""

    events: int = 1000
    #: bytes of events as JSON
    bytes: int = 4 * _MEBIBYTE
    #: seconds
    age: float = 1.0

    def __post_init__(self) -> None:
        if self.events < 1 or self.bytes < 1:
            raise InvalidOption("Batching takes at least one event and one byte")
        if not (math.isfinite(self.age) and self.age >= 0):
            raise InvalidOption(f"age is {self.age}; it must be a number of seconds, not negative")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Hold events in memory; when full, `put` waits for room."""

    events: int = 100_000
    #: bytes of events as JSON
    bytes: int = 64 * _MEBIBYTE
    #: seconds that `put` waits before it raises `QueueFull`; None for as long as it takes
    timeout: float | None = None

    def __post_init__(self) -> None:
        _check_bounds(self.events, self.bytes)
        if self.timeout is not None and not self.timeout >= 0:
            raise InvalidOption(f"timeout is {self.timeout}; it must be a number of seconds, or None for no bound")


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """Hold events in memory; when full, an event that is put is dropped, counted and handed to `on_drop`."""

    on_drop: Callable[[AnyEvent], None] | None = None
    events: int = 100_000
    #: bytes of events as JSON
    bytes: int = 64 * _MEBIBYTE

    def __post_init__(self) -> None:
        _check_bounds(self.events, self.bytes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spill:
    """Hold events in an SQLite file, each from `put` until the server has answered for it.

    They outlive the process: a new queue on the same file sends what is left. One queue at a time. Raw personal
    values are hashed before they are written. When the file is full, `put` raises `QueueFull`.
    """

    path: Path
    events: int = 10_000_000
    #: bytes of events as JSON
    bytes: int = 1024 * _MEBIBYTE

    def __post_init__(self) -> None:
        _check_bounds(self.events, self.bytes)


#: what a queue does when it is full
Full = Block | Drop | Spill


def _check_bounds(events: int, size: int) -> None:
    if events < 1 or size < 1:
        raise InvalidOption("a queue holds at least one event and one byte")
