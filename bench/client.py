"""What the client costs: events a second, processor time an event and memory, against a server that does nothing.

Each line is a process of its own on processor 0; the server has processor 1. The baseline, in the same run, is bare httpx
that posts bodies which were ready before: what any client on httpx must cost.
"""

from __future__ import annotations

import asyncio
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain, islice, repeat
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import msgspec

from bench import events
from headgate_client import AsyncClient, Batching, Client, Options, Queue, Spill, event, user_data

#: different events in memory, sent round and round
POOL = 20_000
NOW = 1_700_000_000
BATCH = 1000
PLAIN = Options(compress_over=None)


class Figure(NamedTuple):
    """One way to send."""

    name: str
    events: int
    seconds: float
    #: processor seconds of the client
    busy: float
    #: resident, at the start of the measurement and at its peak
    before_mb: float
    peak_mb: float


Send = Callable[[str, int], None]


def pool() -> list[dict[str, Any]]:
    return [events.event(number, NOW) for number in range(POOL)]


def rounds(count: int) -> Iterator[Any]:
    """So many events, out of the pool."""
    return islice(chain.from_iterable(repeat(_pool)), count)


def batches(count: int, size: int) -> Iterator[list[Any]]:
    source = rounds(count)
    while batch := list(islice(source, size)):
        yield batch


def bare(size: int) -> Send:
    def send(url: str, count: int) -> None:
        ready = [events.body("shop", first, size, NOW) for first in range(0, min(count, POOL), size)]
        headers = {"content-type": "application/json", "authorization": "Bearer key"}
        with httpx.Client() as client:
            for body in islice(chain.from_iterable(repeat(ready)), count // size):
                client.post(f"{url}/v1/events", content=body, headers=headers).raise_for_status()

    return send


def naive(size: int) -> Send:
    """What is written in an afternoon: a dict, the standard library's JSON, no ids, no reading of the answer."""

    def send(url: str, count: int) -> None:
        with httpx.Client(headers={"authorization": "Bearer key"}) as client:
            for batch in batches(count, size):
                client.post(f"{url}/v1/events", json={"event_group_id": "shop", "events": batch}).raise_for_status()

    return send


def client(size: int, options: Options = PLAIN) -> Send:
    def send(url: str, count: int) -> None:
        with Client(url, "key", "shop", options=options) as made:
            for batch in batches(count, size):
                assert made.send(batch).all_accepted

    return send


def typed(url: str, count: int) -> None:
    made = [event("PURCHASE", user_data(em=one["user_data"]["em"], aGA="x"), event_time=NOW) for one in _pool]
    with Client(url, "key", "shop", options=PLAIN) as sender:
        for first in range(0, count, BATCH):
            assert sender.send(made[first % POOL : first % POOL + BATCH]).all_accepted


def concurrent(url: str, count: int) -> None:
    async def one(sender: AsyncClient, source: Iterator[list[Any]]) -> None:
        for batch in source:
            assert (await sender.send(batch)).all_accepted

    async def run() -> None:
        async with AsyncClient(url, "key", "shop", options=PLAIN) as sender:
            source = batches(count, BATCH)
            await asyncio.gather(*[one(sender, source) for _ in range(4)])

    asyncio.run(run())


def queue(url: str, count: int) -> None:
    with Client(url, "key", "shop", options=PLAIN) as sender, Queue(sender, batching=Batching(age=1)) as made:
        for one in rounds(count):
            made.put(one)
        assert made.close(600).all_accepted


def spilled(url: str, count: int) -> None:
    with tempfile.TemporaryDirectory() as folder, Client(url, "key", "shop", options=PLAIN) as sender:
        made = Queue(sender, full=Spill(path=Path(folder) / "events.db"))
        for one in rounds(count):
            made.put(one)
        assert made.close(600).all_accepted


#: name -> how to send, and how many events of a full run
WAYS: dict[str, tuple[Send, int]] = {
    "bare httpx, bodies ready, 1000 a request": (bare(BATCH), 2_000_000),
    "httpx and json, 1000 a request": (naive(BATCH), 400_000),
    "Client.send, 1000 a request": (client(BATCH), 1_000_000),
    "Client.send, 1000 a request, gzip": (client(BATCH, Options()), 400_000),
    "Client.send, typed events (200 bytes), 1000 a request": (typed, 1_000_000),
    "AsyncClient.send, 4 at a time, 1000 a request": (concurrent, 1_000_000),
    "Queue.put": (queue, 600_000),
    "Queue.put, spill file": (spilled, 300_000),
    "bare httpx, bodies ready, 1 a request": (bare(1), 10_000),
    "Client.send, 1 a request": (client(1), 10_000),
}
_pool: list[dict[str, Any]] = []


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def measure(name: str, url: str, count: int) -> Figure:
    """Run one way in this process."""
    os.sched_setaffinity(0, {0})
    send, _ = WAYS[name]
    _pool.extend(pool())
    # connections, imports and the allocator's first pages are not what is measured
    send(url, min(count, POOL))
    before, begun, busy = resident_mb(), time.perf_counter(), time.process_time()
    send(url, count)
    seconds, busy = time.perf_counter() - begun, time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    return Figure(name, count, seconds, busy, before, peak)


@contextmanager
def null_server() -> Iterator[str]:
    command = [sys.executable, "-m", "bench.client_null"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        os.sched_setaffinity(process.pid, {max(os.sched_getaffinity(0))})
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.terminate()


def apart(name: str, url: str, count: int) -> Figure:
    command = [sys.executable, "-m", "bench.client", name, url, str(count)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=900)
    return msgspec.json.decode(done.stdout, type=Figure)


def table(scale: float) -> None:
    """All ways, as a table for docs/performance.md; `scale` shortens or lengthens every run."""
    print("| | events | events/s | µs of processor an event | MB before | peak MB |")
    print("|---|---:|---:|---:|---:|---:|")
    with null_server() as url:
        for name, (_, full) in WAYS.items():
            found = apart(name, url, max(BATCH, int(full * scale) // BATCH * BATCH))
            print(
                f"| {name} | {found.events:,} | {found.events / found.seconds:,.0f} "
                f"| {found.busy / found.events * 1e6:.2f} | {found.before_mb:.0f} | {found.peak_mb:.0f} |",
                flush=True,
            )


def main() -> None:
    """`bench.client`: the table. `bench.client SCALE`: shorter. Three arguments: one way, for the table."""
    arguments = sys.argv[1:]
    if len(arguments) == 3:
        name, url, count = arguments
        sys.stdout.buffer.write(msgspec.json.encode(measure(name, url, int(count))))
    else:
        table(float(arguments[0]) if arguments else 1.0)


if __name__ == "__main__":
    main()
