"""A load generator: so many connections, each sending its next request when the answer to the last is there.

Written on bare asyncio protocols, so that the generator is not what is measured: on the machine of docs/performance.md
it reaches several times the rate of the servers that it drives. It stops by itself.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import NamedTuple, cast

import uvloop

_END_OF_HEAD = b"\r\n\r\n"


class Result(NamedTuple):
    """What one run gave."""

    requests: int
    seconds: float
    #: answers by status
    statuses: dict[int, int]
    #: seconds from request to answer, sorted
    latencies: list[float]

    def percentile(self, share: float) -> float:
        """Latency in milliseconds below which `share` of the requests lie."""
        return self.latencies[min(int(len(self.latencies) * share), len(self.latencies) - 1)] * 1000


class _Connection(asyncio.Protocol):
    def __init__(self, requests: Sequence[bytes], start: int, until: float, done: asyncio.Future[None]) -> None:
        self.requests, self.next, self.until, self.done = requests, start, until, done
        self.latencies: list[float] = []
        self.statuses: dict[int, int] = {}
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.send()

    def send(self) -> None:
        self.sent = time.perf_counter()
        if self.sent >= self.until:
            self.transport.close()
            return
        self.transport.write(self.requests[self.next % len(self.requests)])
        self.next += 1

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(_END_OF_HEAD)
        if end < 0:
            return
        head = self.buffer[:end].lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r")[0])
        if len(self.buffer) < end + 4 + length:
            return
        self.buffer = b""
        self.latencies.append(time.perf_counter() - self.sent)
        status = int(head[9:12])
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.send()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol's own name
        if not self.done.done():
            self.done.set_result(None)


async def _drive(port: int, requests: Sequence[bytes], connections: int, seconds: float) -> Result:
    loop = asyncio.get_running_loop()
    start = time.perf_counter()
    made: list[_Connection] = []
    for number in range(connections):
        first = number * len(requests) // connections
        _, protocol = await loop.create_connection(
            lambda first=first: _Connection(requests, first, start + seconds, loop.create_future()),  # type: ignore[misc]
            "127.0.0.1",
            port,
        )
        made.append(protocol)
    everything = asyncio.gather(*(connection.done for connection in made))
    async with asyncio.timeout(seconds + 60):
        while not everything.done():
            # never asleep: to wake this processor up is work that would be charged to the server beside it
            await asyncio.sleep(0)
    taken = time.perf_counter() - start
    statuses: dict[int, int] = {}
    for connection in made:
        for status, count in connection.statuses.items():
            statuses[status] = statuses.get(status, 0) + count
    latencies = sorted(latency for connection in made for latency in connection.latencies)
    return Result(len(latencies), taken, statuses, latencies)


def request(body: bytes, api_key: str, path: str = "/v1/events") -> bytes:
    """A whole HTTP request, ready to write."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {api_key}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def drive(port: int, requests: Sequence[bytes], connections: int, seconds: float) -> Result:
    """Send the requests in turn over so many connections for so many seconds; loopback only."""
    return uvloop.run(_drive(port, requests, connections, seconds))
