"""The servers that are measured, each a process of its own on a processor of its own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

START_SECONDS = 60.0
_TICKS = os.sysconf("SC_CLK_TCK")


class Server(NamedTuple):
    """A running server."""

    pid: int
    port: int

    def cpu_seconds(self) -> float:
        """User and system time of the process so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def peak_megabytes(self) -> float:
        """Most memory that it has had resident."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def listening() -> socket.socket:
    """A socket on a free port of loopback, for a child to inherit."""
    made = socket.create_server(("127.0.0.1", 0), backlog=1024)
    made.set_inheritable(True)
    return made


@contextlib.contextmanager
def running(
    command: Sequence[str],
    bound: socket.socket,
    *,
    processor: int | None = 0,
    environment: Mapping[str, str] | None = None,
    said: bytes | None = None,
    path: str = "/readyz",
) -> Iterator[Server]:
    """Run a server that inherits `bound`; `said` goes to its standard input, which stays open while it runs."""
    pinned = ["taskset", "-c", str(processor)] if processor is not None else []
    process = subprocess.Popen(
        [*pinned, *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        pass_fds=[bound.fileno()],
        env={**os.environ, **(environment or {})},
    )
    assert process.stdin
    try:
        if said is not None:
            process.stdin.write(said)
            process.stdin.flush()
        port = bound.getsockname()[1]
        wait_until_up(f"http://127.0.0.1:{port}{path}")
        yield Server(process.pid, port)
    finally:
        process.send_signal(signal.SIGTERM)
        process.stdin.close()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until_up(url: str) -> None:
    """Poll until the server answers anything at all."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except urllib.error.HTTPError as answer:
            if answer.code != 503:
                return
        except OSError:
            pass
        time.sleep(0.05)
    raise SystemExit(f"{url} does not answer")


@contextlib.contextmanager
def headgate(data: Path, workers: int = 1) -> Iterator[dict[str, str]]:
    """The whole of `headgate serve` on free ports; gives what `demo.json` says."""
    data.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "headgate", "serve", "--data", str(data), "--edge-port", "0", "--desk-port", "0"]
    with (data / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, env={**os.environ, "HEADGATE_EDGE_WORKERS": str(workers)}
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not (data / "demo.json").exists():
            if time.monotonic() > deadline or process.poll() is not None:
                raise SystemExit((data / "server.log").read_text()[-2000:])
            time.sleep(0.05)
        demo = json.loads((data / "demo.json").read_text())
        wait_until_up(f"{demo['edge_url']}/readyz")
        wait_until_up(f"{demo['desk_url']}/readyz")
        yield {**demo, "pid": str(process.pid)}
    finally:
        process.terminate()
        process.wait(60)


def machine() -> str:
    """What the figures were taken on, in one line."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        "unknown processor",
    )
    memory = int(Path("/proc/meminfo").read_text().split()[1]) // 2**20
    return f"{os.cpu_count()} x {model}, {memory} GiB, Linux {os.uname().release.split('-')[0]}, Python {sys.version.split()[0]}"
