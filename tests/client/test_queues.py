"""Queue and AsyncQueue with real threads, tasks, files and a real server on loopback."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from headgate_client import (
    AsyncClient,
    AsyncQueue,
    Batching,
    Block,
    Client,
    Closed,
    Drop,
    Options,
    Outcome,
    Queue,
    QueueFull,
    QueueReport,
    Retries,
    Spill,
)
from http_server import EventsServer, Reply, events_server
from server import until

QUICK = Options(retries=Retries(attempts=2, first_wait=0.01, longest_wait=0.02), timeout=5)
SOON = Batching(events=50, age=0.01)


class Gate:
    """A server that answers only once it may."""

    def __init__(self) -> None:
        self.open = threading.Event()

    def __call__(self, _number: int, _events: list[dict[str, Any]]) -> Reply:
        assert self.open.wait(20)
        return Reply()


def client_of(server: EventsServer) -> Client:
    return Client(server.url, "key", "group", options=QUICK)


def test_what_is_put_from_many_threads_arrives_once() -> None:
    with events_server() as server, client_of(server) as client, Queue(client, batching=SOON) as queue:

        def work(name: int) -> None:
            for n in range(200):
                queue.put({"event_id": f"{name}-{n}"})

        threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        report = queue.close()
    assert (report.put, report.accepted, report.all_accepted) == (1600, 1600, True)
    assert sorted(server.accepted) == sorted(f"{name}-{n}" for name in range(8) for n in range(200))


def test_an_event_goes_out_by_itself_when_its_time_has_come() -> None:
    with events_server() as server, client_of(server) as client, Queue(client, batching=SOON) as queue:
        event_id = queue.put({"event_name": "LEAD"})
        assert until(lambda: server.accepted) == [event_id]


def test_put_waits_for_room_and_goes_on_when_there_is_some() -> None:
    gate = Gate()
    with events_server(gate) as server, client_of(server) as client:
        queue = Queue(client, batching=Batching(events=2, age=0), full=Block(events=2))
        for n in range(2):
            queue.put({"event_id": str(n)})
        third = threading.Thread(target=queue.put, args=({"event_id": "2"},))
        third.start()
        until(lambda: server.received() == 1)
        assert third.is_alive()
        gate.open.set()
        third.join(20)
        assert not third.is_alive()
        assert queue.close().accepted == 3


def test_put_gives_up_after_its_timeout() -> None:
    gate = Gate()
    with events_server(gate) as server, client_of(server) as client:
        queue = Queue(client, full=Block(events=1, timeout=0.05))
        queue.put({"event_id": "a"})
        with pytest.raises(QueueFull):
            queue.put({"event_id": "b"})
        gate.open.set()
        assert queue.close().accepted == 1


def test_what_is_dropped_is_told_and_counted() -> None:
    gate = Gate()
    dropped: list[Any] = []
    with events_server(gate) as server, client_of(server) as client:
        queue = Queue(client, full=Drop(events=2, on_drop=dropped.append))
        for n in range(5):
            queue.put({"event_id": str(n)})
        gate.open.set()
        report = queue.close()
    assert (report.put, report.accepted, report.dropped) == (5, 2, 3)
    assert dropped == [{"event_id": "2"}, {"event_id": "3"}, {"event_id": "4"}]


def test_a_flush_says_what_happened_and_the_queue_goes_on() -> None:
    with events_server() as server, client_of(server) as client, Queue(client) as queue:
        queue.put({"event_id": "a"})
        report = queue.flush(20)
        assert (report.put, report.accepted, report.waiting) == (1, 1, 0)
        queue.put({"event_id": "b"})
        assert queue.flush(20).accepted == 1
        assert server.accepted == ["a", "b"]


def test_a_flush_that_takes_too_long_says_what_waits() -> None:
    gate = Gate()
    with events_server(gate) as server, client_of(server) as client, Queue(client) as queue:
        queue.put({"event_id": "a"})
        report = queue.flush(0.05)
        assert (report.put, report.accepted, report.waiting) == (1, 0, 1)
        gate.open.set()


def test_a_flush_of_an_empty_queue_is_over_at_once() -> None:
    with events_server() as server, client_of(server) as client, Queue(client) as queue:
        assert queue.flush() == QueueReport()


def test_a_queue_outlasts_an_outage() -> None:
    with (
        events_server(lambda number, _events: Reply(cut=True) if number < 8 else Reply()) as server,
        client_of(server) as client,
        Queue(client, batching=SOON) as queue,
    ):
        queue.put({"event_id": "a"})
        assert queue.flush(20).accepted == 1
        assert server.received() == 9


def test_a_close_that_runs_out_of_time_reports_what_is_left() -> None:
    gate = Gate()
    with events_server(gate) as server, client_of(server) as client:
        queue = Queue(client, batching=Batching(events=1, age=0))
        for n in range(3):
            queue.put({"event_id": str(n)})
        until(lambda: server.received() == 1)
        report = queue.close(0.05)
        assert sorted(one.event_id for one in report.undelivered) == ["0", "1", "2"]
        assert {one.reason for one in report.undelivered} == {"closed"}
        gate.open.set()
        assert queue.close() == QueueReport()
        with pytest.raises(Closed):
            queue.put({})


def test_a_client_that_is_closed_too_early_costs_no_event_its_report() -> None:
    with events_server() as server:
        client = client_of(server)
        queue = Queue(client)
        client.close()
        queue.put({"event_id": "a"})
        report = queue.close(0.2)
    assert [(one.event_id, one.reason) for one in report.undelivered] == [("a", "closed")]


def test_a_callback_that_fails_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    def fails(outcome: Outcome) -> None:
        raise RuntimeError(f"jo@example.com {outcome}")

    with events_server() as server, client_of(server) as client, Queue(client, on_outcome=fails) as queue:
        for name in "ab":
            queue.put({"event_id": name})
            assert queue.flush(20).accepted == 1
    assert "on_outcome raised RuntimeError" in caplog.text
    assert "jo@" not in caplog.text


def test_a_callback_may_put_events_but_cannot_wait_for_itself() -> None:
    seen: list[str] = []

    def again(outcome: Outcome) -> None:
        if outcome.event_ids == ("a",):
            queue.put({"event_id": "b"})
            try:
                queue.put({"event_id": "c"})
            except QueueFull as why:
                seen.append(str(why))
            # a flush from here reports at once what there is to report
            assert queue.flush().waiting == 1

    with events_server() as server, client_of(server) as client:
        queue = Queue(client, batching=Batching(events=1, age=0), full=Block(events=1), on_outcome=again)
        queue.put({"event_id": "a"})
        until(lambda: server.accepted == ["a", "b"])
        queue.close()
    assert len(seen) == 1


def test_a_spill_file_hands_on_what_was_left(tmp_path: Path) -> None:
    spill = Spill(path=tmp_path / "spill.db")
    gate = Gate()
    with events_server(gate) as server, client_of(server) as client:
        queue = Queue(client, batching=Batching(age=60), full=spill)
        for n in range(3):
            queue.put({"event_id": str(n)})
        report = queue.close(0.05)
        assert (report.put, report.kept, report.undelivered_count) == (3, 3, 0)
        gate.open.set()
    with events_server() as server, client_of(server) as client, Queue(client, full=spill) as queue:
        # nobody puts anything: a queue with a rest starts by itself
        until(lambda: len(server.accepted) == 3)
        report = queue.close()
        assert (report.resumed, report.put, report.accepted, report.kept) == (3, 0, 3, 0)


async def test_an_async_queue_sends_and_reports() -> None:
    with events_server() as server:
        async with AsyncClient(server.url, "key", "group", options=QUICK) as client, AsyncQueue(client) as queue:
            ids = [await queue.put({"n": n}) for n in range(120)]
            report = await queue.flush(20)
            assert (report.put, report.accepted) == (120, 120)
            assert server.accepted == ids
            await queue.put({"event_id": "last"})
        assert server.accepted[-1] == "last"


async def test_a_flush_that_is_broken_off_takes_no_report_with_it() -> None:
    gate = Gate()
    with events_server(gate) as server:
        async with AsyncClient(server.url, "key", "group", options=QUICK) as client, AsyncQueue(client) as queue:
            await queue.put({"event_id": "a"})
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await queue.flush()
            gate.open.set()
            report = await queue.flush()
    assert (report.put, report.accepted) == (1, 1)


async def test_an_async_put_waits_for_room_without_stopping_the_loop() -> None:
    gate = Gate()
    with events_server(gate) as server:
        async with AsyncClient(server.url, "key", "group", options=QUICK) as client:
            queue = AsyncQueue(client, batching=Batching(events=1, age=0), full=Block(events=1))
            await queue.put({"event_id": "a"})
            second = asyncio.create_task(queue.put({"event_id": "b"}))
            while server.received() == 0:
                await asyncio.sleep(0.01)
            assert not second.done()
            gate.open.set()
            await asyncio.wait_for(second, 20)
            assert (await queue.close()).accepted == 2


async def test_an_async_put_gives_up_after_its_timeout() -> None:
    gate = Gate()
    with events_server(gate) as server:
        async with AsyncClient(server.url, "key", "group", options=QUICK) as client:
            queue = AsyncQueue(client, full=Block(events=1, timeout=0.05))
            await queue.put({"event_id": "a"})
            with pytest.raises(QueueFull):
                await queue.put({"event_id": "b"})
            gate.open.set()
            assert (await queue.close()).accepted == 1


async def test_an_async_close_that_runs_out_of_time_reports_what_is_left() -> None:
    gate = Gate()
    with events_server(gate) as server:
        async with AsyncClient(server.url, "key", "group", options=QUICK) as client:
            queue = AsyncQueue(client, batching=Batching(events=1, age=0))
            await queue.put({"event_id": "a"})
            while server.received() == 0:
                await asyncio.sleep(0.01)
            report = await queue.close(0.05)
            assert [(one.event_id, one.reason) for one in report.undelivered] == [("a", "closed")]
            gate.open.set()
            with pytest.raises(Closed):
                await queue.put({})


async def test_an_async_queue_hands_its_spill_file_on(tmp_path: Path) -> None:
    spill = Spill(path=tmp_path / "spill.db")
    with events_server(lambda _n, _e: Reply(401, b"{}")) as server:
        async with AsyncClient(server.url, "key", "group", options=QUICK) as client:
            queue = AsyncQueue(client, full=spill, batching=SOON)
            await queue.put({"event_id": "a"})
            report = await queue.flush(20)
            assert (report.kept, report.waiting, report.held[0].reason) == (1, 0, "unauthorized")
            assert (await queue.close()).kept == 1
    with events_server() as server:
        async with AsyncClient(server.url, "key", "group", options=QUICK) as client:
            async with AsyncQueue(client, full=spill) as queue:
                report = await queue.flush(20)
            assert (report.resumed, report.accepted) == (1, 1)
            assert server.accepted == ["a"]
