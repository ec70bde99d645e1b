"""Client and AsyncClient against a real server on loopback."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from headgate_client import (
    AsyncClient,
    Client,
    Closed,
    ConnectFailed,
    HttpTransport,
    NotAccepted,
    Options,
    Outcome,
    Request,
    Retries,
)
from http_server import Reply, events_server

QUICK = Options(retries=Retries(attempts=3, first_wait=0.01, longest_wait=0.02), timeout=5)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


async def send(kind: str, url: str, events: list[Any], *, test: bool = False, options: Options = QUICK) -> Outcome:
    """The same call through either client."""
    if kind == "threads":
        with Client(url, "key", "group", options=options) as client:
            return client.test(events) if test else client.send(events)
    async with AsyncClient(url, "key", "group", options=options) as async_client:
        return await async_client.test(events) if test else await async_client.send(events)


both = pytest.mark.parametrize("kind", ["threads", "asyncio"])


@both
async def test_events_arrive_with_key_and_type(kind: str) -> None:
    with events_server() as server:
        outcome = await send(kind, server.url, [{"event_id": "a"}])
        assert outcome.all_accepted
        assert server.batches == [[{"event_id": "a"}]]
        assert server.paths == ["/v1/events"]
        headers = server.headers[0]
        assert headers["authorization"] == "Bearer key"
        assert headers["content-type"] == headers["accept"] == "application/json"
        assert headers["user-agent"].startswith("headgate-client/")


@both
async def test_a_test_goes_to_the_test_path(kind: str) -> None:
    with events_server() as server:
        assert (await send(kind, server.url, [{"event_id": "a"}], test=True)).accepted == 1
        assert server.paths == ["/v1/test_events"]


@both
async def test_a_cut_connection_is_tried_again_with_the_same_id(kind: str) -> None:
    with events_server(lambda number, _events: Reply(cut=number < 2)) as server:
        outcome = await send(kind, server.url, [{"event_name": "LEAD"}])
        assert outcome.all_accepted
        assert outcome.requests == 3
        assert len({batch[0]["event_id"] for batch in server.batches}) == 1


@both
async def test_a_server_that_is_not_there_is_reported_not_raised(kind: str) -> None:
    outcome = await send(kind, f"http://127.0.0.1:{free_port()}", [{"event_id": "a"}])
    (one,) = outcome.undelivered
    assert (one.reason, one.attempts, one.status) == ("unreachable", 3, None)
    with pytest.raises(NotAccepted, match="unreachable"):
        outcome.require_accepted()


@both
async def test_a_server_that_says_nothing_counts_as_unreachable(kind: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        options = Options(retries=Retries(attempts=1), timeout=0.2)
        outcome = await send(kind, f"http://127.0.0.1:{silent.getsockname()[1]}", [{}], options=options)
    assert outcome.undelivered[0].reason == "unreachable"
    assert "Timeout" in outcome.undelivered[0].detail


@both
async def test_large_batches_arrive_whole_and_compressed(kind: str) -> None:
    with events_server() as server:
        outcome = await send(kind, server.url, [{"event_id": str(n)} for n in range(2500)])
        assert outcome.accepted == 2500
        assert [len(batch) for batch in server.batches] == [1000, 1000, 500]
        assert server.headers[0]["content-encoding"] == "gzip"


@both
async def test_a_redirect_is_not_followed(kind: str) -> None:
    with events_server(lambda _n, _e: Reply(302, b"", {"location": "http://127.0.0.1:9/"})) as server:
        outcome = await send(kind, server.url, [{}])
        assert (outcome.undelivered[0].reason, outcome.undelivered[0].status) == ("refused", 302)


@both
async def test_a_rejected_event_is_told_by_its_place(kind: str) -> None:
    def script(_number: int, events: list[dict[str, Any]]) -> Reply:
        body = {"code": 210, "events_received": 2, "failed_events": [{**events[1], "errors": {"x": "y"}}]}
        return Reply(210, json.dumps(body).encode(), {"X-Request-Id": "r-7"})

    with events_server(script) as server:
        outcome = await send(kind, server.url, [{}, {}])
    assert outcome.accepted_indexes() == [0]
    assert (outcome.rejected[0].index, outcome.rejected[0].request_id) == (1, "r-7")


def test_a_client_is_safe_to_use_from_several_threads() -> None:
    with events_server() as server, Client(server.url, "key", "group", options=QUICK) as client:
        outcomes: list[Outcome] = []

        def work(name: int) -> None:
            outcomes.extend(client.send([{"event_id": f"{name}-{n}"}]) for n in range(20))

        threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(outcomes) == 160
        assert all(outcome.all_accepted for outcome in outcomes)
        assert sorted(server.accepted) == sorted(f"{name}-{n}" for name in range(8) for n in range(20))


def test_a_closed_client_says_so() -> None:
    client = Client("https://x", "key", "group")
    client.close()
    client.close()
    with pytest.raises(Closed):
        client.send([{}])


async def test_a_closed_async_client_says_so() -> None:
    client = AsyncClient("https://x", "key", "group")
    await client.close()
    with pytest.raises(Closed):
        await client.send([{}])


def test_an_untrusted_certificate_is_no_connection() -> None:
    transport = HttpTransport()
    with events_server() as server, pytest.raises(ConnectFailed):
        transport.send(Request(server.url.replace("http:", "https:"), {}, b"{}", 1, 1))
    transport.close()


def test_the_server_of_the_benchmarks_says_yes_to_what_it_was_sent() -> None:
    command = [sys.executable, "-m", "bench.client_null"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as server:
        try:
            assert server.stdout is not None
            url = f"http://127.0.0.1:{int(server.stdout.readline())}"
            for over in (None, 0):
                with Client(url, "key", "group", options=Options(compress_over=over)) as client:
                    assert client.send([{"event_name": "LEAD"}] * 1500).all_accepted
        finally:
            server.terminate()
