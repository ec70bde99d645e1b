"""A real `headgate serve` for tests: its own folder, free ports, and an end."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx

_T = TypeVar("_T")
START_SECONDS = 60.0


def until(condition: Callable[[], _T], seconds: float = 20.0) -> _T:
    """Poll until the condition holds; its last value."""
    deadline = time.monotonic() + seconds
    while not (found := condition()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert found, f"did not come true within {seconds} s: {condition}"
    return found


class Server:
    """A server under test."""

    def __init__(self, data: Path, process: subprocess.Popen[str]) -> None:
        self.data = data
        self.process = process
        self.demo: dict[str, str] = json.loads((data / "demo.json").read_text())
        self.edge = httpx.Client(base_url=self.demo["edge_url"], timeout=20, verify=False)
        self.desk = httpx.Client(
            base_url=self.demo["desk_url"],
            timeout=20,
            headers={"Authorization": f"Bearer {(data / 'operator-token').read_text()}"},
        )

    def post(
        self, *events: dict[str, Any], path: str = "/v1/events", key: str | None = None, **more: Any
    ) -> httpx.Response:
        body = {"event_group_id": self.demo["event_group_id"], "events": list(events), **more}
        return self.edge.post(path, json=body, headers={"Authorization": f"Bearer {key or self.demo['api_key']}"})

    def events(self, **asked: Any) -> list[dict[str, Any]]:
        answer = self.desk.get("/api/events", params={"group": self.demo["event_group_id"], "limit": 0, **asked})
        assert answer.status_code == 200, answer.text
        return [json.loads(line) for line in answer.text.splitlines()]

    def stored(self, count: int, **asked: Any) -> list[dict[str, Any]]:
        """Events once there are that many."""
        return until(lambda: len(found := self.events(**asked)) >= count and found) or []

    def output(self) -> str:
        return (self.data / "out").read_text()

    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.data / "err").read_text().splitlines()]

    def children(self) -> dict[str, int]:
        """Role -> process id, of the children that run now."""
        found = {}
        pid = self.process.pid
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            with_arguments = Path(f"/proc/{child}/cmdline").read_text()
            for role in ("edge", "core"):
                if f"headgate.processes.{role}" in with_arguments:
                    found[role] = int(child)
        return found

    def stop(self, patience: float = 30.0) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(patience)
        self.edge.close()
        self.desk.close()
        return status


def headgate(data: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the command line on a data folder."""
    return subprocess.run(
        [sys.executable, "-m", "headgate", *arguments, "--data", str(data)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, **environment},
    )


@contextmanager
def shop(data: Path, *flags: str) -> Iterator[str]:
    """The demo shop beside the server of a folder, closed by Ctrl-C in the end: its URL, from what the command prints."""
    command = [sys.executable, "-m", "headgate", "demo", "shop", "--port", "0", *flags, "--data", str(data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            told = "".join(iter(process.stdout.readline, "Ctrl-C closes it.\n"))
            opened = re.search(r"http://localhost:\d+", told)
            assert opened, told
            yield opened[0]
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 0


def start(data: Path, *flags: str, environment: Mapping[str, str] | None = None) -> Server:
    """Start a server and wait until it says that it runs."""
    data.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "headgate", "serve", "--data", str(data), "--edge-port", "0", "--desk-port", "0"]
    with (data / "out").open("w") as out, (data / "err").open("a") as err:
        process = subprocess.Popen(
            [*command, *flags], stdout=out, stderr=err, text=True, env={**os.environ, **(environment or {})}
        )
    try:
        until(lambda: "Ctrl-C stops it" in (data / "out").read_text() or process.poll() is not None, START_SECONDS)
        assert process.poll() is None, (data / "err").read_text()
        return Server(data, process)
    except BaseException:
        process.kill()
        process.wait()
        raise


@contextmanager
def serving(data: Path, *flags: str, environment: Mapping[str, str] | None = None) -> Iterator[Server]:
    """A server for as long as the block lasts."""
    server = start(data, *flags, environment=environment)
    try:
        yield server
    finally:
        server.stop()
