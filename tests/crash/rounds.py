"""`kill -9` of edge and core at random while events come in, then the books: `just crash`.

Senders do what real ones do: a request that got no answer is sent again as it was, until it is acknowledged. Half of the
events carry an event id and may be sent again; the other half carry none and are sent once, so that nothing can hide a
loss or a double behind deduplication.

At the end, from the command line as an operator would: every acknowledged event is there (lost = 0), none is kept twice
(doubled = 0), each holds what was sent (corrupted = 0), and `headgate reconcile` adds up. Exit status 1 otherwise.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

START_SECONDS = 60
SETTLE_SECONDS = 120


@dataclass
class Books:
    """What the senders know."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    #: order id -> was it acknowledged
    acknowledged: dict[str, bool] = field(default_factory=dict)
    requests: int = 0
    unanswered: int = 0
    refused: int = 0

    def count(self) -> int:
        with self.lock:
            return sum(self.acknowledged.values())


def value_of(order: str) -> str:
    return f"{int(sha256(order.encode()).hexdigest()[:6], 16) / 100:.2f}"


def event(order: str, with_id: bool) -> dict[str, Any]:
    made: dict[str, Any] = {
        "event_name": "PURCHASE",
        "event_type": "conversion",
        "event_time": 1_700_000_000,
        "user_data": {"is_hashed": True, "em": sha256(order.encode()).hexdigest()},
        "custom_data": {"order_id": order, "value": float(value_of(order)), "currency": "EUR"},
    }
    return {**made, "event_id": f"id-{order}"} if with_id else made


class Sender(threading.Thread):
    """One sender: a connection, batches of 1 to 50 events, until told to stop."""

    def __init__(self, number: int, demo: dict[str, str], books: Books, stop: threading.Event, seed: int) -> None:
        super().__init__(name=f"sender-{number}", daemon=True)
        self.number, self.demo, self.books, self.stop = number, demo, books, stop
        self.random = random.Random(seed * 1000 + number)
        self.connection: http.client.HTTPConnection | None = None

    def run(self) -> None:
        turn = 0
        while not self.stop.is_set():
            turn += 1
            with_id = self.random.random() < 0.5
            orders = [f"{self.number}-{turn}-{i}" for i in range(self.random.randint(1, 50))]
            body = json.dumps(
                {"event_group_id": self.demo["event_group_id"], "events": [event(order, with_id) for order in orders]}
            )
            with self.books.lock:
                self.books.acknowledged.update(dict.fromkeys(orders, False))
            deadline = time.monotonic() + SETTLE_SECONDS
            while not (status := self.post(body)) and with_id and time.monotonic() < deadline:
                time.sleep(0.02)
            if status:
                with self.books.lock:
                    self.books.acknowledged.update(dict.fromkeys(orders, True))
            # the kills are what is tried here: a few thousand events a second keep every part busy
            self.stop.wait(0.02)

    def post(self, body: str) -> bool:
        """Whether the request was acknowledged."""
        self.books.requests += 1
        try:
            if self.connection is None:
                parts = urlsplit(self.demo["edge_url"])
                self.connection = http.client.HTTPConnection(parts.hostname or "127.0.0.1", parts.port, timeout=20)
            headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.demo['api_key']}"}
            self.connection.request("POST", "/v1/events", body, headers)
            answer = self.connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            self.books.unanswered += 1
            self.connection = None
            return False
        if answer.status != 200:
            self.books.refused += 1
            if answer.status != 503:
                raise SystemExit(f"unexpected answer {answer.status}")
        return answer.status == 200


def children_of(pid: int) -> dict[int, str]:
    """Process id -> role of the server's present children."""
    found = {}
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        try:
            line = Path(f"/proc/{child}/cmdline").read_text()
        except OSError:
            continue
        for role in ("edge", "core"):
            if f"headgate.processes.{role}" in line:
                found[int(child)] = role
    return found


def until(condition: Any, seconds: float, what: str) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if result := condition():
            return result
        time.sleep(0.05)
    raise SystemExit(f"gave up after {seconds} s: {what}")


def start(data: Path, workers: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "headgate", "serve", "--data", str(data), "--edge-port", "0", "--desk-port", "0"]
    environment = {**os.environ, "HEADGATE_EDGE_WORKERS": str(workers)}
    with (data / "server.log").open("ab") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, env=environment)


def headgate(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "headgate", *arguments, "--data", str(data)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)


def kill_rounds(server: int, rounds: int, books: Books, chance: random.Random) -> Counter[str]:
    """Kill one child a round, each time after some more events were acknowledged."""
    killed: Counter[str] = Counter()
    for turn in range(1, rounds + 1):
        goal = books.count() + chance.randint(20, 400)
        until(lambda goal=goal: books.count() >= goal, SETTLE_SECONDS, "events are acknowledged again")
        # one kill in four while the last victim is still starting
        want = 1 if chance.random() < 0.25 else 2
        children = until(
            lambda want=want: len(c := children_of(server)) >= want and c, START_SECONDS, "the children are back"
        )
        pid, role = chance.choice(sorted(children.items()))
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
        killed[role] += 1
        if turn % 10 == 0:
            print(f"round {turn}: {dict(killed)}, acknowledged {books.count()}", flush=True)
    return killed


def settle(data: Path, group: str) -> list[dict[str, Any]]:
    found = headgate(data, "events", "--group", group, "--limit", "0")
    if found.returncode:
        raise SystemExit(found.stderr)
    return [json.loads(line) for line in found.stdout.splitlines()]


def audit(books: Books, rows: list[dict[str, Any]]) -> Counter[str]:
    kept: Counter[str] = Counter()
    counts: Counter[str] = Counter(acknowledged=books.count(), rows=len(rows))
    for row in rows:
        order = row["custom_data"]["order_id"]
        counts[row["status"]] += 1
        kept[order] += row["status"] == "kept"
        digest = sha256(order.encode()).hexdigest()
        if row["user_data"]["em"] != digest or f"{float(row['custom_data']['value']):.2f}" != value_of(order):
            counts["corrupted"] += 1
    counts["lost"] = sum(acknowledged and not kept[order] for order, acknowledged in books.acknowledged.items())
    counts["doubled"] = sum(times > 1 for times in kept.values())
    counts["unknown"] = sum(order not in books.acknowledged for order in kept)
    return counts


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=100, help="how many kills")
    options.add_argument("--senders", type=int, default=4)
    options.add_argument("--workers", type=int, default=2, help="edge workers")
    options.add_argument("--seed", type=int, default=None, help="repeat a run's choices")
    chosen = options.parse_args()
    seed = chosen.seed if chosen.seed is not None else random.SystemRandom().randrange(10**6)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="headgate-crash-") as folder:
        data = Path(folder)
        server = start(data, chosen.workers)
        try:
            until((data / "demo.json").exists, START_SECONDS, "the server starts")
            demo = json.loads((data / "demo.json").read_text())
            books, stop = Books(), threading.Event()
            senders = [Sender(number, demo, books, stop, seed) for number in range(chosen.senders)]
            for sender in senders:
                sender.start()
            killed = kill_rounds(server.pid, chosen.rounds, books, random.Random(seed))
            stop.set()
            for sender in senders:
                sender.join(SETTLE_SECONDS)
        finally:
            server.terminate()
            status = server.wait(60)
        counts = audit(books, settle(data, demo["event_group_id"]))
        reconciled = headgate(data, "reconcile").returncode == 0
        if os.environ.get("KEEP_LOG"):
            print((data / "server.log").read_text()[-20000:])
    print(
        f"seed {seed}, {time.monotonic() - began:.0f} s, server exit {status}\n"
        f"killed: edge {killed['edge']}, core {killed['core']}\n"
        f"requests {books.requests}, without an answer {books.unanswered}, refused with 503 {books.refused}\n"
        f"rows {counts['rows']}: kept {counts['kept']}, duplicate {counts['duplicate']}\n"
        f"acknowledged {counts['acknowledged']}: lost {counts['lost']}, doubled {counts['doubled']}, "
        f"corrupted {counts['corrupted']}, unknown {counts['unknown']}; reconciled: {reconciled}"
    )
    bad = counts["lost"] + counts["doubled"] + counts["corrupted"] + counts["unknown"] + counts["dead"]
    return int(bool(bad) or not reconciled or not counts["acknowledged"] or sum(killed.values()) < chosen.rounds * 0.9)


if __name__ == "__main__":
    sys.exit(main())
