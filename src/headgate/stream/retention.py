"""Moving loaded blocks from the log to the archive, so that the log may delete them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from headgate.errors import LogUnavailable
from headgate.log import archive
from headgate.log.base import Reader, Row
from headgate.log.journal import Block, Journal
from headgate.stream.intake import read_stretch

#: microseconds
SECOND = 1_000_000
FIRST_PAUSE = 1 * SECOND
LONGEST_PAUSE = 300 * SECOND


class Retention:
    """Archives loaded blocks once their rows take `enough` bytes of the log, or there are `many` of them.

    A row is released only when the archive holds it durably and the journal says so. `clock` gives microseconds since
    1970. While the archive cannot be written `trouble` says why: loading goes on, and the log keeps its rows.
    """

    def __init__(
        self,
        reader: Reader,
        journal: Journal,
        folder: Path,
        clock: Callable[[], int],
        enough: int,
        many: int = 20_000,
    ) -> None:
        self._reader = reader
        self._journal = journal
        self._folder = folder
        self._clock = clock
        self._enough = enough
        self._many = many
        self._waiting = 0
        self._blocks = 0
        self._pause = 0
        self._tried_at = 0
        self.trouble: str | None = None

    def start(self) -> None:
        """Measure what waits, and release what a process that ended early had archived."""
        waiting = self._journal.unarchived()
        measured = size = 0
        for block in waiting:
            # more than enough need not be known exactly, and reading all of a full log would take minutes
            if size >= self._enough:
                break
            size += sum(row.size for row in self._rows(block))
            measured += 1
        self._blocks = len(waiting)
        self._waiting = size * len(waiting) // max(measured, 1)
        self._try(self._release)

    def note(self, rows: Iterable[Row]) -> None:
        """A block was loaded."""
        self._waiting += sum(row.size for row in rows)
        self._blocks += 1

    def tend(self) -> None:
        """Archive what waits, if that is enough by now, about `enough` bytes at a time. Where that fails, try later."""
        if self._due() and not self._pausing():
            self._try(self._archive_some)

    def archive(self) -> None:
        """Archive every loaded block now, then release it. Raises `LogUnavailable` when that cannot be done."""
        self._archive_some()
        while self._journal.unarchived(1):
            self._archive_some()

    def _try(self, to_do: Callable[[], None]) -> None:
        self._tried_at = self._clock()
        try:
            to_do()
        except (LogUnavailable, OSError) as error:
            self._pause = min(max(self._pause * 2, FIRST_PAUSE), LONGEST_PAUSE)
            self.trouble = f"the archive waits, and the log keeps what is loaded: {error}"
        else:
            self._pause, self.trouble = 0, None

    def _due(self) -> bool:
        return self.trouble is not None or self._waiting >= self._enough or self._blocks >= self._many

    def _pausing(self) -> bool:
        # a clock that was set back must not make the pause longer
        return self._tried_at <= self._clock() < self._tried_at + self._pause

    def _archive_some(self) -> None:
        """Archive the oldest blocks, then release them."""
        blocks = self._journal.unarchived(self._portion())
        if blocks:
            path = archive.write(self._folder, blocks, self._rows)
            self._journal.archived([block.seq for block in blocks], path.name)
        self._release()
        left = max(self._blocks - len(blocks), 0)
        self._waiting = self._waiting * left // max(self._blocks, 1)
        self._blocks = left

    def _portion(self) -> int:
        """How many blocks there are to about `enough` bytes, taking them all for alike."""
        alike = self._blocks * self._enough // max(self._waiting, 1)
        return max(1, min(alike, self._many))

    def _rows(self, block: Block) -> Iterable[Row]:
        return (row for stretch in block.stretches for row in read_stretch(self._reader, stretch))

    def _release(self) -> None:
        for partition, offset in self._journal.kept_elsewhere().items():
            if offset:
                self._reader.release(partition, offset)
