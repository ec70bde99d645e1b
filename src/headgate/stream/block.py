"""One block, from rows of the log to rows of the store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from headgate.errors import CoreStopped, RowsRefused, StoreFailed
from headgate.log.base import Row
from headgate.log.journal import Block
from headgate.store.base import Store
from headgate.stream import conversion, dedup, pipeline, rows
from headgate.stream.conversion import Conversion, Unreadable
from headgate.stream.dead_letter import DeadLetter
from headgate.stream.kept_index import KeptIndex
from headgate.stream.pipeline import Folded, Step
from headgate_contract.event import Receipt

#: tables whose rows are deleted by age
AGING = ("rejections", "test_events")


class Taken(NamedTuple):
    """What became of a block. `records` = kept + duplicates + dead letters."""

    seq: int
    records: int
    kept: int
    duplicates: int
    dead: int
    #: by reason
    dead_reasons: dict[str, int]
    rejected: int
    tests: int
    #: the oldest `received_at` of the block, microseconds since 1970; 0 where it has no receipt
    oldest: int
    folded: Folded


class Gate:
    """Takes blocks into a store: folds their records through the steps, then loads what came of them.

    The same block taken again gives the same rows, and the store keeps them once.
    """

    def __init__(self, store: Store, index: KeptIndex, steps: Sequence[Step]) -> None:
        self._store = store
        self._index = index
        self._steps = steps

    def take(
        self,
        block: Block,
        log: Iterable[Row],
        *,
        again: bool,
        check: Callable[[Folded], None] | None = None,
        isolate: bool = False,
    ) -> Taken:
        """Load a block; durable on return. `again` where it may have been loaded before, wholly or in part.

        `check` sees what came of the records before anything is loaded, and may raise. `isolate`: set aside also those
        rows that the store fails on for no known reason, while it takes others. Raises `StoreUnavailable`, after which
        the block can be taken again, and `CoreStopped` when the store refuses rows for no reason.
        """
        ordered = in_order(log)
        receipts = [receipt for row in ordered for receipt in row.receipts]
        folded = self._fold_and_load(block, ordered, check, again=again, isolate=isolate)
        for table, lines in (
            ("dead_letters", rows.dead_letters(block, folded.dead)),
            ("rejections", rows.rejections(block, receipts)),
            ("test_events", rows.tested(block, receipts)),
            ("tallies", rows.tallies(block, receipts)),
        ):
            try:
                self._load(block, table, lines, again=again)
            except RowsRefused as error:
                # these are of our own making: there is no sender's mistake to set aside
                raise CoreStopped(f"the store refuses block {block.seq} in {table}: {error}") from error
        return _taken(block, folded, receipts)

    def learn(self, taken: Taken) -> None:
        """Remember what a block kept: once it is loaded and noted as such, and not before."""
        self._index.add(dedup.kept(taken.folded.conversions))

    def _fold_and_load(
        self,
        block: Block,
        ordered: list[Row],
        check: Callable[[Folded], None] | None,
        *,
        again: bool,
        isolate: bool,
    ) -> Folded:
        refused: dict[int, str] = {}
        while True:
            folded = self._fold(block, ordered, refused)
            if check is not None:
                check(folded)
            lines = rows.conversions(block, folded.conversions)
            try:
                self._load(block, "conversions", lines, again=again)
            except (RowsRefused, StoreFailed) as error:
                failed = isinstance(error, StoreFailed)
                if failed and not isolate:
                    raise
                found = self._store.refused("conversions", lines)
                if not found and failed:
                    raise
                if not found:
                    raise CoreStopped(f"the store refuses block {block.seq}, but none of its rows: {error}") from None
                # what they would have made a duplicate is none now: fold again, without them
                refused |= {folded.conversions[place].place: reason for place, reason in found.items()}
            else:
                return folded

    def _fold(self, block: Block, ordered: list[Row], refused: dict[int, str]) -> Folded:
        read, dead = _read(ordered)
        recall = dedup.recall(read, self._index, self._store, block.seq)
        folded = pipeline.run(read, self._steps, recall, refused)
        return Folded(folded.conversions, sorted(dead + folded.dead, key=lambda letter: letter.place))

    def _load(self, block: Block, table: str, lines: list[bytes], *, again: bool) -> None:
        if lines and not (again and self._holds(block, table, len(lines))):
            self._store.load(table, lines, f"{table}:{block.seq}")

    def _holds(self, block: Block, table: str, count: int) -> bool:
        """A block's rows are one insert: they are all there, or the token lets what is missing in.

        So it is with what is added up from them; a block's tally is loaded last, so that one which has it is whole.
        """
        whole = self._store.rows_of("tallies", block.seq) > 0
        if whole and table in AGING:
            return True  # what is not there any more was added up before it went
        there = self._store.rows_of(table, block.seq) == count
        return there and (whole or self._store.added_up(table, block.seq))


def in_order(log: Iterable[Row]) -> list[Row]:
    """Rows of all partitions in the order in which they are processed, now and in any rebuild."""
    return sorted(log, key=lambda row: (row.committed_at, row.partition, row.offset))


def lines_of(receipt: Receipt) -> list[bytes]:
    """The records of a receipt. A test leaves none, whatever it brings."""
    return receipt.events.split(b"\n") if receipt.events and not receipt.test else []


def _read(ordered: list[Row]) -> tuple[list[Conversion], list[DeadLetter]]:
    read: list[Conversion] = []
    dead: list[DeadLetter] = []
    place = 0
    for row, receipt in _receipts(ordered):
        lines = lines_of(receipt)
        for line in lines:
            try:
                read.append(conversion.read(place, row, receipt, line))
            except Unreadable as error:
                dead.append(DeadLetter(place, row, receipt, line, "unreadable", str(error)))
            place += 1
        for _ in range(0 if receipt.test else receipt.accepted - len(lines)):
            dead.append(DeadLetter(place, row, receipt, b"", "missing", f"{len(lines)} of {receipt.accepted} lines"))
            place += 1
    return read, dead


def _receipts(ordered: list[Row]) -> Iterator[tuple[Row, Receipt]]:
    return ((row, receipt) for row in ordered for receipt in row.receipts)


def _taken(block: Block, folded: Folded, receipts: list[Receipt]) -> Taken:
    kept = sum(one.status == "kept" for one in folded.conversions)
    reasons: dict[str, int] = {}
    for letter in folded.dead:
        reasons[letter.reason] = reasons.get(letter.reason, 0) + 1
    return Taken(
        seq=block.seq,
        records=len(folded.conversions) + len(folded.dead),
        kept=kept,
        duplicates=len(folded.conversions) - kept,
        dead=len(folded.dead),
        dead_reasons=reasons,
        rejected=sum(len(receipt.rejections) for receipt in receipts if not receipt.test),
        tests=sum(receipt.test for receipt in receipts),
        oldest=min((receipt.received_at for receipt in receipts), default=0),
        folded=folded,
    )
