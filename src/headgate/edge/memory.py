"""How much of a worker's memory bodies may take at once.

Only bytes that are really here count: a sender that announces megabytes and trickles holds nothing back. When the
memory is used up, one reader at a time goes on, the oldest, so that somebody always finishes; the others wait, and the
slow among them are let go of (`body.py` asks `pressed`).
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self


class BodyMemory:
    """The bytes of bodies, and of what is made of them, over all requests of a worker."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0
        #: readers that are not through with their body, in the order of their coming
        self._reading: dict[Share, None] = {}
        self._changed = asyncio.Event()

    def share(self) -> Share:
        """A new request's part of the memory; use it as a context manager."""
        return Share(self)

    @property
    def pressed(self) -> bool:
        """Whether somebody has to wait for memory."""
        return self.used >= self.limit

    async def room(self, share: Share) -> None:
        """Wait until there is memory to go on reading, or until no older reader is left."""
        self._reading[share] = None
        while self.pressed and next(iter(self._reading)) is not share:
            await self._changed.wait()

    def count(self, change: int) -> None:
        """Take so many bytes more, or fewer."""
        was_pressed = self.pressed
        self.used += change
        if was_pressed and change < 0:
            self._wake()

    def done_reading(self, share: Share) -> None:
        """Let the next in line go on."""
        if share in self._reading:
            del self._reading[share]
            self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


class Share:
    """What one request holds, from the first byte of its body until its answer is ready."""

    def __init__(self, memory: BodyMemory) -> None:
        self.memory = memory
        self.size = 0

    async def room(self) -> None:
        """Wait until there is memory to go on reading, or until no older reader is left."""
        await self.memory.room(self)

    def done_reading(self) -> None:
        """The body is complete: the next in line may go on."""
        self.memory.done_reading(self)

    def hold(self, size: int) -> None:
        """Hold `size` bytes in all from now on."""
        self.memory.count(size - self.size)
        self.size = size

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.done_reading()
        if self.size:
            self.hold(0)
