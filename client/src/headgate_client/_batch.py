"""Events to the bodies of requests: each event is written as JSON once, and batches are cut by count and bytes."""

from __future__ import annotations

import gzip
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import uuid4

import msgspec
from msgspec import Struct

from headgate_client._options import Options
from headgate_client._outcome import AnyEvent
from headgate_contract.event import Event

#: makes the id of an event that has none
NewId = Callable[[], str]
#: nothing is lost to a level that costs five times the processor time
_GZIP_LEVEL = 1
#: how a number without end, or none at all, is written
_ENDLESS = (b"null", b"NaN", b"Infinity")
_encoder = msgspec.json.Encoder(decimal_format="number")
_decode = msgspec.json.Decoder().decode


class Item(Struct, frozen=True):
    """One event, ready to be sent."""

    #: place in the events given
    index: int
    event_id: str
    #: the event as JSON, with its `event_id`
    text: bytes
    #: the event as given; None where only its text was kept
    event: AnyEvent | None = None

    def given(self) -> AnyEvent:
        """The event as given."""
        decoded: AnyEvent = _decode(self.text) if self.event is None else self.event
        return decoded

    def again(self) -> AnyEvent:
        """The event with its `event_id`, to be sent again."""
        if self.event is None:
            return self.given()
        if isinstance(self.event, Event):
            return msgspec.structs.replace(self.event, event_id=self.event_id)
        return self.event if self.event.get("event_id") else {**self.event, "event_id": self.event_id}


class Unsendable(Struct, frozen=True):
    """An event that cannot stand in a request."""

    index: int
    event_id: str
    event: AnyEvent
    reason: str


def new_id() -> str:
    """A random id for an event."""
    return str(uuid4())


def read_event(index: int, event: Any, limit: int, make_id: NewId) -> Item | Unsendable:
    """Write one event as JSON; `limit` is the most bytes that it may take. The event itself is left as it is."""
    if isinstance(event, Event):
        event_id = event.event_id
    elif isinstance(event, Mapping):
        event_id = event.get("event_id")
    else:
        return Unsendable(index, "", event, "must be an object: a dict, or what event() makes")
    made = None if event_id else make_id()
    shown = made or (event_id if isinstance(event_id, str) else str(event_id))
    try:
        text = _write(event, made)
    except (TypeError, ValueError, RecursionError, OverflowError) as why:
        return Unsendable(index, shown, event, f"cannot be written as JSON: {_short(why)}")
    if len(text) > limit:
        return Unsendable(index, shown, event, f"takes {len(text)} bytes as JSON; a request takes at most {limit}")
    return Item(index, shown, text, event)


def _write(event: Event | Mapping[str, Any], made: str | None) -> bytes:
    if made is not None and isinstance(event, Event):
        event = msgspec.structs.replace(event, event_id=made)
    elif not isinstance(event, Event) and (made is not None or type(event) is not dict):
        event = {**event, "event_id": made} if made is not None else dict(event)
    text = _encoder.encode(event)
    # such a decimal is written as a word that JSON does not have, and a float as nothing, which nobody would miss
    if any(word in text for word in _ENDLESS) and (where := _endless(event)) is not None:
        raise ValueError(f"{where} is a number without end or none at all (inf, nan)")
    return text


def _endless(value: Any, path: str = "") -> str | None:
    """Where a number is that JSON has no word for."""
    if isinstance(value, float | Decimal):
        return None if math.isfinite(value) else path
    if isinstance(value, Struct):
        value = msgspec.structs.asdict(value)
    if isinstance(value, Mapping):
        inner = ((f"{path}.{name}" if path else str(name), one) for name, one in value.items())
    elif isinstance(value, list | tuple):
        inner = ((f"{path}[{place}]", one) for place, one in enumerate(value))
    else:
        return None
    return next((found for where, one in inner if (found := _endless(one, where)) is not None), None)


def _short(why: Exception) -> str:
    return "it is nested too deeply" if isinstance(why, RecursionError) else str(why)[:200]


class Envelope:
    """The frame of a request's body for one event group."""

    def __init__(self, event_group_id: str, options: Options) -> None:
        self._head = b'{"event_group_id":' + msgspec.json.encode(event_group_id) + b',"events":['
        self._options = options
        self.event_group_id = event_group_id
        #: the most bytes that one event may take
        self.event_limit = options.body_limit - len(self._head) - 2

    def body(self, items: Sequence[Item]) -> bytes:
        """The request's body."""
        return b"".join((self._head, b",".join([item.text for item in items]), b"]}"))

    def split(self, items: Iterable[Item]) -> Iterator[list[Item]]:
        """Batches that hold the limits of count and bytes, in order."""
        batch: list[Item] = []
        room = self.event_limit
        for item in items:
            if batch and (len(batch) == self._options.events_per_request or len(item.text) > room):
                yield batch
                batch, room = [], self.event_limit
            batch.append(item)
            room -= len(item.text) + 1
        if batch:
            yield batch

    def compressed(self, body: bytes) -> bytes | None:
        """The body with gzip, where that is wanted."""
        over = self._options.compress_over
        return None if over is None or len(body) <= over else gzip.compress(body, _GZIP_LEVEL, mtime=0)
