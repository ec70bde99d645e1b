"""The core's loop: what happens to a record, in which order, and what is durable before what.

plan a block in the journal → read it → fold its records through STEPS → load the store → note it loaded → archive, release.
A crash between any two of these replays onto the same rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct

from headgate.errors import StoreFailed
from headgate.log.base import Reader, Row
from headgate.log.journal import Block, Journal
from headgate.store.base import Store
from headgate.stream.block import Gate, Taken
from headgate.stream.bots import put_bot
from headgate.stream.consistency import check_all
from headgate.stream.dead_run import DeadRun
from headgate.stream.dedup import put_duplicate
from headgate.stream.intake import Intake, behind, read_stretch, stretches
from headgate.stream.kept_index import KeptIndex
from headgate.stream.limited_data_use import put_limited_data_use
from headgate.stream.pipeline import Step
from headgate.stream.retention import Retention
from headgate.stream.tries import Tries

MIB = 1024 * 1024
#: blocks that a new worker looks at, to see whether it begins amid a run of dead letters
LOOK_BACK = 50

#: Everything that is decided about a record, in this order.
STEPS: tuple[Step, ...] = (
    put_limited_data_use,
    put_bot,
    put_duplicate,
)


class Limits(Struct, frozen=True):
    """How much at a time, and how much at all."""

    #: records of a block
    records: int = 20_000
    #: bytes of a block's lines
    size: int = 32 * MIB
    #: kept conversions remembered, 24 bytes each; for older ones the store is asked
    memory_keys: int = 16_000_000
    #: dead letters in a row; one more stops the core
    dead_in_a_row: int = 1000
    #: failures of the store in a row, of a kind that need not pass; with one more, rows are set aside or the core stops
    tries: int = 12
    #: bytes of loaded log that are archived in one go
    archive: int = 64 * MIB


def _nobody(_taken: Taken) -> None:
    """Nobody asked to be told."""


class Worker:
    """Takes the log into the store, block by block. One worker a journal; not for several threads.

    `clock` gives microseconds since 1970; `tell` is told of every block once it is loaded, for metrics.
    """

    def __init__(
        self,
        reader: Reader,
        journal: Journal,
        store: Store,
        clock: Callable[[], int],
        archive_folder: Path,
        limits: Limits = Limits(),  # noqa: B008 (frozen)
        steps: Sequence[Step] = STEPS,
        tell: Callable[[Taken], None] = _nobody,
    ) -> None:
        self._reader = reader
        self._journal = journal
        self._store = store
        self._clock = clock
        self._limits = limits
        self._tell = tell
        self._dead_run = DeadRun(limits.dead_in_a_row)
        self._tries = Tries(limits.tries)
        self._archive_folder = archive_folder
        self._retention = Retention(reader, journal, archive_folder, clock, limits.archive)
        self._index = KeptIndex(limits.memory_keys)
        self._gate = Gate(store, self._index, steps)
        self._intake: Intake | None = None
        self._started = False
        #: loaded by the store, while the journal has not yet confirmed that it knows
        self._unconfirmed: Taken | None = None

    def run_once(self) -> int:
        """Take one block, the pending one first. Gives the events that it held, or 0 when there is nothing to take.

        The first call holds log, journal, archive and store against each other. Raises `StoreUnavailable` or
        `LogUnavailable` when it should be tried again, after a while; `CoreStopped` and `LogCorrupt` when it should not.
        Nothing is lost or doubled either way.
        """
        try:
            taken = self._run_once()
        except StoreFailed as error:
            self._tries.count(error)
            raise
        self._tries.clear()
        return taken

    def drain(self) -> int:
        """Take blocks until there is nothing left to take. Gives the events that they held."""
        total = 0
        while True:
            try:
                taken = self.run_once()
            except StoreFailed:
                continue  # so often, and no more
            if not taken:
                return total
            total += taken

    @property
    def trouble(self) -> str | None:
        """What is wrong although blocks are loaded: the archive cannot be written. It is tried again."""
        return self._retention.trouble

    def behind(self) -> int:
        """How many rows of the log are durable and not loaded."""
        return behind(self._reader, self._journal)

    def archive(self) -> None:
        """Archive every loaded block now, and let the log delete it."""
        self._retention.archive()

    def _run_once(self) -> int:
        if not self._started:
            self._start()
        try:
            block = self._journal.pending()
            self._confirm(block)
            again = block is not None
            rows: Sequence[Row]
            if block is None:
                rows = self._next_rows()
                if not rows:
                    self._retention.tend()
                    return 0
                block = self._journal.plan(stretches(rows), self._clock())
            else:
                rows = self._rows(block)
            self._take(block, rows, again=again)
        except BaseException:
            # what was read ahead may lie behind a block that was planned, or not: the journal knows
            self._intake = None
            raise
        return max(1, sum(receipt.received for row in rows for receipt in row.receipts))

    def _start(self) -> None:
        check_all(self._reader, self._journal, self._archive_folder, self._store)
        pending = self._journal.pending()
        before = pending.seq if pending else 2**63 - 1
        kept = self._store.newest_kept(self._index.worth_loading, before)
        earlier = [
            (self._store.rows_of("conversions", block.seq), self._store.rows_of("dead_letters", block.seq))
            for block in self._journal.newest(LOOK_BACK)
        ]
        self._retention.start()
        # nothing raises from here on: a start that failed can be tried again
        self._index.add(kept)
        self._dead_run.resume(earlier)
        self._started = True

    def _next_rows(self) -> list[Row]:
        self._intake = self._intake or Intake(self._reader, self._journal.positions())
        return self._intake.take(self._limits.records, self._limits.size)

    def _rows(self, block: Block) -> list[Row]:
        return [row for stretch in block.stretches for row in read_stretch(self._reader, stretch)]

    def _take(self, block: Block, rows: Sequence[Row], *, again: bool) -> None:
        check, isolate = self._dead_run.check, self._tries.used_up
        self._unconfirmed = self._gate.take(block, rows, again=again, check=check, isolate=isolate)
        self._journal.loaded(block.seq, self._clock())
        self._confirm(None)
        self._retention.note(rows)
        self._retention.tend()

    def _confirm(self, pending: Block | None) -> None:
        """Learn from the block that was taken last, unless it is still to be taken: a write may fail and be there."""
        taken, self._unconfirmed = self._unconfirmed, None
        if taken is not None and (pending is None or pending.seq != taken.seq):
            self._gate.learn(taken)
            self._dead_run.count(taken.folded)
            self._tell(taken)
