"""Where a queue's events are until the server has answered: the seam between memory and file.

A shelf holds each event from `add` to `remove`. `take` hands out the next batch, round and round: what is put back
comes again after everything else had its turn. Not safe for threads by itself; the queue's guard sees to that.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Protocol

from headgate_client._batch import Item


class Shelf(Protocol):
    """Events waiting for an answer. An item's `index` is its number on the shelf, and grows."""

    #: events on the shelf, those that were taken and those on hold included
    count: int
    #: their bytes as JSON
    bytes: int
    #: events that `take` can hand out
    waiting: int
    #: bytes of those
    waiting_bytes: int
    #: number of the event that was added last; -1 where there was none
    last: int
    #: whether events outlive the shelf
    lasting: bool

    def add(self, item: Item, now: float) -> None:
        """Put one event on the shelf; `now` in seconds since 1970. It is there when this returns."""
        ...

    def oldest(self) -> float | None:
        """When the event that is next was added; None where nothing waits."""
        ...

    def take(self, events: int, size: int) -> list[Item]:
        """The next events, at most so many and of so many bytes, but one in any case; empty where nothing waits."""
        ...

    def remove(self, items: Sequence[Item]) -> None:
        """Taken events that are done with."""
        ...

    def put_back(self, items: Sequence[Item]) -> None:
        """Taken events that shall be handed out again, after the others."""
        ...

    def hold(self, items: Sequence[Item]) -> None:
        """Taken events that shall not be handed out again by this shelf; gone where it is not lasting."""
        ...

    def rest(self) -> list[Item]:
        """What will be lost when the shelf is closed now, taken events included; empty where it is lasting."""
        ...

    def close(self) -> None:
        """Let go of the shelf; may be called twice."""
        ...


class MemoryShelf:
    """A shelf that ends with the process."""

    lasting = False

    def __init__(self) -> None:
        self.count = self.bytes = self.waiting = self.waiting_bytes = 0
        self._line: deque[tuple[float, Item]] = deque()
        self._taken: dict[int, Item] = {}
        self.last = -1

    def add(self, item: Item, now: float) -> None:
        """Put one event on the shelf."""
        self.last += 1
        self._line.append((now, Item(self.last, item.event_id, item.text)))
        self.count += 1
        self.bytes += len(item.text)
        self.waiting += 1
        self.waiting_bytes += len(item.text)

    def oldest(self) -> float | None:
        """When the event that is next was added."""
        return self._line[0][0] if self._line else None

    def take(self, events: int, size: int) -> list[Item]:
        """The next events."""
        items = cut(list(map(_item, islice(self._line, events))), size)
        for item in items:
            self._line.popleft()
            self._taken[item.index] = item
            self.waiting_bytes -= len(item.text)
        self.waiting -= len(items)
        return items

    def remove(self, items: Sequence[Item]) -> None:
        """Taken events that are done with."""
        for item in items:
            del self._taken[item.index]
            self.bytes -= len(item.text)
        self.count -= len(items)

    def put_back(self, items: Sequence[Item]) -> None:
        """Taken events that shall be handed out again."""
        for item in items:
            # added in the year 1970: it has waited long enough
            self._line.append((0.0, self._taken.pop(item.index)))
            self.waiting_bytes += len(item.text)
        self.waiting += len(items)

    def hold(self, items: Sequence[Item]) -> None:
        """Nothing is held in memory for nobody."""
        self.remove(items)

    def rest(self) -> list[Item]:
        """Everything."""
        return [*self._taken.values(), *map(_item, self._line)]

    def close(self) -> None:
        """Forget everything."""
        self._line.clear()
        self._taken.clear()
        self.count = self.bytes = self.waiting = self.waiting_bytes = 0


def _item(waiting: tuple[float, Item]) -> Item:
    return waiting[1]


def cut(items: list[Item], size: int) -> list[Item]:
    """The first items of at most so many bytes together, commas included, but one in any case."""
    room = size
    for place, item in enumerate(items):
        room -= len(item.text) + 1
        if room < -1 and place:
            return items[:place]
    return items
