"""The background queue for threads."""

from __future__ import annotations

import atexit
import os
import threading
import time
from types import TracebackType
from typing import Self
from weakref import WeakSet

from headgate_client._client import Client
from headgate_client._core import Core
from headgate_client._drive import exchange
from headgate_client._errors import ClientError, NoAnswer, QueueFull, SpillUnusable, TransportError
from headgate_client._flow import Send, Told
from headgate_client._intake import Again
from headgate_client._outcome import AnyEvent
from headgate_client._policy import Batching, Block, Full, Spill
from headgate_client._report import QueueReport
from headgate_client._tell import OutcomeCallback, Teller, log
from headgate_client._transport import Request, Response

_BATCHING = Batching()
_FULL = Block()
#: seconds that the exit of a process may take for a queue that nobody closed
_EXIT_SECONDS = 10.0
_open_queues: WeakSet[Queue] = WeakSet()


class Queue:
    """Takes events one by one and sends them in batches from a thread of its own. Safe to use from any thread.

    Requests that fail for passing reasons are sent again until `close`; the queue fills up meanwhile, and `full` says
    what happens then. `on_outcome` is called with the outcome of every batch, from the queue's thread, and from `put`
    for an event that cannot be sent at all. `close` the queue, or use it in a `with` block: at the exit of the process
    one that is open is closed with ten seconds to go. After a fork, the child's queue is empty; what was put before
    is the parent's to send. The client is the caller's to close, after the queue.
    """

    def __init__(
        self,
        client: Client,
        *,
        batching: Batching = _BATCHING,
        full: Full = _FULL,
        on_outcome: OutcomeCallback | None = None,
    ) -> None:
        self._client = client
        self._batching = batching
        self._full = full
        self._teller = Teller(on_outcome, full)
        self._begin(full)
        if self._core.has_rest():
            self._start()
        atexit.register(self._at_exit)
        _open_queues.add(self)

    def _begin(self, full: Full) -> None:
        self._thread: threading.Thread | None = None
        self._changed = threading.Condition()
        self._core = Core(self._client.route(), self._batching, full, self._changed, self._teller)

    def put(self, event: AnyEvent) -> str:
        """Take one event; gives its `event_id`, given or made. Raises `QueueFull`, `Closed`, `SpillUnusable`."""
        item = self._core.intake.read(event)
        since = time.monotonic()
        with self._changed:
            while isinstance(verdict := self._core.offer(item, since), Again):
                if threading.current_thread() is self._thread:
                    raise QueueFull("on_outcome cannot wait for room that only its own thread can make")
                self._changed.wait(verdict.seconds)
            if self._thread is None:
                self._start()
        if verdict != "taken":
            self._teller.untaken(verdict, event, item)
        return item.event_id

    def flush(self, timeout: float | None = None) -> QueueReport:
        """Send what was put so far and wait for the answers, at most `timeout` seconds; what happened since the last report.

        From `on_outcome`, which holds up the queue's own thread, it reports without waiting.
        """
        with self._changed:
            flush = self._core.begin_flush()
            try:
                if threading.current_thread() is not self._thread:
                    self._changed.wait_for(lambda: not flush.left or self._core.ended, timeout)
            finally:
                self._core.end_flush(flush)
            # not where the wait was broken off: it would be nobody's
            return self._core.report()

    def close(self, timeout: float | None = 30.0) -> QueueReport:
        """Take no more events, send what is left, and report what happened since the last report.

        What has no answer after `timeout` seconds is undelivered, with the reason `closed`, or kept in the spill file.
        """
        with self._changed:
            self._core.begin_close()
            if threading.current_thread() is not self._thread:
                self._changed.wait_for(lambda: self._thread is None or self._core.ended, timeout)
            report = self._core.end()
        atexit.unregister(self._at_exit)
        _open_queues.discard(self)
        return report

    def _start(self) -> None:
        # a daemon, so that a process that forgot to close can end; `_at_exit` waits for it
        name = f"events of {self._client.event_group_id}"
        self._thread = threading.Thread(target=self._work, args=(self._core, self._changed), name=name, daemon=True)
        self._thread.start()

    def _work(self, core: Core, changed: threading.Condition) -> None:
        try:
            self._drive(core, changed)
        except ClientError as why:
            self._fail(core, changed, why)
        except Exception as why:  # noqa: BLE001 - said, and told to whoever puts next
            log.error("the queue's thread failed: %s", type(why).__name__)
            self._fail(core, changed, ClientError(f"the queue's thread failed: {type(why).__name__}"))
        finally:
            with changed:
                self._thread = None
                changed.notify_all()

    def _drive(self, core: Core, changed: threading.Condition) -> None:
        flow = core.run()
        told: Told = None
        while not core.ended:
            try:
                step = flow.send(told)
            except StopIteration:
                return
            told = None
            if isinstance(step, Send):
                told = self._exchange(step.request)
                continue
            with changed:
                for until, seconds in core.pauses(step):
                    changed.wait_for(until, seconds)

    def _exchange(self, request: Request) -> Response | TransportError:
        try:
            return exchange(self._client.transport, request)
        except Exception as why:  # noqa: BLE001 - a closed client, or what a transport of the owner's raises
            return NoAnswer(f"{type(why).__name__}: {why}")

    def _fail(self, core: Core, changed: threading.Condition, why: ClientError) -> None:
        with changed:
            core.fail(why)

    def _at_exit(self) -> None:
        report = self.close(_EXIT_SECONDS)
        if not report.all_accepted:
            log.warning("closed at exit: %s", report.summary())

    def _renew(self) -> None:
        """In the child of a fork: the thread, and what the lock guarded, are the parent's."""
        full = self._full
        self._begin(_FULL if isinstance(full, Spill) else full)
        if isinstance(full, Spill):
            told = f"{full.path} belongs to the process that this one was forked from; open another queue"
            with self._changed:
                self._core.fail(SpillUnusable(told))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _renew_all() -> None:
    for queue in list(_open_queues):
        queue._renew()  # noqa: SLF001 - of this module


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_all)
