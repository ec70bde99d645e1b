"""The queue's core, driven by hand: no thread, no network, no sleep."""

from __future__ import annotations

from collections.abc import Callable
from itertools import repeat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from client_world import Answer, World, breaks, refuses, rejects, says, takes_all
from headgate_client import Batching, Block, Closed, Drop, Options, Outcome, QueueFull, QueueReport, Retries, Spill
from headgate_client._core import Core, Flush, Idle
from headgate_client._flow import Send, Told
from headgate_client._intake import Again
from headgate_client._policy import Full
from headgate_client._tell import Teller

ONCE = Options(compress_over=None, retries=Retries(attempts=1, longest_wait=8))


class Alone:
    """The guard of somebody who is alone."""

    woken = 0

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass

    def notify_all(self) -> None:
        self.woken += 1


class Queue:
    """A queue in a world without time."""

    def __init__(self, world: World, batching: Batching | None = None, full: Full | None = None) -> None:
        self.world = world
        self.outcomes: list[Outcome] = []
        self.guard = Alone()
        full = full or Block()
        self.core = Core(world.route, batching or Batching(), full, self.guard, Teller(self.outcomes.append, full))
        self.flow = self.core.run()
        self.told: Told = None
        self.idle: Idle | None = None

    def put(self, *events: dict[str, Any]) -> list[Any]:
        return [self.core.offer(self.core.intake.read(event), self.world.time) for event in events]

    def end_flush(self, flush: Flush) -> QueueReport:
        self.core.end_flush(flush)
        return self.core.report()

    def go(self, steps: int = 1000) -> None:
        """Run until there is nothing to do, letting no time pass but what is waited for between requests."""
        for _ in range(steps):
            if self.idle is not None and not self.core.has_work():
                return
            self.idle = None
            try:
                step = self.flow.send(self.told)
            except StopIteration:
                self.idle = Idle(None)
                return
            self.told = None
            if isinstance(step, Send):
                self.told = self.world.respond(step.request)
            elif isinstance(step, Idle):
                self.idle = step
            else:
                self.world.waits.append(step.seconds)
                self.world.time += step.seconds


def events(count: int, first: int = 0) -> list[dict[str, Any]]:
    return [{"event_id": str(n)} for n in range(first, first + count)]


def test_a_batch_goes_out_when_it_holds_enough_events() -> None:
    queue = Queue(World(takes_all), Batching(events=3, age=60))
    queue.put(*events(2))
    queue.go()
    assert queue.world.sent_ids() == []
    assert queue.idle == Idle(60)
    queue.put(*events(2, first=2))
    queue.go()
    assert queue.world.sent_ids() == [["0", "1", "2"]]


def test_a_batch_goes_out_when_it_holds_enough_bytes() -> None:
    queue = Queue(World(takes_all), Batching(bytes=1000, age=60))
    queue.put({"event_id": "a", "x": "x" * 600}, {"event_id": "b", "x": "x" * 600})
    queue.go()
    assert queue.world.sent_ids() == [["a"]]


def test_a_batch_goes_out_when_its_oldest_event_has_waited_long_enough() -> None:
    queue = Queue(World(takes_all), Batching(age=5))
    queue.put(*events(1))
    queue.world.time = 3
    queue.put(*events(1, first=1))
    queue.go()
    assert queue.idle == Idle(2)
    queue.world.time = 5
    queue.go()
    assert queue.world.sent_ids() == [["0", "1"]]


def test_a_clock_that_is_set_back_holds_no_event() -> None:
    queue = Queue(World(takes_all), Batching(age=5))
    queue.put(*events(1))
    queue.world.time = -3600
    queue.go()
    assert queue.world.sent_ids() == [["0"]]


def test_an_empty_queue_waits_without_a_bound_and_is_woken_by_the_first_event() -> None:
    queue = Queue(World())
    queue.go()
    assert queue.idle == Idle(None)
    queue.put(*events(1))
    assert queue.guard.woken == 1
    queue.put(*events(1, first=1))
    assert queue.guard.woken == 1


def test_a_batch_that_fails_for_a_passing_reason_is_sent_again_after_the_others() -> None:
    queue = Queue(World(breaks, takes_all, takes_all, options=ONCE), Batching(events=2, age=0))
    queue.put(*events(3))
    queue.go()
    assert queue.world.sent_ids() == [["0", "1"], ["2", "0"], ["1"]]
    assert queue.world.waits == [4]
    queue.core.begin_close()
    queue.go()
    report = queue.core.end()
    assert (report.put, report.accepted, report.all_accepted) == (3, 3, True)


def test_a_refused_batch_is_undelivered_and_not_sent_again() -> None:
    queue = Queue(World(refuses(401), takes_all), Batching(events=2, age=0))
    queue.put(*events(3))
    queue.go()
    assert queue.world.sent_ids() == [["0", "1"], ["2"]]
    queue.core.begin_close()
    report = queue.core.end()
    assert (report.accepted, report.undelivered_count) == (1, 2)
    assert [(one.event_id, one.reason) for one in report.undelivered] == [("0", "unauthorized"), ("1", "unauthorized")]


def test_a_refused_batch_stays_in_the_spill_file_for_the_next_queue(tmp_path: Path) -> None:
    spill = Spill(path=tmp_path / "spill.db")
    queue = Queue(World(refuses(401)), Batching(age=0), spill)
    queue.put(*events(2))
    queue.go()
    report = queue.core.end()
    assert (report.put, report.kept, report.undelivered_count) == (2, 2, 0)
    assert [(one.event_id, one.reason) for one in report.held] == [("0", "unauthorized"), ("1", "unauthorized")]
    heir = Queue(World(takes_all), Batching(age=0), spill)
    heir.go()
    assert heir.world.sent_ids() == [["0", "1"]]
    report = heir.core.end()
    assert (report.resumed, report.put, report.accepted, report.kept) == (2, 0, 2, 0)


def test_a_full_queue_that_blocks_asks_to_wait_and_takes_the_event_once_there_is_room() -> None:
    queue = Queue(World(takes_all), Batching(events=2), Block(events=2, timeout=10))
    assert queue.put(*events(3)) == ["taken", "taken", Again(10)]
    queue.go()
    assert queue.put(*events(1, first=2)) == ["taken"]


def test_a_full_queue_that_blocks_gives_up_when_its_time_is_over() -> None:
    queue = Queue(World(), full=Block(events=1, timeout=10))
    queue.put(*events(1))
    since = queue.world.time
    queue.world.time = 10
    with pytest.raises(QueueFull):
        queue.core.offer(queue.core.intake.read({}), since)


def test_a_full_queue_that_drops_counts_and_tells() -> None:
    dropped: list[Any] = []
    full = Drop(on_drop=dropped.append, events=10, bytes=60)
    queue = Queue(World(takes_all), full=full)
    put = [{"event_id": "a" * 20}, {"event_id": "b" * 20}]
    teller = Teller(None, full)
    for event in put:
        item = queue.core.intake.read(event)
        verdict = queue.core.offer(item, 0)
        assert not isinstance(verdict, Again)
        teller.untaken(verdict, event, item)
    assert dropped == put[1:]
    queue.core.begin_close()
    queue.go()
    report = queue.core.end()
    assert (report.put, report.accepted, report.dropped) == (2, 1, 1)


def test_a_full_spill_file_says_so(tmp_path: Path) -> None:
    queue = Queue(World(), full=Spill(path=tmp_path / "spill.db", events=1))
    queue.put(*events(1))
    with pytest.raises(QueueFull, match="1 events"):
        queue.put(*events(1, first=1))
    queue.core.end()


def test_one_event_that_is_larger_than_the_whole_queue_is_taken_by_itself() -> None:
    queue = Queue(World(takes_all), Batching(age=0), Block(bytes=10))
    assert queue.put({"event_id": "a" * 100}) == ["taken"]
    queue.go()
    assert queue.outcomes[0].accepted == 1


def test_an_event_that_cannot_be_sent_is_reported_as_rejected() -> None:
    queue = Queue(World())
    assert queue.put({"x": object()}) == ["rejected"]
    report = queue.core.end()
    assert (report.put, report.rejected_count) == (1, 1)
    assert "cannot be written as JSON" in report.rejected[0].errors["event"]


def test_a_flush_sends_what_waits_and_is_over_when_all_of_it_has_an_answer() -> None:
    queue = Queue(World(rejects(1), takes_all), Batching(events=2, age=600))
    queue.put(*events(3))
    flush = queue.core.begin_flush()
    assert flush.left == 3
    queue.go()
    assert flush.left == 0
    report = queue.end_flush(flush)
    assert (report.put, report.accepted, report.rejected_count, report.waiting) == (3, 2, 1, 0)
    assert report.rejected[0].event == {"event_id": "1"}


def test_a_flush_does_not_wait_for_what_is_put_after_it() -> None:
    queue = Queue(World(takes_all, takes_all), Batching(events=2, age=600))
    queue.put(*events(2))
    flush = queue.core.begin_flush()
    queue.put(*events(2, first=2))
    queue.go(steps=2)
    assert flush.left == 0
    assert queue.end_flush(flush).waiting == 2


def test_a_report_starts_where_the_last_one_ended() -> None:
    queue = Queue(World(takes_all, takes_all), Batching(age=0))
    for first in (0, 1):
        queue.put(*events(1, first=first))
        queue.go()
        report = queue.end_flush(queue.core.begin_flush())
        assert (report.put, report.accepted) == (1, 1)


def test_details_are_bounded_and_counts_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headgate_client._report.DETAILS", 3)
    queue = Queue(World(rejects(0, 1), rejects(0, 1)), Batching(events=2, age=0))
    queue.put(*events(4))
    queue.go()
    report = queue.core.end()
    assert (report.rejected_count, len(report.rejected), report.details_left_off) == (4, 3, 1)


def test_what_has_no_answer_at_the_end_is_undelivered() -> None:
    queue = Queue(World(breaks, options=ONCE), Batching(events=1, age=0))
    queue.put(*events(2))
    queue.go(steps=2)
    report = queue.core.end()
    assert sorted((one.event_id, one.reason) for one in report.undelivered) == [("0", "closed"), ("1", "closed")]
    assert (report.undelivered_count, report.waiting) == (2, 0)
    assert report.undelivered[0].may_pass


def test_a_closed_queue_takes_nothing() -> None:
    queue = Queue(World())
    queue.core.begin_close()
    with pytest.raises(Closed):
        queue.put({})


def test_an_outcome_tells_of_its_batch_with_places_in_the_batch() -> None:
    queue = Queue(World(takes_all, rejects(1)), Batching(events=2, age=0))
    queue.put(*events(4))
    queue.go()
    assert queue.outcomes[1].event_ids == ("2", "3")
    assert queue.outcomes[1].rejected[0].index == 1
    assert queue.outcomes[1].accepted_indexes() == [0]


def test_whoever_closes_need_not_wait_for_the_next_attempt() -> None:
    world = World(breaks, options=Options(retries=Retries(attempts=5, first_wait=60, longest_wait=60)))
    queue = Queue(world, Batching(age=0))
    queue.put(*events(1))
    send = queue.flow.send(None)
    assert isinstance(send, Send)
    step = queue.flow.send(world.respond(send.request))
    conditions = [until for until, _seconds in _pause(queue, step, close=True)]
    assert conditions[0]()
    assert not conditions[1]()


def test_whoever_closes_waits_as_long_as_the_server_asked_for() -> None:
    world = World(says(429, retry_after="20"), options=Options(retries=Retries(first_wait=60, longest_wait=60)))
    queue = Queue(world, Batching(age=0))
    queue.put(*events(1))
    send = queue.flow.send(None)
    assert isinstance(send, Send)
    step = queue.flow.send(world.respond(send.request))
    (_, first), (_, second) = _pause(queue, step, close=True)
    assert (first, second) == (30, 20)


def _pause(queue: Queue, step: Any, *, close: bool) -> list[tuple[Callable[[], bool], float | None]]:
    pauses = queue.core.pauses(step)
    found = [next(pauses)]
    if close:
        queue.core.begin_close()
    return found + list(pauses)


@settings(max_examples=150)
@given(
    script=st.lists(st.sampled_from(["takes", "rejects", "breaks", "500", "401", "429"]), max_size=12),
    sizes=st.lists(st.integers(1, 4), max_size=6),
    full=st.sampled_from(["block", "drop", "spill"]),
)
def test_over_all_reports_every_event_put_is_counted_once(
    tmp_path_factory: pytest.TempPathFactory, script: list[str], sizes: list[int], full: str
) -> None:
    answers: dict[str, Answer] = {
        "takes": takes_all, "rejects": rejects(0), "breaks": breaks, "500": says(500), "401": refuses(401),
        "429": refuses(429),
    }  # fmt: skip
    policy: Full = {
        "block": Block(events=1000),
        "drop": Drop(events=5),
        "spill": Spill(path=tmp_path_factory.mktemp("spill") / "spill.db"),
    }[full]
    world = World(*(answers[name] for name in script), *repeat(breaks, 400), options=ONCE)
    queue = Queue(world, Batching(events=2, age=0), policy)
    first, reports = 0, []
    for size in sizes:
        queue.put(*events(size, first=first))
        first += size
        queue.go(steps=3)
        reports.append(queue.end_flush(queue.core.begin_flush()))
    queue.core.begin_close()
    queue.go(steps=30)
    reports.append(queue.core.end())
    last = reports[-1]
    assert last.waiting == 0
    put = sum(one.put for one in reports)
    assert put == sum(sizes)
    assert put == last.kept + sum(
        one.accepted + one.rejected_count + one.undelivered_count + one.dropped for one in reports
    )
    listed = [one.event_id for report in reports for one in (*report.rejected, *report.undelivered)]
    assert len(listed) == len(set(listed))


@pytest.mark.parametrize("attempts", [1, 7])
def test_a_server_that_asks_to_be_left_alone_for_an_hour_is_left_alone_by_the_queue(attempts: int) -> None:
    retries = Options(compress_over=None, retries=Retries(attempts=attempts, longest_wait=8, deadline=60))
    world = World(says(429, retry_after="3600"), takes_all, options=retries)
    queue = Queue(world, Batching(events=1, age=0))
    queue.put(*events(1))
    queue.go()
    assert world.waits == [3600]
    assert world.sent_ids() == [["0"], ["0"]]
