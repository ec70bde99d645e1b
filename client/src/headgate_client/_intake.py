"""What is put into a queue: written as JSON, freed of raw personal values where it goes to disk, and taken or not."""

from __future__ import annotations

from typing import Literal, NamedTuple

from headgate_client._batch import Item, Unsendable, read_event
from headgate_client._errors import QueueFull
from headgate_client._flow import Route, unsendable
from headgate_client._outcome import AnyEvent, Rejected
from headgate_client._policy import Block, Drop, Full, Spill
from headgate_client._private import for_disk
from headgate_client._report import Ledger
from headgate_client._shelf import MemoryShelf, Shelf

#: seconds; how long one sleeps at a time that waits for room without end
_LONG = 3600.0


class Again(NamedTuple):
    """There is no room; it may be worth to try again once something changed, or so many seconds have passed."""

    seconds: float


#: what became of an event that was put
Verdict = Literal["taken", "rejected", "dropped"]


def open_shelf(full: Full, event_group_id: str) -> Shelf:
    """Where the events of a queue are held. Raises `SpillUnusable`."""
    if not isinstance(full, Spill):
        return MemoryShelf()
    from headgate_client._spill import SpillShelf  # noqa: PLC0415 - the database's module is not for everybody

    return SpillShelf(full.path, event_group_id)


class Intake:
    """The door of a queue."""

    def __init__(self, route: Route, shelf: Shelf, full: Full, ledger: Ledger) -> None:
        self._world = route.surroundings
        self._limit = route.envelope.event_limit
        self._shelf = shelf
        self._full = full
        self._ledger = ledger

    def read(self, event: AnyEvent) -> Item | Rejected:
        """The event as it will be held, or why it cannot be sent. Touches nothing of the queue."""
        item = read_event(-1, event, self._limit, self._world.new_id)
        if isinstance(item, Unsendable):
            return unsendable(item)
        if not self._shelf.lasting:
            return Item(-1, item.event_id, item.text)
        text, errors = for_disk(item.text)
        if errors:
            return Rejected(index=-1, event_id=item.event_id, errors=errors, event=event)
        return Item(-1, item.event_id, text)

    def offer(self, item: Item | Rejected, since: float) -> Verdict | Again:
        """Take what a caller has been offering `since` (monotonic). Raises `QueueFull`, `SpillUnusable`."""
        if isinstance(item, Rejected):
            self._ledger.put += 1
            self._ledger.reject([item])
            return "rejected"
        if self._has_room(len(item.text)):
            self._shelf.add(item, self._world.now())
            self._ledger.put += 1
            return "taken"
        if isinstance(self._full, Drop):
            self._ledger.put += 1
            self._ledger.dropped += 1
            return "dropped"
        if (left := self._patience(since)) > 0:
            return Again(left)
        raise QueueFull(f"the queue holds {self._shelf.count} events of {self._shelf.bytes} bytes, all that it may")

    def _has_room(self, size: int) -> bool:
        held = self._shelf
        # one event alone is taken whatever its size: it could never be put otherwise
        return held.count < self._full.events and (held.bytes + size <= self._full.bytes or not held.count)

    def _patience(self, since: float) -> float:
        if not isinstance(self._full, Block):
            return 0.0
        if self._full.timeout is None:
            return _LONG
        return self._full.timeout - (self._world.monotonic() - since)
