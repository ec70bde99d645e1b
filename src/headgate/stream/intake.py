"""What the next block is made of: rows of all partitions, oldest first, up to a limit."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping

from headgate.log.base import Reader, Row, Stretch
from headgate.log.journal import Journal
from headgate.stream.block import in_order

#: bytes of the log read at a time, compressed
READ = 2 * 1024 * 1024


class Intake:
    """Reads ahead in every partition, from behind `positions` on, and hands out rows in the order of their commits."""

    def __init__(self, reader: Reader, positions: Mapping[str, int]) -> None:
        self._reader = reader
        self._read = dict(positions)
        self._ahead: dict[str, deque[Row]] = {}

    def take(self, records: int, size: int) -> list[Row]:
        """Rows until they hold `records` records or `size` bytes of lines: at least one, where there is one."""
        ends = dict(self._reader.ends())
        taken: list[Row] = []
        while records > 0 and size > 0:
            heads = [ahead[0] for partition, end in ends.items() if (ahead := self._filled(partition, end))]
            if not heads:
                break
            row = in_order(heads)[0]
            taken.append(self._ahead[row.partition].popleft())
            records -= max(1, sum(receipt.received for receipt in row.receipts))
            size -= sum(len(receipt.events) for receipt in row.receipts)
        return taken

    def _filled(self, partition: str, end: int) -> deque[Row]:
        ahead = self._ahead.setdefault(partition, deque())
        read = self._read.get(partition, 0)
        if not ahead and read < end:
            ahead.extend(self._reader.read(partition, read + 1, end, limit=READ))
            self._read[partition] = ahead[-1].offset if ahead else read
        return ahead


def stretches(rows: Iterable[Row]) -> list[Stretch]:
    """What rows cover, a stretch a partition."""
    spans: dict[str, Stretch] = {}
    for row in rows:
        known = spans.get(row.partition, Stretch(row.partition, row.offset, row.offset))
        spans[row.partition] = Stretch(row.partition, min(known.first, row.offset), max(known.last, row.offset))
    return sorted(spans.values())


def behind(reader: Reader, journal: Journal) -> int:
    """How many rows of the log are durable and not loaded."""
    ends, positions, pending = reader.ends(), journal.positions(), journal.pending()
    planned = sum(stretch.last - stretch.first + 1 for stretch in pending.stretches) if pending else 0
    return planned + sum(end - positions.get(partition, 0) for partition, end in ends.items())


def read_stretch(reader: Reader, stretch: Stretch) -> Iterable[Row]:
    """All rows of a stretch, a few megabytes at a time."""
    first = stretch.first
    while first <= stretch.last:
        rows = reader.read(stretch.partition, first, stretch.last, limit=READ)
        yield from rows
        first = rows[-1].offset + 1 if rows else stretch.last + 1
