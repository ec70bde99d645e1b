"""The background queue for asyncio."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from headgate_client._client import AsyncClient
from headgate_client._core import Core
from headgate_client._drive import exchange_async
from headgate_client._errors import ClientError, NoAnswer, TransportError
from headgate_client._flow import Send, Told
from headgate_client._intake import Again
from headgate_client._outcome import AnyEvent
from headgate_client._policy import Batching, Block, Full
from headgate_client._report import QueueReport
from headgate_client._tell import OutcomeCallback, Teller, log
from headgate_client._transport import Request, Response

_BATCHING = Batching()
_FULL = Block()


class _Changed:
    """A guard for one event loop: nothing runs at the same time, so there is nothing to lock, only to wake."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass

    def notify_all(self) -> None:
        """Wake those that wait."""
        self._event.set()
        self._event = asyncio.Event()

    async def wait(self, timeout: float | None) -> None:
        """Until something changed, or so many seconds have passed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._event.wait()

    async def wait_for(self, until: Callable[[], bool], timeout: float | None) -> None:
        """Until the condition holds, or so many seconds have passed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                while not until():
                    await self._event.wait()


class AsyncQueue:
    """Takes events one by one and sends them in batches from a task of its own; for one event loop.

    Everything else is as with `Queue`, but for the exit: `await close()`, or use it in an `async with` block. A loop
    that ends before takes what is in memory with it.
    """

    def __init__(
        self,
        client: AsyncClient,
        *,
        batching: Batching = _BATCHING,
        full: Full = _FULL,
        on_outcome: OutcomeCallback | None = None,
    ) -> None:
        self._client = client
        self._teller = Teller(on_outcome, full)
        self._changed = _Changed()
        self._core = Core(client.route(), batching, full, self._changed, self._teller)
        self._task: asyncio.Task[None] | None = None

    async def put(self, event: AnyEvent) -> str:
        """Take one event; gives its `event_id`, given or made. Raises `QueueFull`, `Closed`, `SpillUnusable`."""
        item = self._core.intake.read(event)
        since = time.monotonic()
        while isinstance(verdict := self._core.offer(item, since), Again):
            await self._changed.wait(verdict.seconds)
        self._start()
        if verdict != "taken":
            self._teller.untaken(verdict, event, item)
        return item.event_id

    async def flush(self, timeout: float | None = None) -> QueueReport:
        """Send what was put so far and wait for the answers, at most `timeout` seconds; what happened since the last report."""
        flush = self._core.begin_flush()
        self._start()
        try:
            await self._changed.wait_for(lambda: not flush.left or self._core.ended, timeout)
        finally:
            self._core.end_flush(flush)
        # not where the wait was broken off: it would be nobody's
        return self._core.report()

    async def close(self, timeout: float | None = 30.0) -> QueueReport:
        """Take no more events, send what is left, and report what happened since the last report.

        What has no answer after `timeout` seconds is undelivered, with the reason `closed`, or kept in the spill file.
        """
        self._core.begin_close()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=timeout)
        report = self._core.end()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        return report

    def _start(self) -> None:
        if self._task is None and not self._core.ended:
            self._task = asyncio.create_task(self._work())

    async def _work(self) -> None:
        try:
            await self._drive()
        except ClientError as why:
            self._core.fail(why)
        except Exception as why:  # noqa: BLE001 - said, and told to whoever puts next
            log.error("the queue's task failed: %s", type(why).__name__)
            self._core.fail(ClientError(f"the queue's task failed: {type(why).__name__}"))

    async def _drive(self) -> None:
        flow = self._core.run()
        told: Told = None
        while not self._core.ended:
            try:
                step = flow.send(told)
            except StopIteration:
                return
            told = None
            if isinstance(step, Send):
                told = await self._exchange(step.request)
                continue
            for until, seconds in self._core.pauses(step):
                await self._changed.wait_for(until, seconds)

    async def _exchange(self, request: Request) -> Response | TransportError:
        try:
            return await exchange_async(self._client.transport, request)
        except Exception as why:  # noqa: BLE001 - a closed client, or what a transport of the owner's raises
            return NoAnswer(f"{type(why).__name__}: {why}")

    async def __aenter__(self) -> Self:
        self._start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
