"""Moving loaded blocks from the log to the archive, so that the log may delete them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from headgate.log import archive
from headgate.log.base import Reader, Row
from headgate.log.journal import Block, Journal
from headgate.stream.intake import read_stretch


class Retention:
    """Archives loaded blocks once their rows take `enough` bytes of the log, or there are `many` of them.

    A row is released only when the archive holds it durably and the journal says so.
    """

    def __init__(self, reader: Reader, journal: Journal, folder: Path, enough: int, many: int = 20_000) -> None:
        self._reader = reader
        self._journal = journal
        self._folder = folder
        self._enough = enough
        self._many = many
        self._waiting = 0
        self._blocks = 0

    def start(self) -> None:
        """Measure what waits, and release what a process that ended early had archived."""
        waiting = self._journal.unarchived()
        self._blocks = len(waiting)
        self._waiting = sum(row.size for block in waiting for row in self._rows(block))
        self._release()

    def note(self, rows: Iterable[Row]) -> None:
        """A block was loaded: archive what waits, if that is enough now."""
        self._waiting += sum(row.size for row in rows)
        self._blocks += 1
        if self._waiting >= self._enough or self._blocks >= self._many:
            self.archive()

    def archive(self) -> None:
        """Archive every loaded block, then release it."""
        blocks = self._journal.unarchived()
        if blocks:
            path = archive.write(self._folder, blocks, self._rows)
            self._journal.archived([block.seq for block in blocks], path.name)
        self._waiting = self._blocks = 0
        self._release()

    def _rows(self, block: Block) -> Iterable[Row]:
        return (row for stretch in block.stretches for row in read_stretch(self._reader, stretch))

    def _release(self) -> None:
        """Release, in each partition, what lies before the first row that is planned and not archived."""
        first: dict[str, int] = {partition: last + 1 for partition, last in self._journal.positions().items()}
        pending = self._journal.pending()
        for block in [*self._journal.unarchived(), *([pending] if pending else [])]:
            for stretch in block.stretches:
                first[stretch.partition] = min(first[stretch.partition], stretch.first)
        for partition, offset in first.items():
            if offset > 1:
                self._reader.release(partition, offset - 1)
