"""The log's twin in memory: the same promises but for the one about power cuts. For tests and trials."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from headgate.errors import AlreadyRunning, LogCorrupt, LogUnavailable
from headgate.log import frames
from headgate.log.base import Row
from headgate_contract.event import Receipt

MIB = 1024 * 1024


class _Kept(NamedTuple):
    committed_at: int
    frame: bytes


class _Partition:
    def __init__(self) -> None:
        #: offset -> row; what was released is gone
        self.rows: dict[int, _Kept] = {}
        self.last = 0
        self.released = 0
        self.committed_at = 0
        self.size = 0
        self.held = False


class MemoryLog:
    """A log in memory.

    `clock` gives microseconds since 1970; `byte_cap` bounds the rows of a partition, in bytes, `waiting_bytes` what is
    queued, before compression.
    """

    def __init__(self, *, clock: Callable[[], int], byte_cap: int = 1024 * MIB, waiting_bytes: int = 64 * MIB) -> None:
        self.clock = clock
        self.byte_cap = byte_cap
        self.waiting_bytes = waiting_bytes
        self.failures = 0
        self.partitions: dict[str, _Partition] = {}

    def appender(self, partition: str) -> MemoryAppender:
        """Write a partition. Raises `AlreadyRunning` while it has another appender."""
        state = self.partitions.setdefault(partition, _Partition())
        if state.held:
            raise AlreadyRunning(f"another appender writes partition {partition!r} of the log")
        state.held = True
        return MemoryAppender(self, state)

    def reader(self) -> MemoryReader:
        """Read every partition."""
        return MemoryReader(self)

    def fail_next(self, commits: int) -> None:
        """Let that many group commits fail, as a full disk would; until then `ready` gives a reason."""
        self.failures = commits


class MemoryAppender:
    """Writes one partition of a `MemoryLog`. See `headgate.log.base.Appender`."""

    def __init__(self, log: MemoryLog, state: _Partition) -> None:
        self._log = log
        self._state = state
        self._queue: list[tuple[Receipt, asyncio.Future[None]]] = []
        self._waiting = 0
        self._closed = False

    def append(self, receipt: Receipt) -> asyncio.Future[None]:
        """Queue a receipt for the group commit at the end of this turn of the event loop."""
        weight = frames.weight(receipt)
        if refusal := self._refusal(weight):
            raise LogUnavailable(refusal)
        loop = asyncio.get_running_loop()
        if not self._queue:
            loop.call_soon(self._commit)
        durable = loop.create_future()
        self._queue.append((receipt, durable))
        self._waiting += weight
        return durable

    def ready(self) -> str | None:
        """Say why the next append is likely to be refused, or None."""
        return "commits fail" if self._log.failures else self._refusal(0)

    async def close(self) -> None:
        """Commit what is queued, then let go of the partition."""
        if not self._closed:
            self._closed = True
            self._commit()
            self._state.held = False

    def _refusal(self, weight: int) -> str | None:
        if self._closed:
            return "the log is closed"
        if self._state.size >= self._log.byte_cap:
            return f"the log is at its cap of {self._log.byte_cap} bytes"
        if self._waiting and self._waiting + weight > self._log.waiting_bytes:
            return f"{self._waiting} bytes are waiting to be written"
        return None

    def _commit(self) -> None:
        queue, self._queue = self._queue, []
        self._waiting = 0
        if not queue:
            return
        failed = self._log.failures > 0
        if failed:
            self._log.failures -= 1
        else:
            self._keep([receipt for receipt, _ in queue])
        for _, durable in queue:
            if durable.done():
                continue
            if failed:
                durable.set_exception(LogUnavailable())
            else:
                durable.set_result(None)

    def _keep(self, receipts: list[Receipt]) -> None:
        state = self._state
        kept = _Kept(max(state.committed_at, self._log.clock()), frames.encode(receipts))
        state.committed_at = kept.committed_at
        state.rows[state.last + 1] = kept
        state.size += len(kept.frame)
        state.last += 1


class MemoryReader:
    """Reads every partition of a `MemoryLog`. See `headgate.log.base.Reader`."""

    def __init__(self, log: MemoryLog) -> None:
        self._log = log

    def ends(self) -> Mapping[str, int]:
        """Partition -> offset of its newest row (0: it has none)."""
        return {partition: state.last for partition, state in list(self._log.partitions.items())}

    def read(self, partition: str, first: int, last: int | None = None, *, limit: int) -> Sequence[Row]:
        """Rows from offset `first` on, up to `last` if given, until their sizes add up to `limit` bytes."""
        if first < 1:
            raise LogCorrupt(f"offsets begin at 1: there is no row {first}")
        state = self._log.partitions.get(partition, _Partition())
        if first <= state.released:
            raise LogCorrupt(f"row {first} of {partition!r} was released and deleted")
        rows: list[Row] = []
        size = 0
        end = state.last if last is None else min(last, state.last)
        for offset in range(first, end + 1):
            row = _row(partition, offset, state.rows.get(offset))
            rows.append(row)
            size += row.size
            if size >= limit:
                break
        return rows

    def release(self, partition: str, last: int) -> None:
        """Delete the rows up to `last`."""
        state = self._log.partitions.get(partition, _Partition())
        for offset in range(state.released + 1, min(last, state.last) + 1):
            state.size -= len(state.rows.pop(offset).frame)
            state.released = offset

    def close(self) -> None:
        """Nothing is open."""


def _row(partition: str, offset: int, kept: _Kept | None) -> Row:
    if kept is None:
        raise LogCorrupt(f"row {offset} of {partition!r} is missing")
    try:
        receipts = frames.decode(kept.frame)
    except LogCorrupt as error:
        raise LogCorrupt(f"row {offset} of {partition!r}: {error}") from error
    return Row(partition, offset, kept.committed_at, receipts, len(kept.frame))
