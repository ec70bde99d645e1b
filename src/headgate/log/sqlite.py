"""The embedded log's writing side: SQLite files, one run of them a partition, a row a group commit.

Whatever was queued while one commit was under way goes into the next, so one fsync serves many requests and the more
wait, the cheaper each becomes. The appender's thread owns the file; the event loop only queues.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import os
import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import NamedTuple

from headgate.errors import LogCorrupt, LogUnavailable
from headgate.log import files, frames, tail
from headgate_contract.event import Receipt

MIB = 1024 * 1024
#: Microseconds between two attempts to find out whether a fault is gone or a full log has room again.
PAUSE = 50_000

#: Called after each commit with its seconds, its receipts and its bytes in the log, on the event loop.
OnCommit = Callable[[float, int, int], None]


class _Signal(enum.Enum):
    STOP = enum.auto()
    #: see whether a fault is gone, and what room there is
    LOOK = enum.auto()


class _Waiting(NamedTuple):
    receipt: Receipt
    durable: asyncio.Future[None]
    weight: int


class SqliteAppender:
    """Writes one partition of the embedded log. See `headgate.log.base.Appender`.

    Use it from one event loop. `clock` gives microseconds since 1970; `byte_cap` bounds what the partition's files may
    take (overshot by at most what waits), `group_bytes` one commit and `waiting_bytes` what is queued, both before
    compression. Raises `AlreadyRunning` when the partition has an appender, `LogCorrupt` when its newest file is damaged
    and `LogUnavailable` when the folder cannot be used at all; a file that cannot be written now is no reason to
    raise: the appender says so in `ready` and recovers by itself.
    """

    def __init__(
        self,
        folder: Path,
        partition: str,
        *,
        clock: Callable[[], int],
        byte_cap: int,
        roll_bytes: int = 256 * MIB,
        group_bytes: int = 8 * MIB,
        waiting_bytes: int = 64 * MIB,
        on_commit: OnCommit | None = None,
    ) -> None:
        # two files at least, so that a full log always has a closed file to let go of
        self._tail = tail.Tail(folder, partition, min(roll_bytes, byte_cap // 2))
        self._clock = clock
        self._byte_cap = byte_cap
        self._group_bytes = group_bytes
        self._waiting_bytes = waiting_bytes
        self._on_commit = on_commit
        self._gathered: list[_Waiting] = []
        self._queue: SimpleQueue[list[_Waiting] | _Signal] = SimpleQueue()
        #: taken from the queue and not yet in a group; the thread's own
        self._taken: deque[_Waiting] = deque()
        # Bytes ever queued and ever dealt with: each is written by one thread only, so neither needs a lock.
        self._queued = 0
        self._settled = 0
        self._closed = False
        self._fault: str | None = None
        self._looked_at = 0
        self._lock = _take_hold(folder, partition)
        try:
            self._first_look()
        except BaseException:
            os.close(self._lock)
            raise
        self._thread = threading.Thread(target=self._run, name=f"log {partition}", daemon=True)
        self._thread.start()

    def append(self, receipt: Receipt) -> asyncio.Future[None]:
        """Queue a receipt for the next group commit."""
        weight = frames.weight(receipt)
        if refusal := self._refusal(weight):
            raise _unavailable(refusal)
        loop = asyncio.get_running_loop()
        durable = loop.create_future()
        self._queued += weight
        if not self._gathered:
            loop.call_soon(self._hand_over)
        self._gathered.append(_Waiting(receipt, durable, weight))
        return durable

    def ready(self) -> str | None:
        """Say why the next append is likely to be refused, or None. Being asked makes the appender look again."""
        if self._closed:
            return "the log is closed"
        if self._fault is not None:
            self._look()
            return self._fault
        return self._refusal(0)

    async def close(self) -> None:
        """Commit what is queued, then let go of the partition. Closing twice is fine."""
        if not self._closed:
            self._closed = True
            self._hand_over()
            self._queue.put(_Signal.STOP)
        await asyncio.to_thread(self._thread.join)

    def _hand_over(self) -> None:
        """Give the thread what one turn of the event loop gathered: to wake it for each receipt would cost both dearly."""
        if self._gathered:
            self._queue.put(self._gathered)
            self._gathered = []

    def _refusal(self, weight: int) -> str | None:
        if self._closed:
            return "the log is closed"
        if self._fault is not None and abs(self._clock() - self._looked_at) < PAUSE:
            return self._fault
        if self._tail.size >= self._byte_cap:
            self._look()
            return f"the log is at its cap of {self._byte_cap} bytes"
        waiting = self._queued - self._settled
        if waiting and waiting + weight > self._waiting_bytes:
            return f"{waiting} bytes are waiting to be written"
        return None

    def _look(self) -> None:
        now = self._clock()
        if abs(now - self._looked_at) >= PAUSE:
            self._looked_at = now
            self._queue.put(_Signal.LOOK)

    # From here on: the appender's thread.

    def _run(self) -> None:
        try:
            while (item := self._queue.get()) is not _Signal.STOP:
                if isinstance(item, list):
                    self._taken.extend(item)
                    while self._taken:
                        self._commit(self._group())
                else:
                    self._attempt(self._look_now)
            self._attempt(self._tail.close)
        finally:
            os.close(self._lock)

    def _group(self) -> list[_Waiting]:
        """What is committed next: of what was taken, and of what has come since, as much as one commit may hold."""
        with contextlib.suppress(Empty):
            while not isinstance(following := self._queue.get_nowait(), _Signal):
                self._taken.extend(following)
            if following is _Signal.STOP:
                self._queue.put(following)  # nothing comes after it
        group = [self._taken.popleft()]
        weight = group[0].weight
        while self._taken and weight < self._group_bytes:
            group.append(self._taken.popleft())
            weight += group[-1].weight
        return group

    def _commit(self, group: list[_Waiting]) -> None:
        started = self._clock()
        size = 0

        def write() -> None:
            nonlocal size
            frame = frames.encode([waiting.receipt for waiting in group])
            size = len(frame)
            self._tail.write(frame, started)

        refusal = self._attempt(write)
        seconds = (self._clock() - started) / 1_000_000
        self._settled += sum(waiting.weight for waiting in group)
        loop = group[-1].durable.get_loop()
        with contextlib.suppress(RuntimeError):  # the loop was closed: nobody waits any more
            loop.call_soon_threadsafe(self._settle, group, refusal, seconds, size)
        if refusal is None:
            self._attempt(self._tail.roll)

    def _attempt(self, action: Callable[[], None]) -> str | None:
        """Do it; returns None, or why it failed. A failure is remembered until something succeeds."""
        try:
            action()
        except Exception as error:  # noqa: BLE001 (whatever went wrong, nobody may be left waiting for ever)
            self._tail.abandon()
            self._looked_at = self._clock()
            self._fault = _reason(error)
            return self._fault
        self._fault = None
        return None

    def _look_now(self) -> None:
        if self._fault is not None:
            self._tail.probe(self._clock())
        self._tail.roll()
        self._tail.measure()

    def _first_look(self) -> None:
        try:
            self._tail.open()
            self._tail.roll()
        except (sqlite3.Error, OSError) as error:
            self._tail.abandon()
            trouble = files.fault(error, "the log's newest file")
            if isinstance(trouble, LogCorrupt):
                raise trouble from error
            self._looked_at = self._clock()
            self._fault = _reason(error)

    # And on the event loop again.

    def _settle(self, group: list[_Waiting], refusal: str | None, seconds: float, size: int) -> None:
        loop = asyncio.get_running_loop()
        for _, durable, _ in group:
            if durable.done() or durable.get_loop() is not loop:
                continue  # cancelled, or of a loop that ended: nobody waits for it
            if refusal is None:
                durable.set_result(None)
            else:
                durable.set_exception(_unavailable(refusal))
        if refusal is None and self._on_commit is not None:
            self._on_commit(seconds, len(group), size)


def _take_hold(folder: Path, partition: str) -> int:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return tail.lock(folder, partition)
    except OSError as error:
        raise _unavailable(_reason(error)) from error


def _reason(error: Exception) -> str:
    # an OSError's own text names paths, which are nobody's business outside
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__


def _unavailable(reason: str) -> LogUnavailable:
    return LogUnavailable(f"The events cannot be made durable right now ({reason}). Send the same request again.")
