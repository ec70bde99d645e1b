"""The core's load rate: a log of 912-byte events into the embedded store, with every step on."""

from __future__ import annotations

import asyncio
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import events
from headgate.log.sqlite import SqliteAppender
from headgate.processes.assembly import core_parts
from headgate.processes.clock import now_microseconds
from headgate.processes.folder import DataFolder
from headgate.settings import Settings
from headgate_contract.event import Receipt
from headgate_contract.validate import Rules, read_batch

RECORDS = 500_000
BATCH = 1000


def fill(folder: Path, records: int) -> None:
    """Write a log as the edge would: receipts of 1000 events, validated and in normal form."""
    data = DataFolder(folder)
    data.make()

    async def write() -> None:
        appender = SqliteAppender(data.log, "edge-0", clock=now_microseconds, byte_cap=2**40)
        now = int(time.time())
        for first in range(0, records, BATCH):
            batch = read_batch(events.body("bench", first, BATCH, now), now=now, rules_of=lambda _group: Rules())
            await appender.append(
                Receipt(
                    request_id=str(first),
                    received_at=now_microseconds(),
                    event_group_id="bench",
                    account_id="bench",
                    key_id="bench",
                    received=BATCH,
                    accepted=BATCH,
                    events=batch.lines,
                )
            )
        await appender.close()

    asyncio.run(write())


def drain(folder: Path) -> None:
    """Take the whole log into the store and say how fast; in a process of its own."""
    with core_parts(Settings(data=folder), DataFolder(folder)) as parts:
        began, used = time.perf_counter(), time.process_time()
        records = parts.worker.drain()
        seconds, busy = time.perf_counter() - began, time.process_time() - used
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"| {len(os.sched_getaffinity(0))} | {records / seconds:,.0f} | {records / busy:,.0f} | {megabytes:.0f} |",
        flush=True,
    )


def run() -> None:
    """The load rate on one processor and on all."""
    print("| processors | records/s | records/s of processor time | peak MB |\n|---:|---:|---:|---:|", flush=True)
    for processors in ("0", f"0-{(os.cpu_count() or 1) - 1}"):
        with tempfile.TemporaryDirectory(prefix="headgate-bench-", dir=Path.cwd()) as folder:
            fill(Path(folder), RECORDS)
            command = ["taskset", "-c", processors, sys.executable, "-m", "bench.core", folder]
            subprocess.run(command, check=True)


if __name__ == "__main__":
    drain(Path(sys.argv[1]))
