"""The queue without threads, tasks or I/O: what it holds, what is due, what became of it.

A driver (`_queue.py`, `_async_queue.py`) runs `run()` as it would any flow: `Send` as for a client, and between
requests what `pauses` says. Everything that touches shelf and ledger happens under the guard that the driver hands
in; the building of requests and the reading of answers does not.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from types import TracebackType
from typing import NamedTuple, Protocol, TypeVar

from headgate_client._batch import Item
from headgate_client._errors import ClientError, Closed
from headgate_client._flow import Delivery, Route, Step, Told, Wait, deliver
from headgate_client._intake import Again, Intake, Verdict, open_shelf
from headgate_client._outcome import Outcome, Rejected, Undelivered
from headgate_client._policy import Batching, Full
from headgate_client._report import Ledger, QueueReport
from headgate_client._tell import Teller

#: seconds; a closing queue does not hammer
_SHORTEST_REST = 0.05
_Told = TypeVar("_Told", Rejected, Undelivered)
Until = Callable[[], bool]


class Idle(NamedTuple):
    """Wait until there is work, at most so many seconds; None for no bound."""

    seconds: float | None


class Guard(Protocol):
    """Held around every change; `notify_all` wakes those that wait for one."""

    def __enter__(self) -> object: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...
    def notify_all(self) -> None:
        """Something changed."""
        ...


@dataclass(slots=True)
class Flush:
    """Somebody waits for what was put so far."""

    #: number of the last event that counts
    last: int
    #: events up to that one which have no answer yet
    left: int


class Core:
    """A queue's state. Every method but `run` and `pauses` is called under the guard."""

    def __init__(self, route: Route, batching: Batching, full: Full, guard: Guard, teller: Teller) -> None:
        self._route = route
        self._shelf = shelf = open_shelf(full, route.envelope.event_group_id)
        self._teller = teller
        self._batching = batching
        self._guard = guard
        self._ledger = Ledger(shelf.count)
        self._held = self._kept = 0
        self._flushes: list[Flush] = []
        self._failure: ClientError | None = None
        self.intake = Intake(route, shelf, full, self._ledger)
        self.closing = False
        #: nothing more will be sent or changed
        self.ended = False

    def has_rest(self) -> bool:
        """Whether a queue before left events in the file."""
        return bool(self._shelf.count)

    def offer(self, item: Item | Rejected, since: float) -> Verdict | Again:
        """Take one event. Raises `Closed`, `QueueFull`, `SpillUnusable`."""
        if self._failure is not None:
            raise self._failure
        if self.closing:
            raise Closed("this queue was closed; make a new one")
        verdict = self.intake.offer(item, since)
        if verdict == "taken" and (self._shelf.waiting == 1 or self._is_batch()):
            self._guard.notify_all()
        return verdict

    def has_work(self) -> bool:
        """Whether a batch is due, or none will ever be."""
        pause = self._pause()
        return self.ended or pause == 0 or (self.closing and pause is None)

    def _pause(self) -> float | None:
        """Seconds until a batch is due; None when nothing waits."""
        if not self._shelf.waiting:
            return None
        if self.closing or self._flushes or self._is_batch():
            return 0.0
        age = self._batching.age
        waited = self._route.surroundings.now() - (self._shelf.oldest() or 0.0)
        # a clock that was set back must not hold an event for longer
        return age - waited if 0 <= waited < age else 0.0

    def _is_batch(self) -> bool:
        return self._shelf.waiting >= self._events() or self._shelf.waiting_bytes >= self._batching.bytes

    def _events(self) -> int:
        return min(self._batching.events, self._route.options.events_per_request)

    def run(self) -> Generator[Step | Idle, Told, None]:
        """Send what is due until the queue is closed and empty."""
        while True:
            with self._guard:
                if self.ended or (self.closing and not self._shelf.waiting):
                    return
                pause = self._pause()
                batch = [] if pause else self._take()
            if not batch:
                yield Idle(pause)
                continue
            delivery = yield from deliver(self._route, _renumbered(batch))
            with self._guard:
                if self.ended:
                    return
                passing = self._settle(batch, delivery)
                self._guard.notify_all()
            self._teller.outcome(_outcome(batch, delivery))
            if passing:
                yield Wait(max(self._rest(), delivery.asked), delivery.asked)

    def _take(self) -> list[Item]:
        return self._shelf.take(self._events(), min(self._batching.bytes, self._route.envelope.event_limit))

    def _rest(self) -> float:
        """Seconds to leave a server alone that could not be reached in all the attempts of a delivery."""
        retries = self._route.options.retries
        longest = retries.first_wait if self.closing else retries.longest_wait
        return max(_SHORTEST_REST, longest * self._route.surroundings.random())

    def pauses(self, step: Wait | Idle) -> Iterator[tuple[Until, float | None]]:
        """How a driver waits: for each pair, until the condition holds or so many seconds have passed."""
        if isinstance(step, Idle):
            yield self.has_work, step.seconds
        elif self.closing:
            yield self._has_ended, step.seconds
        else:
            # whoever closes has little time: try now, unless the server asked for more
            begun = self._route.surroundings.monotonic()
            yield self._is_closing, step.seconds
            if self.closing:
                yield self._has_ended, max(0.0, step.least - (self._route.surroundings.monotonic() - begun))

    def _is_closing(self) -> bool:
        return self.closing

    def _has_ended(self) -> bool:
        return self.ended

    def _settle(self, batch: list[Item], delivery: Delivery) -> bool:
        """Note what became of a batch; whether some of it will be tried again."""
        given_up = [one for one in delivery.undelivered if not one.may_pass]
        refused = {one.index for one in given_up}
        again = {one.index for one in delivery.undelivered} - refused
        self._shelf.put_back([batch[place] for place in sorted(again)])
        self._shelf.hold([batch[place] for place in sorted(refused)])
        self._shelf.remove([item for place, item in enumerate(batch) if place not in again and place not in refused])
        self._ledger.accepted += delivery.accepted
        self._ledger.reject(_numbered(delivery.rejected, batch))
        if self._shelf.lasting:
            self._held += len(refused)
            self._ledger.hold(_numbered(given_up, batch))
        else:
            self._ledger.lose(_numbered(given_up, batch))
        for flush in self._flushes:
            flush.left -= sum(item.index <= flush.last for place, item in enumerate(batch) if place not in again)
        return bool(again)

    def begin_flush(self) -> Flush:
        """From now on all that waits is due; the flush says what is left."""
        flush = Flush(self._shelf.last, self._shelf.count - self._held)
        self._flushes.append(flush)
        self._guard.notify_all()
        return flush

    def end_flush(self, flush: Flush) -> None:
        """Nobody waits any more."""
        self._flushes.remove(flush)

    def begin_close(self) -> None:
        """Take no more events, and send what is left."""
        self.closing = True
        self._guard.notify_all()

    def end(self) -> QueueReport:
        """Stop; what has no answer is undelivered, or kept in the file. The report since the last one."""
        self._end("the queue was closed before the server had answered")
        return self.report()

    def fail(self, why: ClientError) -> None:
        """The shelf broke: whoever puts is told."""
        self._failure = why
        self._end(str(why))

    def _end(self, detail: str) -> None:
        if self.ended:
            return
        self.closing = self.ended = True
        self._ledger.lose([_closed(item, detail) for item in self._shelf.rest()])
        self._kept = self._shelf.count if self._shelf.lasting else 0
        self._shelf.close()
        self._guard.notify_all()

    def report(self) -> QueueReport:
        """The report since the last one."""
        if self.ended:
            return self._ledger.report(0, self._kept)
        return self._ledger.report(self._shelf.count - self._held, self._held)


def _renumbered(batch: list[Item]) -> list[Item]:
    """The events of a batch with their places in it."""
    return [Item(place, item.event_id, item.text) for place, item in enumerate(batch)]


def _numbered(told: list[_Told], batch: list[Item]) -> list[_Told]:
    """What is told of events of a batch, with their numbers in the queue."""
    return [replace(one, index=batch[one.index].index) for one in told]


def _closed(item: Item, detail: str) -> Undelivered:
    return Undelivered(index=item.index, event_id=item.event_id, reason="closed", detail=detail, event=item.given())


def _outcome(batch: list[Item], delivery: Delivery) -> Outcome:
    return Outcome(
        received=len(batch),
        accepted=delivery.accepted,
        rejected=tuple(delivery.rejected),
        undelivered=tuple(delivery.undelivered),
        event_ids=tuple(item.event_id for item in batch),
        requests=delivery.attempts,
    )
