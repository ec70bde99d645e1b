"""Connections are kept between requests, answered in turn, and ended when their senders ask or nobody uses them."""

from __future__ import annotations

import asyncio

import httpx
import msgspec
import pytest

from edge_site import EdgeSite, batch, event
from headgate.edge.protocol import sweep
from headgate.edge.server import KEEP_ALIVE
from raw_connection import DEADLINE, connected, until, whole


async def test_an_idle_connection_is_ended_after_its_time_and_not_before() -> None:
    site = EdgeSite()
    async with site.served() as (server, port), httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        body = msgspec.json.encode(batch())
        for _ in range(3):
            assert (await client.post("/v1/events", content=body, headers=site.headers())).status_code == 200
        connections = server.server_state.connections
        assert len(connections) == 1
        now = asyncio.get_running_loop().time()
        sweep(connections, now + KEEP_ALIVE - 1)
        await asyncio.sleep(0)
        assert len(connections) == 1
        sweep(connections, now + KEEP_ALIVE + 1)
        async with asyncio.timeout(10):
            while connections:
                await asyncio.sleep(0.005)


async def test_pipelined_requests_are_answered_in_order() -> None:
    site = EdgeSite()
    async with site.served() as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            b"".join(b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % path for path in (b"/healthz", b"/none", b"/readyz"))
        )
        statuses = []
        async with asyncio.timeout(10):
            for _ in range(3):
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].split()[0])
                await reader.readexactly(length)
                statuses.append(head.split()[1])
        assert statuses == [b"200", b"404", b"200"]
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        ("GET /healthz HTTP/1.1\r\n\r\n", True),
        ("HEAD /healthz HTTP/1.1\r\n\r\n", True),
        ("GET /nowhere HTTP/1.1\r\n\r\n", True),
        ("GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n", False),
        ("HEAD /healthz HTTP/1.1\r\nConnection: close\r\n\r\n", False),
        ("GET /healthz HTTP/1.0\r\n\r\n", False),
    ],
)
async def test_a_connection_is_kept_or_closed_as_its_sender_asks(asked: str, kept: bool) -> None:
    site = EdgeSite()
    async with site.served() as (_, port), connected(port) as client:
        await client.send(asked.encode())
        async with asyncio.timeout(DEADLINE):
            told = (await client.reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
        length = next(int(line.partition(":")[2]) for line in told if line.startswith("content-length"))
        assert length > 0
        assert ("connection: close" in told) is not kept
        assert sum(line.startswith("date: ") for line in told) == 1
        if not asked.startswith("HEAD"):
            msgspec.json.decode(await client.reader.readexactly(length))
        if kept:
            await client.send(whole(site))
            assert (await client.read()).status == 200
        else:
            assert await client.closed() == b""


async def test_an_answer_waits_for_a_sender_that_reads_the_one_before_it_late() -> None:
    site = EdgeSite()
    large = msgspec.json.encode(batch(*[event(event_name="x" * 5000)] * 1000))
    async with site.served() as (server, port), connected(port, limit=1024) as client:
        await client.send(whole(site, large) + whole(site))
        await until(lambda: any(one.flow.write_paused and one.cycle for one in server.server_state.connections))
        await until(lambda: len(server.server_state.tasks) == 1)
        assert len((await client.read()).json["failed_events"]) == 1000
        assert (await client.read()).status == 200
