"""The background queue, for threads and for asyncio."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self

from headgate_client._client import AsyncClient, Client
from headgate_client._outcome import AnyEvent, Outcome
from headgate_client._policy import Batching, Block, Full
from headgate_client._report import QueueReport

_BATCHING = Batching()
_FULL = Block()


class Queue:
    """Takes events one by one and sends them in batches from a thread of its own.

    Requests that fail for passing reasons are sent again until `close`; the queue meanwhile fills up, and `full` says
    what happens then. `on_outcome` is called from the queue's thread with the outcome of every batch. `close` it, or
    use it in a `with` block; at the exit of the process an open queue is closed for a few seconds. After a fork the
    child's queue is empty: what was put before belongs to the parent.
    """

    def __init__(
        self,
        client: Client,
        *,
        batching: Batching = _BATCHING,
        full: Full = _FULL,
        on_outcome: Callable[[Outcome], None] | None = None,
    ) -> None:
        raise NotImplementedError

    def put(self, event: AnyEvent) -> str:
        """Take one event; its `event_id`, given or made. Safe from any thread. Raises `QueueFull`, `Closed`."""
        raise NotImplementedError

    def flush(self, timeout: float | None = None) -> QueueReport:
        """Send what was put so far, wait for the answers (at most `timeout` seconds) and report since the last report."""
        raise NotImplementedError

    def close(self, timeout: float | None = 30.0) -> QueueReport:
        """Take no more events, send what is left, and report. What has no answer in time is undelivered or kept."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncQueue:
    """The same for asyncio, with a task instead of a thread: `async with`, or `await close()`."""

    def __init__(
        self,
        client: AsyncClient,
        *,
        batching: Batching = _BATCHING,
        full: Full = _FULL,
        on_outcome: Callable[[Outcome], None] | None = None,
    ) -> None:
        raise NotImplementedError

    async def put(self, event: AnyEvent) -> str:
        """Take one event; its `event_id`, given or made. Raises `QueueFull`, `Closed`."""
        raise NotImplementedError

    async def flush(self, timeout: float | None = None) -> QueueReport:
        """Send what was put so far, wait for the answers (at most `timeout` seconds) and report since the last report."""
        raise NotImplementedError

    async def close(self, timeout: float | None = 30.0) -> QueueReport:
        """Take no more events, send what is left, and report. What has no answer in time is undelivered or kept."""
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
