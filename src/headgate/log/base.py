"""The log's seam: what an appender and a reader promise, whatever lies behind.

The log is the truth. It has one or more *partitions*; a partition is an ordered run of *rows*, numbered from 1 without
a gap. A row is one group commit: the receipts of all requests that were waiting when it was written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from headgate_contract.event import Receipt


class Row(NamedTuple):
    """One group commit, as read back."""

    partition: str
    #: place in the partition, from 1
    offset: int
    #: microseconds since 1970, UTC; never decreases within a partition
    committed_at: int
    receipts: list[Receipt]
    #: size in the log, in bytes
    size: int


class Stretch(NamedTuple):
    """Rows `first` to `last` of a partition, both included."""

    partition: str
    first: int
    last: int


class Appender(Protocol):
    """Writes one partition. One appender a partition at a time, whatever the number of processes."""

    def append(self, receipt: Receipt) -> asyncio.Future[None]:
        """Queue a receipt for the next group commit.

        The future is done only when the receipt is durable: it survives a power cut from then on. It fails with
        `LogUnavailable` when the receipt was not made durable; the sender must then be told to try again. Raises
        `LogUnavailable` at once when the log is over its byte cap, or when too much is waiting.
        """

    def ready(self) -> str | None:
        """None when all is well; otherwise the reason why the next append is likely to be refused.

        Asking makes the appender find out whether the reason is gone, so that it recovers without being sent anything.
        """

    async def close(self) -> None:
        """Commit what is queued, then let go of the partition. Appending after this raises `LogUnavailable`."""


class Reader(Protocol):
    """Reads every partition; may run in another process than the appenders, while they write. One thread at a time.

    Any method may raise `LogUnavailable`: the log cannot be read just now, and the same call may work later.
    """

    def ends(self) -> Mapping[str, int]:
        """Partition -> offset of its newest durable row (0: it has none)."""

    def read(self, partition: str, first: int, last: int | None = None, *, limit: int) -> Sequence[Row]:
        """Rows from offset `first` on, up to `last` if given, in order.

        Stops once the rows' sizes add up to `limit` bytes; returns at least one row where one exists. Empty when
        `first` is past the end. Raises `LogCorrupt` when a row is there but does not read back, when rows that should
        be there are missing, and when `first` is below 1 or was released and deleted.
        """

    def release(self, partition: str, last: int) -> None:
        """Rows up to `last` are kept elsewhere: the log may delete them when it likes. Never blocks an appender."""

    def close(self) -> None:
        """Let go of what is open."""
