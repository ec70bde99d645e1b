"""What a queue says of the events that were put into it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from headgate_client._outcome import Rejected, Undelivered

_T = TypeVar("_T")

#: events that one report tells of in detail
DETAILS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueReport:
    """What happened since the last report. Counts are exact; details are bounded, see `details_left_off`.

    Over all reports of a queue, `resumed + put` equals `accepted + rejected_count + undelivered_count + dropped`, plus
    `waiting + kept` of the last one.
    """

    #: events that the spill file held when the queue was opened
    resumed: int = 0
    #: events that were put, dropped ones included
    put: int = 0
    accepted: int = 0
    rejected_count: int = 0
    #: events that are gone without a verdict
    undelivered_count: int = 0
    #: events that were put while the queue was full
    dropped: int = 0
    #: events that are in the queue now, in a request or before one
    waiting: int = 0
    #: events that stay in the spill file for the next queue on it
    kept: int = 0
    #: an `index` here is the number of the event in its queue, growing as events are put; -1 for one never taken
    rejected: tuple[Rejected, ...] = ()
    undelivered: tuple[Undelivered, ...] = ()
    #: events that were kept because the server refused their request; this queue does not try them again
    held: tuple[Undelivered, ...] = field(default=())
    #: rejected, undelivered and held events beyond those listed
    details_left_off: int = 0

    @property
    def all_accepted(self) -> bool:
        """Whether everything put was accepted, and nothing is left."""
        lost = self.rejected_count + self.undelivered_count + self.dropped
        return not lost and not self.waiting and not self.kept

    def summary(self) -> str:
        """One line for a log: counts, nothing of the events."""
        return (
            f"{self.put} events put, {self.accepted} accepted, {self.rejected_count} rejected, "
            f"{self.undelivered_count} undelivered, {self.dropped} dropped, {self.waiting} waiting, {self.kept} kept"
        )


class Ledger:
    """Counts what happens to events between two reports."""

    def __init__(self, resumed: int) -> None:
        self._start(resumed)

    def _start(self, resumed: int = 0) -> None:
        self._resumed = resumed
        self.put = self.accepted = self.dropped = 0
        self._rejected_count = self._undelivered_count = self._left_off = 0
        self._rejected: list[Rejected] = []
        self._undelivered: list[Undelivered] = []
        self._held: list[Undelivered] = []

    def reject(self, events: Sequence[Rejected]) -> None:
        """Events that the server, or the queue, does not take as they are."""
        self._rejected_count += len(events)
        self._left_off += _append(self._rejected, events)

    def lose(self, events: Sequence[Undelivered]) -> None:
        """Events that are gone without a verdict."""
        self._undelivered_count += len(events)
        self._left_off += _append(self._undelivered, events)

    def hold(self, events: Sequence[Undelivered]) -> None:
        """Events that are kept, but not tried again."""
        self._left_off += _append(self._held, events)

    def report(self, waiting: int, kept: int) -> QueueReport:
        """The report, and a new page."""
        made = QueueReport(
            resumed=self._resumed,
            put=self.put,
            accepted=self.accepted,
            rejected_count=self._rejected_count,
            undelivered_count=self._undelivered_count,
            dropped=self.dropped,
            waiting=waiting,
            kept=kept,
            rejected=tuple(self._rejected),
            undelivered=tuple(self._undelivered),
            held=tuple(self._held),
            details_left_off=self._left_off,
        )
        self._start()
        return made


def _append(details: list[_T], events: Iterable[_T]) -> int:
    """Note as many as there is room for; how many were left off."""
    found = list(events)
    room = max(0, DETAILS - len(details))
    details += found[:room]
    return len(found) - len(found[:room])
