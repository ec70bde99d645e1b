"""Connections are kept between requests, and ended once nobody has used them for long."""

from __future__ import annotations

import asyncio

import httpx
import msgspec

from edge_site import EdgeSite, batch
from headgate.edge.protocol import sweep
from headgate.edge.server import KEEP_ALIVE


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
