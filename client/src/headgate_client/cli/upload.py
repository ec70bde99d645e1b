"""An upload: rows are read, sent a batch at a time on several connections, and settled in the order of the file.

A batch is settled when each of its rows has its verdict and every batch before it is settled. The checkpoint holds the
settled rows only. So an upload that goes on after an interruption sends again what was under way, each row under the
id that it had before, and the server's deduplication makes that harmless.
"""

from __future__ import annotations

import dataclasses
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

from headgate_client._outcome import Outcome, Undelivered
from headgate_client.cli.checkpoint import Checkpoint, Progress
from headgate_client.cli.making import EventMaker, Made
from headgate_client.cli.problems import Problem
from headgate_client.cli.rejected import RejectedFile
from headgate_client.cli.rows import Row
from headgate_contract.explain import explain

#: gives what became of the events of a batch; blocks until then
Deliver = Callable[[list[dict[str, Any]]], Outcome]
#: batches that are ready or under way, for each connection
_AHEAD = 2


class Interrupted(Exception):
    """Somebody asked the upload to stop."""


class Batch(NamedTuple):
    """Rows that go out together, and those among them that do not even go out."""

    rows: list[Row]
    events: list[dict[str, Any]]
    #: local verdicts, by place in `rows`
    failed: dict[int, Made]


class Ended(NamedTuple):
    """How an upload came to its end."""

    #: None: all rows have their verdict
    undelivered: Undelivered | None = None
    interrupted: bool = False
    #: as many rows were sent as were asked for
    limited: bool = False
    #: why the file could not be read any further
    unreadable: str = ""


class Books(NamedTuple):
    """What is written down as rows are settled."""

    progress: Progress
    checkpoint: Checkpoint
    rejected: RejectedFile


class Upload:
    """One upload. `show` is told of each batch that was settled."""

    def __init__(
        self,
        deliver: Deliver,
        books: Books,
        *,
        connections: int,
        stop: threading.Event,
        show: Callable[[Progress], None] = lambda _: None,
    ) -> None:
        self._deliver = deliver
        self._books = books
        self._connections = connections
        self._stop = stop
        self._show = show

    def run(self, batches: Iterable[Batch]) -> Ended:
        """Send the batches; gives how it ended. What was settled by then is durable."""
        began, before = time.monotonic(), self._books.progress.counts.seconds
        pool = ThreadPoolExecutor(self._connections, thread_name_prefix="upload")
        try:
            return self._run(batches, pool)
        finally:
            self._stop.set()
            pool.shutdown(cancel_futures=True)
            self._books.progress.counts.seconds = before + time.monotonic() - began
            try:
                self._save(now=True)
            finally:
                self._books.rejected.close()

    def _run(self, batches: Iterable[Batch], pool: ThreadPoolExecutor) -> Ended:
        under_way: deque[tuple[Batch, Future[Outcome]]] = deque()
        unreadable = ""
        try:
            for batch in batches:
                if self._stop.is_set():
                    break
                under_way.append((batch, pool.submit(self._deliver, batch.events)))
                while under_way and (len(under_way) > self._connections * _AHEAD or under_way[0][1].done()):
                    if ended := self._settle(*under_way.popleft()):
                        return ended
        except Problem as why:
            unreadable = str(why)
        while under_way:
            if ended := self._settle(*under_way.popleft()):
                return ended
        if self._stop.is_set() or unreadable:
            return Ended(interrupted=self._stop.is_set(), unreadable=unreadable)
        self._books.progress.done = True
        return Ended()

    def _settle(self, batch: Batch, future: Future[Outcome]) -> Ended | None:
        """Write down a batch's verdicts; how the upload ends, where it has none."""
        try:
            outcome = future.result()
        except Interrupted:
            return Ended(interrupted=True)
        if outcome.undelivered:
            return Ended(undelivered=outcome.undelivered[0])
        progress, counts = self._books.progress, self._books.progress.counts
        refused = {rejected.index: rejected.errors for rejected in outcome.rejected}
        sent = 0
        for place, row in enumerate(batch.rows):
            if place in batch.failed:
                made = batch.failed[place]
                self._books.rejected.write(row, made.event, made.errors, counts)
                continue
            if sent in refused:
                self._books.rejected.write(row, batch.events[sent], refused[sent], counts)
            sent += 1
        counts.rows += len(batch.rows)
        counts.accepted += outcome.accepted
        counts.rejected += len(refused) + len(batch.failed)
        counts.requests += outcome.requests
        last = batch.rows[-1]
        progress.lines, progress.position = last.line, last.position
        # only now: a batch that fails half-way through being written down was not settled
        progress.rejected_bytes = self._books.rejected.bytes
        self._save()
        self._show(progress)
        return None

    def _save(self, *, now: bool = False) -> None:
        if now or self._books.checkpoint.is_due():
            self._books.rejected.sync()
            self._books.checkpoint.write(self._books.progress, now=True)


def batches_of(rows: Iterable[Row], maker: EventMaker, size: int, now: int) -> Iterator[Batch]:
    """Rows in batches of so many; `now` in seconds since 1970, for the reasons of rows that cannot be sent."""
    batch = Batch([], [], {})
    unreadable: Problem | None = None
    try:
        for row in rows:
            made = maker.make(row)
            if made.errors:
                batch.failed[len(batch.rows)] = _all_reasons(made, now)
            else:
                batch.events.append(made.event)
            batch.rows.append(row)
            if len(batch.rows) >= size:
                yield batch
                batch = Batch([], [], {})
    except Problem as why:
        # what was read before is good
        unreadable = why
    if batch.rows:
        yield batch
    if unreadable is not None:
        raise unreadable


def _all_reasons(made: Made, now: int) -> Made:
    """What the server would have said as well, had it been asked."""
    if not made.event:
        return made
    told = explain(made.event, now=now, identifiers="extended").errors
    if any(field.startswith("user_data.") for field in made.errors):
        # the identifier is there, and its own error says what is wrong with it
        told.pop("user_data", None)
    return Made(made.event, {**told, **made.errors})


def halving(deliver: Deliver) -> Deliver:
    """Let a batch that the server finds too large go out in halves."""

    def send(events: list[dict[str, Any]]) -> Outcome:
        outcome = deliver(events)
        if len(events) < 2 or not outcome.undelivered or outcome.undelivered[0].reason != "too_large":  # noqa: PLR2004
            return outcome
        middle = len(events) // 2
        return _joined(send(events[:middle]), send(events[middle:]), middle)

    return send


def _joined(first: Outcome, second: Outcome, middle: int) -> Outcome:
    return Outcome(
        received=first.received + second.received,
        accepted=first.accepted + second.accepted,
        rejected=(*first.rejected, *(dataclasses.replace(one, index=one.index + middle) for one in second.rejected)),
        undelivered=(
            *first.undelivered,
            *(dataclasses.replace(one, index=one.index + middle) for one in second.undelivered),
        ),
        requests=first.requests + second.requests,
    )
