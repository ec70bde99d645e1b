"""Making the store again, from the archive and from what of the log is not archived yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from headgate.errors import LogCorrupt
from headgate.log import archive
from headgate.log.base import Reader, Row
from headgate.log.journal import Block, Journal
from headgate.store.base import Store
from headgate.stream.block import Gate, Taken
from headgate.stream.consistency import check_log, last_known
from headgate.stream.intake import read_stretch
from headgate.stream.kept_index import KeptIndex
from headgate.stream.pipeline import Step
from headgate.stream.worker import STEPS


def rebuild(
    archive_folder: Path,
    journal: Journal,
    reader: Reader,
    store: Store,
    tell: Callable[[Taken], None],
    *,
    memory_keys: int = 16_000_000,
    steps: Sequence[Step] = STEPS,
) -> int:
    """Load every block that was ever loaded, in order, into an empty store. Gives how many blocks there were.

    The rows come out as they did the first time; a rebuild that was interrupted may be run again on what it left. A
    block that is only planned is left to the worker. What the archive holds and the journal does not know, it learns:
    so a journal that was lost or comes from a backup is mended too. `tell` is told of every block.

    Raises `LogCorrupt` when a block is missing or does not read back, when the log does not go on from there, and when
    the store is that of another log.
    """
    store.migrate()
    if (newest := store.newest_block()) > (last := last_known(journal, archive_folder)):
        raise LogCorrupt(
            f"the store that is to be rebuilt holds blocks up to {newest}, but journal and archive end at block {last}: "
            "rebuild into an empty one"
        )
    gate = Gate(store, KeptIndex(memory_keys), steps)
    count = 0
    for block, rows in loaded_blocks(archive_folder, journal, reader):
        taken = gate.take(block, rows, again=True, isolate=True)
        gate.learn(taken)
        tell(taken)
        count += 1
    check_log(reader, journal)
    return count


def loaded_blocks(archive_folder: Path, journal: Journal, reader: Reader) -> Iterator[tuple[Block, list[Row]]]:
    """Every loaded block with its rows, in order: first those of the archive, then those of the log."""
    seq, known = 0, _known_as_archived(journal)
    for path in archive.files_of(archive_folder):
        learned: list[Block] = []
        for block, rows in archive.read(path):
            if block.seq <= seq:
                continue  # a crash after the file was written, before the journal knew: it was written again, longer
            seq = _next(seq, block)
            if seq > known:
                learned.append(block)
            yield block, rows
        # not before its end was reached: what is archived leaves the log
        for block in learned:
            journal.adopt(block)
    for block in journal.blocks(seq):
        if block.archive is not None:
            raise LogCorrupt(f"block {block.seq} should be in {block.archive}, which is not in the archive folder")
        seq = _next(seq, block)
        if block.loaded_at is None:
            return  # planned only, and the newest
        yield block, [row for stretch in block.stretches for row in read_stretch(reader, stretch)]


def _known_as_archived(journal: Journal) -> int:
    """The newest block that the journal knows to be archived; all before it are too."""
    waiting = [*journal.unarchived(1), *([pending] if (pending := journal.pending()) else [])]
    return min((block.seq - 1 for block in waiting), default=journal.last_seq())


def _next(seq: int, block: Block) -> int:
    if block.seq != seq + 1:
        raise LogCorrupt(f"block {seq + 1} is missing: block {block.seq} comes after block {seq}")
    return block.seq
