"""A server whose disk fills up while it serves, and gets room again."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Iterator
from itertools import count, repeat
from pathlib import Path
from typing import Any

import httpx
import pytest

from headgate.testing import good_event
from server import Server, headgate, serving, until

NOW = 1_700_000_000
SMALL, LARGE = "24m", "300m"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a disk of our own takes the right to mount one")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def batch(number: int) -> list[dict[str, Any]]:
    """A hundred events that no compression makes small."""
    filling = [os.urandom(100).hex() for _ in range(100)]
    return [
        good_event(f"{number}-{place}", event_time=NOW, custom_data={"content_name": filling[place]})
        for place in range(100)
    ]


def send_until_refused(server: Server, acknowledged: set[str]) -> httpx.Response:
    for number in count(len(acknowledged)):
        events = batch(number)
        answer = server.post(*events)
        if answer.status_code != 200:
            return answer
        acknowledged.update(event["event_id"] for event in events)
    raise AssertionError


def check_refusal(answer: httpx.Response) -> None:
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert "cannot be made durable right now" in answer.json()["description"]


def test_an_edge_that_cannot_write_says_so_and_goes_on_when_it_can(tmp_path: Path) -> None:
    acknowledged: set[str] = set()
    with serving(tmp_path / "data") as server:
        edge = server.children()["edge"]
        unlimited = resource.prlimit(edge, resource.RLIMIT_FSIZE)
        resource.prlimit(edge, resource.RLIMIT_FSIZE, (2_000_000, unlimited[1]))
        check_refusal(send_until_refused(server, acknowledged))
        assert acknowledged
        assert server.edge.get("/readyz").status_code == 503
        resource.prlimit(edge, resource.RLIMIT_FSIZE, unlimited)
        until(lambda: server.post(good_event("after", event_time=NOW, custom_data={})).status_code == 200)
        assert server.children()["edge"] == edge
        stored = [row["event_id"] for row in server.stored(len(acknowledged) + 1)]
        assert sorted(stored) == sorted([*acknowledged, "after"])


PATHS = ("/v1/events", "/v1/test_events", "/nowhere", "/healthz", "/readyz", "/openapi.json")


def ask_for_everything(server: Server, path: str) -> None:
    """Requests of all kinds: each status is a counter that was not there before."""
    key = {"Authorization": f"Bearer {server.demo['api_key']}"}
    kinds: list[dict[str, str]] = [{}, key, {**key, "Content-Type": "application/json"}, {**key, "Accept": "text/html"}]
    group = server.demo["event_group_id"]
    bodies = (f'{{"event_group_id":"{name}","events":[{{}}]}}' for name in (group, "nowhere"))
    for content in ("", *bodies, "x" * 9_000_000):
        for headers in kinds:
            for method in ("POST", "GET", "OPTIONS"):
                assert server.edge.request(method, path, content=content, headers=headers).status_code != 500


def fill(path: Path) -> None:
    """Take what is left of the disk."""
    with path.open("ab", buffering=0) as file, pytest.raises(OSError, match="No space left"):
        file.writelines(repeat(bytes(4096)))


def test_a_full_disk_stops_no_process_and_loses_nothing(disk: Path) -> None:
    acknowledged: set[str] = set()
    data = disk / "data"
    with serving(data) as server:
        before = server.children()
        # counters so far take about half of a page of memory; those that follow go beyond it
        assert server.post({"event_name": "x", "user_data": 1, "custom_data": {"value": "x"}}).status_code == 400
        check_refusal(send_until_refused(server, acknowledged))
        until(lambda: server.desk.get("/readyz").status_code == 503)
        for path in PATHS:
            # the core gives back what it failed to write
            fill(disk / "rest")
            ask_for_everything(server, path)
        check_refusal(server.post(*batch(0)))
        assert server.children() == before
        subprocess.run(["mount", "-o", f"remount,size={LARGE}", str(disk)], check=True)
        until(lambda: server.post(good_event("after", event_time=NOW, custom_data={})).status_code == 200)
        until(lambda: server.desk.get("/readyz").status_code == 200, 40)
        stored = [row["event_id"] for row in server.stored(len(acknowledged) + 1)]
        assert sorted(stored) == sorted([*acknowledged, "after"])
        assert server.children() == before
        assert headgate(data, "reconcile").returncode == 0
