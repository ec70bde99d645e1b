"""A client that writes what it likes, when it likes: for what no HTTP library would send."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec

from edge_site import Answer, EdgeSite, batch

DEADLINE = 15.0
GOOD = msgspec.json.encode(batch())


class Connection:
    """A client that writes what it likes, when it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, raw: bytes) -> None:
        self.writer.write(raw)
        await self.writer.drain()

    async def read(self) -> Answer:
        async with asyncio.timeout(DEADLINE):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {name: value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
            body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        return Answer(int(head[0].split()[1]), headers, body)

    async def closed(self) -> bytes:
        """Wait for the other side to hang up; returns what it still sent."""
        async with asyncio.timeout(DEADLINE):
            with contextlib.suppress(ConnectionError):
                return await self.reader.read()
        return b""

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()


@contextlib.asynccontextmanager
async def connected(port: int, **options: Any) -> AsyncIterator[Connection]:
    connection = Connection(*await asyncio.open_connection("127.0.0.1", port, **options))
    try:
        yield connection
    finally:
        await connection.close()


def head(site: EdgeSite, path: str = "/v1/events", **more: str) -> bytes:
    lines = [f"{name}: {value}" for name, value in site.headers(**more).items()]
    return "\r\n".join([f"POST {path} HTTP/1.1", "host: localhost", *lines, "", ""]).encode()


def whole(site: EdgeSite, body: bytes = GOOD, **more: str) -> bytes:
    return head(site, content_length=str(len(body)), **more) + body


async def until(promise: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE):
        while not promise():
            await asyncio.sleep(0.01)
