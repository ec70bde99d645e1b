"""The server on real sockets: slow senders, floods, half requests, full houses and the end of the process."""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import trustme

from edge_site import NOW, EdgeSite, batch, event
from headgate.edge.limits import EdgeLimits
from headgate.edge.protocol import DISCARD_LIMIT, HEAD_LIMIT, Patience
from headgate.edge.server import Serving
from headgate.errors import LogUnavailable
from headgate_contract.event import Receipt
from raw_connection import GOOD, Connection, connected, head, until, whole


async def test_requests_on_one_connection_are_answered_in_turn_even_when_sent_together() -> None:
    site = EdgeSite()
    async with site.served() as (_, port), connected(port) as client:
        await client.send(whole(site) * 3 + whole(site, b"{}"))
        answers = [await client.read() for _ in range(4)]
    assert [answer.status for answer in answers] == [200, 200, 200, 400]
    assert len({answer.headers["x-request-id"] for answer in answers}) == 4


async def test_a_chunked_body_and_a_body_in_many_pieces_are_read() -> None:
    site = EdgeSite()
    async with site.served() as (_, port), connected(port) as client:
        chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (GOOD[:10], GOOD[10:]))
        await client.send(head(site, transfer_encoding="chunked") + chunks + b"0\r\ntrailer: 1\r\n\r\n")
        assert (await client.read()).status == 200
        large = msgspec.json.encode(batch(*[event()] * 900))
        request = whole(site, large)
        for start in range(0, len(request), 50_000):
            await client.send(request[start : start + 50_000])
        assert (await client.read()).json["events_received"] == 900


async def test_a_refusal_before_the_body_leaves_the_connection_usable() -> None:
    site = EdgeSite()
    async with site.served() as (_, port), connected(port) as client:
        large = b"x" * 500_000
        for more, status in (({"authorization": "Bearer x"}, 401), ({"content_type": "text/plain"}, 415)):
            await client.send(whole(site, large, **more))
            assert (await client.read()).status == status
        await client.send(whole(site))
        assert (await client.read()).status == 200


async def test_a_body_over_the_limit_is_413_announced_or_not() -> None:
    site = EdgeSite(EdgeLimits(body=100_000))
    async with site.served() as (_, port):
        async with connected(port) as client:
            await client.send(whole(site, b"x" * 100_001))
            assert (await client.read()).status == 413
        async with connected(port) as client:
            await client.send(head(site, transfer_encoding="chunked"))
            for _ in range(3):
                await client.send(b"c350\r\n" + b"x" * 50_000 + b"\r\n")
            assert (await client.read()).status == 413


async def test_a_sender_that_waits_for_the_go_ahead_gets_it_or_the_refusal() -> None:
    site = EdgeSite()
    async with site.served() as (_, port):
        async with connected(port) as client:
            await client.send(head(site, content_length=str(len(GOOD)), expect="100-continue"))
            assert await client.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            await client.send(GOOD)
            assert (await client.read()).status == 200
        async with connected(port) as client:
            await client.send(head(site, content_length="9", expect="100-continue", authorization="Bearer x"))
            assert (await client.read()).status == 401
            # what comes now could be the body or another request: nobody could tell
            assert await client.closed() == b""


async def test_a_slow_body_is_408_and_costs_the_connection() -> None:
    site = EdgeSite(EdgeLimits(body_patience=0.3))
    async with site.served() as (_, port), connected(port) as client:
        await client.send(head(site, content_length="1000") + b"{")
        answer = await client.read()
        assert (answer.status, answer.json["code"], answer.headers["connection"]) == (408, 408, "close")
        assert await client.closed() == b""


@pytest.mark.parametrize(
    "start",
    [b"", b"\r\n", b"POST /v1/ev", b"POST /v1/events HTTP/1.1\r\nhost: x\r\nauthor"],
    ids=["nothing", "blank", "line", "head"],
)
async def test_a_slow_head_is_closed(start: bytes) -> None:
    site = EdgeSite()
    async with site.served(Serving(Patience(head=0.3))) as (_, port), connected(port) as client:
        began = time.monotonic()
        await client.send(start)
        await client.closed()
        assert time.monotonic() - began < 5


async def test_a_slow_head_is_closed_on_a_used_connection_too_but_not_a_quiet_one() -> None:
    site = EdgeSite()
    async with site.served(Serving(Patience(head=0.3))) as (_, port):
        async with connected(port) as client, connected(port) as quiet:
            for connection in (client, quiet):
                await connection.send(whole(site))
                assert (await connection.read()).status == 200
            await client.send(b"POST /v1/ev")
            await client.closed()
            await quiet.send(whole(site))
            assert (await quiet.read()).status == 200
        await until(lambda: _closed(site, "slow") == 1)


def _closed(site: EdgeSite, reason: str) -> float:
    return site.count("headgate_edge_connections_closed_total", reason=reason)


async def test_headers_without_end_are_431() -> None:
    site = EdgeSite()
    async with site.served() as (_, port):
        for endless in (b"x-a: " + b"a" * 4 * HEAD_LIMIT, b"x-a: a\r\n" * HEAD_LIMIT):
            async with connected(port) as client:
                with contextlib.suppress(ConnectionError):
                    await client.send(b"POST /v1/events HTTP/1.1\r\nhost: x\r\n")
                    for start in range(0, len(endless), 10_000):
                        await client.send(endless[start : start + 10_000])
                        await asyncio.sleep(0)
                answer = (await client.closed()).decode()
                assert not answer or answer.startswith("HTTP/1.1 431 ")
        await until(lambda: _closed(site, "malformed") == 2)


async def test_trailers_without_end_are_not_kept() -> None:
    site = EdgeSite()
    async with site.served(Serving(Patience(rest=0.5))) as (server, port), connected(port) as client:
        await client.send(head(site, transfer_encoding="chunked") + b"1\r\n{\r\n0\r\n")
        for _ in range(20):
            await client.send(b"x-a: a\r\n" * 1000)
        await asyncio.sleep(0.05)
        [connection] = server.server_state.connections
        assert len(connection.headers) < 20


@pytest.mark.parametrize(
    "junk", [b"\x16\x03\x01\x02\x00", b"GET\r\n\r\n", b"POST /v1/events HTTP/1.1\r\ncontent-length: x\r\n\r\n"]
)
async def test_what_is_not_http_is_400_in_json(junk: bytes) -> None:
    site = EdgeSite()
    async with site.served() as (_, port), connected(port) as client:
        await client.send(junk + b"\r\n\r\n")
        answer = await client.read()
        assert (answer.status, answer.json["code"]) == (400, 400)
        assert answer.headers["x-request-id"].startswith("request-")
        assert await client.closed() == b""


async def test_a_refused_body_that_never_ends_is_not_read_for_ever() -> None:
    site = EdgeSite()
    async with site.served() as (_, port), connected(port) as client:
        await client.send(head(site, transfer_encoding="chunked", authorization="Bearer x"))
        assert (await client.read()).status == 401
        chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
        sent = 0
        with contextlib.suppress(ConnectionError):
            for _ in range(2 * DISCARD_LIMIT // 0x100000):
                await client.send(chunk)
                sent += 0x100000
        assert DISCARD_LIMIT - 0x100000 <= sent < 2 * DISCARD_LIMIT


async def test_a_refused_body_that_dribbles_is_closed() -> None:
    site = EdgeSite()
    async with site.served(Serving(Patience(rest=0.3))) as (_, port), connected(port) as client:
        await client.send(head(site, content_length="1000", authorization="Bearer x") + b"x")
        assert (await client.read()).status == 401
        assert await client.closed() == b""


async def test_an_answer_that_nobody_reads_does_not_stay_in_memory() -> None:
    site = EdgeSite()
    large = msgspec.json.encode(batch(*[event(event_name="x" * 5000)] * 1000))
    async with site.served(Serving(Patience(rest=0.5))) as (server, port), connected(port, limit=1024) as client:
        await client.send(whole(site, large))
        await until(lambda: _closed(site, "unread") == 1)
        await until(lambda: not server.server_state.connections)


async def test_in_a_full_house_the_one_that_waits_longest_goes_and_the_new_one_is_served() -> None:
    site = EdgeSite()
    async with contextlib.AsyncExitStack() as stack:
        _, port = await stack.enter_async_context(site.served(Serving(Patience(connections=3))))
        first, *others = [await stack.enter_async_context(connected(port)) for _ in range(3)]
        for client in (first, *others):
            await client.send(whole(site))
            assert (await client.read()).status == 200
        newcomer = await stack.enter_async_context(connected(port))
        await newcomer.send(whole(site))
        assert (await newcomer.read()).status == 200
        assert await first.closed() == b""
        for client in others:
            await client.send(whole(site))
            assert (await client.read()).status == 200


async def test_in_a_house_full_of_requests_a_new_one_is_503() -> None:
    site = EdgeSite()
    async with contextlib.AsyncExitStack() as stack:
        _, port = await stack.enter_async_context(site.served(Serving(Patience(connections=2))))
        busy = [await stack.enter_async_context(connected(port)) for _ in range(2)]
        for client in busy:
            await client.send(head(site, content_length=str(len(GOOD)), expect="100-continue"))
            await client.reader.readuntil(b"\r\n\r\n")
        newcomer = await stack.enter_async_context(connected(port))
        answer = await newcomer.read()
        assert (answer.status, answer.json["code"], answer.headers["retry-after"]) == (503, 503, "1")
        for client in busy:
            await client.send(GOOD)
            assert (await client.read()).status == 200


async def test_five_hundred_slow_heads_and_five_hundred_slow_bodies_do_not_stop_a_good_sender() -> None:
    site = EdgeSite()
    slow_head, slow_body = head(site)[:60], head(site, content_length="900000") + b"{"
    large = msgspec.json.encode(batch(*[event()] * 1000))
    async with contextlib.AsyncExitStack() as stack:
        _, port = await stack.enter_async_context(site.served(Serving(Patience(connections=1010))))
        for start in (slow_head, slow_body):
            for _ in range(500):
                slow = await stack.enter_async_context(connected(port))
                await slow.send(start)
        good = await stack.enter_async_context(connected(port))
        slowest = 0.0
        for number in range(100):
            began = time.monotonic()
            await good.send(whole(site, large if number % 10 == 0 else GOOD))
            assert (await good.read()).status == 200
            slowest = max(slowest, time.monotonic() - began)
        assert slowest < 2


class SlowLog:
    """An appender that makes receipts durable when it is told to."""

    def __init__(self) -> None:
        self.waiting: list[asyncio.Future[None]] = []

    def append(self, receipt: Receipt) -> asyncio.Future[None]:  # noqa: ARG002 - its promise is all that matters here
        self.waiting.append(asyncio.get_running_loop().create_future())
        return self.waiting[-1]

    def ready(self) -> str | None:
        return None

    async def close(self) -> None:
        pass


@contextlib.asynccontextmanager
async def stopping(drain: float) -> AsyncIterator[tuple[SlowLog, Connection]]:
    """A server that was told to end while a request waits for the log."""
    site = EdgeSite()
    log = SlowLog()
    site.parts = site.parts._replace(appender=log)
    async with contextlib.AsyncExitStack() as stack:
        server, port = await stack.enter_async_context(site.served(Serving(drain=drain)))
        client = await stack.enter_async_context(connected(port))
        idle = await stack.enter_async_context(connected(port))
        await client.send(whole(site))
        await until(lambda: bool(log.waiting))
        server.should_exit = True
        assert await idle.closed() == b""
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
        yield log, client


async def test_a_server_that_ends_answers_what_it_began() -> None:
    async with stopping(5) as (log, client):
        log.waiting[0].set_result(None)
        answer = await client.read()
        assert (answer.status, answer.headers["connection"]) == (200, "close")


async def test_a_request_that_is_not_durable_when_the_time_is_up_is_503_and_not_acknowledged() -> None:
    async with stopping(1) as (_, client):
        answer = await client.read()
        assert (answer.status, answer.json["code"], answer.headers["retry-after"]) == (503, 503, "1")


async def test_a_log_that_fails_late_is_503() -> None:
    async with stopping(5) as (log, client):
        log.waiting[0].set_exception(LogUnavailable())
        assert (await client.read()).status == 503


async def test_tls_is_served_from_the_files_given(tmp_path: Path) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("localhost", "127.0.0.1")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    issued.cert_chain_pems[0].write_to_path(cert)
    issued.private_key_pem.write_to_path(key)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    site = EdgeSite()
    async with site.served(Serving(cert=cert, key=key)) as (_, port), connected(port, ssl=trusting) as client:
        await client.send(whole(site))
        answer = await client.read()
    assert answer.status == 200
    assert not re.search("server|uvicorn", " ".join(answer.headers), re.IGNORECASE)


async def test_the_servers_clock_is_the_one_handed_in() -> None:
    site = EdgeSite()
    site.clock.move(-7200)
    async with site.served() as (_, port), connected(port) as client:
        await client.send(whole(site))
        answer = await client.read()
    assert answer.json["failed_events"][0]["errors"] == {
        "event_time": "lies more than 1 hour in the future; send seconds since 1970 in UTC"
    }
    assert (await site.receipts())[0].received_at == (NOW - 7200) * 1_000_000
