"""The edge on one processor: how many events a second, answered only after fsync, against two others in the same run."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from bench import events, load, servers
from headgate.processes import child
from headgate.processes.demo import prepare_demo
from headgate.processes.folder import DataFolder, Running
from headgate.settings import Settings

SIZES = (1, 10, 100, 1000)
#: requests kept ready, so that the generator only writes bytes
POOL_EVENTS = 20_000
KINDS = ("headgate", "log off", "baseline")


class Figure(NamedTuple):
    """One server at one batch size."""

    kind: str
    size: int
    events: float
    requests: float
    p50: float
    p99: float
    #: processor seconds of the server a second
    busy: float
    megabytes: float


@contextmanager
def _server(kind: str, folder: Path) -> Iterator[tuple[servers.Server, str, str]]:
    """The server, its API key and its event group."""
    bound = servers.listening()
    with closing(bound):
        if kind == "baseline":
            command = [sys.executable, "-m", "uvicorn", "bench.baseline:app", "--fd", str(bound.fileno())]
            options = ["--no-access-log", "--log-level", "error", "--loop", "uvloop", "--http", "httptools"]
            environment = {"BASELINE_DB": str(folder / "baseline.db")}
            with servers.running([*command, *options], bound, environment=environment, path="/docs") as server:
                yield server, "none", "baseline"
            return
        settings = Settings(data=folder, edge_workers=1, log_byte_cap=2**40)
        data = DataFolder(folder)
        data.make()
        data.clear_scratch()
        prepared = prepare_demo(settings, data, Running(os.getpid(), "http://127.0.0.1", "http://127.0.0.1"))
        assert prepared
        demo = prepared.demo
        module = "bench.edge_without_log" if kind == "log off" else "headgate.processes.edge"
        said = child.encode(child.ChildConfig(settings=settings, name="edge-0", descriptor=bound.fileno())) + b"\n"
        environment = {"PROMETHEUS_MULTIPROC_DIR": str(data.metrics)}
        with servers.running([sys.executable, "-m", module], bound, environment=environment, said=said) as server:
            yield server, demo.api_key, demo.event_group_id


def measure(kind: str, size: int, seconds: float, folder: Path) -> Figure:
    """One server at one batch size, on processor 0; the generator is on the others."""
    now = int(time.time())
    with _server(kind, folder) as (server, key, group):
        pool = [
            load.request(events.body(group, number * size, size, now), key)
            for number in range(max(POOL_EVENTS // size, 16))
        ]
        connections = 64 if size <= 10 else 16
        load.drive(server.port, pool, connections, 1.0)
        before, began = server.cpu_seconds(), time.perf_counter()
        result = load.drive(server.port, pool, connections, seconds)
        busy = (server.cpu_seconds() - before) / (time.perf_counter() - began)
        if set(result.statuses) != {200}:
            raise SystemExit(f"{kind} answered {result.statuses}")
        rate = result.requests / result.seconds
        return Figure(
            kind,
            size,
            rate * size,
            rate,
            result.percentile(0.5),
            result.percentile(0.99),
            busy,
            server.peak_megabytes(),
        )


def run(seconds: float) -> list[Figure]:
    """All servers at all sizes, the servers in turn at each size so that a slow moment of the machine hits all of them."""
    os.sched_setaffinity(0, set(range(1, os.cpu_count() or 1)) or {0})
    figures = []
    for size in SIZES:
        for kind in KINDS:
            with tempfile.TemporaryDirectory(prefix="headgate-bench-", dir=_on_disk()) as folder:
                figures.append(measure(kind, size, seconds, Path(folder)))
                print(table(figures[-1:], head=len(figures) == 1), flush=True)
    os.sched_setaffinity(0, set(range(os.cpu_count() or 1)))
    return figures


def _on_disk() -> str:
    """A folder that is not in memory: fsync has to mean something."""
    return str(Path.cwd())


def table(figures: list[Figure], *, head: bool = True) -> str:
    """The figures as lines of a Markdown table."""
    lines = []
    if head:
        lines += [
            "| server | events a request | events/s | requests/s | p50 ms | p99 ms | processors | peak MB |",
            "|---|---:|---:|---:|---:|---:|---:|---:|",
        ]
    lines += [
        f"| {f.kind} | {f.size} | {f.events:,.0f} | {f.requests:,.0f} | {f.p50:.1f} | {f.p99:.1f} | {f.busy:.2f} | {f.megabytes:.0f} |"
        for f in figures
    ]
    return "\n".join(lines)


def ratios(figures: list[Figure]) -> str:
    """Events a second as ratios within the run: what may be compared between machines."""
    lines = ["| events a request | headgate ÷ log off | headgate ÷ baseline |", "|---:|---:|---:|"]
    by = {(figure.kind, figure.size): figure.events for figure in figures}
    for size in SIZES:
        ours = by["headgate", size]
        lines.append(f"| {size} | {ours / by['log off', size]:.2f} | {ours / by['baseline', size]:.1f} |")
    return "\n".join(lines)
