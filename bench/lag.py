"""From the answer to the report: marked events sent along with a steady flow, and looked up until they are there."""

from __future__ import annotations

import http.client
import multiprocessing
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

import msgspec

from bench import events, load, servers

RATES: tuple[int | None, ...] = (1_000, 10_000, 50_000, None)
BATCH = 500
#: seconds between two marked events
MARK_EVERY = 0.25
#: a marked event that is not there after so long counts as that late
LONGEST = 120.0


class Figure(NamedTuple):
    """Lag at one rate, in seconds."""

    wanted: int | None
    sent: float
    p50: float
    p95: float
    worst: float
    #: most memory of the core, MB
    megabytes: float


class Fresh(Sequence[bytes]):
    """Requests without end, made from a few by giving their events other ids."""

    def __init__(self, requests: list[bytes]) -> None:
        self._requests = requests

    def __len__(self) -> int:
        return 2**40

    def __getitem__(self, index: Any) -> Any:
        turn, which = divmod(index, len(self._requests))
        # the same length as before, so that Content-Length still holds
        return self._requests[which].replace(b'"event_id":"bench-', b'"event_id":"%05d-' % (turn % 100_000))


def _flow(port: int, key: str, group: str, rate: int | None, seconds: float, sent: object) -> None:
    """A steady flow of events, from a process of its own; `rate` None: as fast as it is taken."""
    now = int(time.time())
    pool = Fresh([load.request(events.body(group, n * BATCH, BATCH, now), key) for n in range(100)])
    if rate is None:
        sent.put(load.drive(port, pool, 8, seconds).requests * BATCH)  # type: ignore[attr-defined]
        return
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
    began, count = time.perf_counter(), 0
    while (now_at := time.perf_counter() - began) < seconds:
        due = count * BATCH / rate
        if due > now_at:
            time.sleep(due - now_at)
        # each of 2**40 // 8 apart, so that ids never repeat
        connection.request("POST", "/v1/events", pool[count].partition(b"\r\n\r\n")[2], headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status != http.client.OK:
            raise SystemExit(f"the edge answered {answer.status}")
        count += 1
    sent.put(count * BATCH)  # type: ignore[attr-defined]


class _Mark(threading.Thread):
    """Send one marked event, then ask for it until a report shows it."""

    def __init__(self, demo: dict[str, str], token: str, number: int) -> None:
        super().__init__(daemon=True)
        self.demo, self.token, self.event_id = demo, token, f"mark-{number}"
        self.lag = LONGEST

    def run(self) -> None:
        edge, desk = (urlsplit(self.demo[name]).netloc for name in ("edge_url", "desk_url"))
        event = {**events.event(0, int(time.time())), "event_id": self.event_id}
        body = msgspec.json.encode({"event_group_id": self.demo["event_group_id"], "events": [event]})
        key = {"Content-Type": "application/json", "Authorization": f"Bearer {self.demo['api_key']}"}
        if _ask(edge, "POST", "/v1/events", key, body)[0] != http.client.OK:
            return
        answered = time.perf_counter()
        path = f"/api/trace?event_id={quote(self.event_id)}"
        while time.perf_counter() - answered < LONGEST:
            status, found = _ask(desk, "GET", path, {"Authorization": f"Bearer {self.token}"}, None)
            if status == http.client.OK and b'"kept"' in found:
                self.lag = time.perf_counter() - answered
                return
            time.sleep(0.05)


def _ask(host: str, method: str, path: str, headers: dict[str, str], body: bytes | None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(host, timeout=60)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def measure(rate: int | None, seconds: float, data: Path) -> Figure:
    """Lag at one rate, on a server of its own."""
    with servers.headgate(data) as demo:
        token = (data / "operator-token").read_text().strip()
        core = servers.Server(_core_of(int(demo["pid"])), 0)
        context = multiprocessing.get_context("spawn")
        sent = context.Queue()
        port = urlsplit(demo["edge_url"]).port
        flow = context.Process(
            target=_flow, args=(port, demo["api_key"], demo["event_group_id"], rate, seconds, sent), daemon=True
        )
        flow.start()
        # the flow's process makes its events first
        time.sleep(4.0)
        marks: list[_Mark] = []
        began = time.perf_counter()
        while time.perf_counter() - began < seconds - 4.0:
            marks.append(_Mark(demo, token, len(marks)))
            marks[-1].start()
            time.sleep(MARK_EVERY)
        count = sent.get(timeout=seconds + 60)
        flow.join(30)
        for mark in marks:
            mark.join(LONGEST + 60)
        lags = sorted(mark.lag for mark in marks)
        return Figure(rate, count / seconds, _share(lags, 0.5), _share(lags, 0.95), lags[-1], core.peak_megabytes())


def _share(lags: list[float], part: float) -> float:
    return lags[min(int(len(lags) * part), len(lags) - 1)]


def _core_of(pid: int) -> int:
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        if "headgate.processes.core" in Path(f"/proc/{child}/cmdline").read_text():
            return int(child)
    raise SystemExit("the core does not run")


def run(seconds: float) -> list[Figure]:
    """Lag at every rate."""
    figures = []
    for rate in RATES:
        with tempfile.TemporaryDirectory(prefix="headgate-bench-", dir=Path.cwd()) as folder:
            figures.append(measure(rate, seconds, Path(folder)))
            print(table(figures[-1:], head=len(figures) == 1), flush=True)
    return figures


def table(figures: list[Figure], *, head: bool = True) -> str:
    """The figures as lines of a Markdown table."""
    lines = []
    if head:
        lines += [
            "| events/s wanted | sent | lag p50 s | p95 s | worst s | core's peak MB |",
            "|---:|---:|---:|---:|---:|---:|",
        ]
    lines += [
        f"| {f'{f.wanted:,}' if f.wanted else 'flat out'} | {f.sent:,.0f} | {f.p50:.2f} | {f.p95:.2f} | {f.worst:.2f} | {f.megabytes:.0f} |"
        for f in figures
    ]
    return "\n".join(lines)
