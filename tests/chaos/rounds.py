"""A file through everything that goes wrong: `just client-chaos`.

`headgate-client send` sends a file of events to a real `headgate serve`, through a proxy that answers 429 and 500, delays,
and cuts connections before and after the answer; meanwhile edge and core are killed with `kill -9` at random, and so is
the sender, which then goes on with `--resume`.

At the end, from the command line as an operator would look: every row is there once (lost = 0, doubled = 0), holds what
was in the file (corrupted = 0), nothing else is there (unknown = 0), every bad row is in the file of rejected rows with
its number, and `headgate reconcile` adds up. Exit status 1 otherwise.
"""

from __future__ import annotations

import argparse
import csv
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
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parent))

from proxy import Proxy, Trouble

START_SECONDS = 60
RUN_SECONDS = 3600
EVENT_TIME = 1_700_000_000
#: every so many rows one is bad, and every so many have an id of their own
BAD_EVERY, OWN_ID_EVERY = 997, 3


def email(number: int) -> str:
    return f"customer{number}@example.com"


def value(number: int) -> str:
    return f"{number % 100_000 / 100:.2f}"


def is_bad(number: int) -> bool:
    return number % BAD_EVERY == 0


def write_file(path: Path, rows: int) -> None:
    """Rows 1 to `rows`: bad ones lack a currency that exists; some bring an id, most do not."""
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["event_id", "Email", "When", "Total", "currency", "order_id"])
        for number in range(1, rows + 1):
            own = f"own-{number}" if number % OWN_ID_EVERY == 0 else ""
            currency = "???" if is_bad(number) else "EUR"
            table.writerow([own, email(number), EVENT_TIME + number % 1000, value(number), currency, f"row-{number}"])


def until(condition: Any, seconds: float, what: str) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.05)
    raise SystemExit(f"gave up after {seconds} s: {what}")


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


def start(data: Path, workers: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "headgate", "serve", "--data", str(data), "--edge-port", "0", "--desk-port", "0"]
    # the clock of the rejections' limit is not what is tried here
    environment = {**os.environ, "HEADGATE_EDGE_WORKERS": str(workers)}
    with (data / "server.log").open("ab") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, env=environment)


def headgate(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "headgate", *arguments, "--data", str(data)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)


class Killer(threading.Thread):
    """Kills one of the server's children now and then, each time after some more was answered, until told to stop."""

    def __init__(self, server: int, answered: Callable[[], int], pause: float, chance: random.Random) -> None:
        super().__init__(name="killer", daemon=True)
        self.killed: Counter[str] = Counter()
        self.enough = threading.Event()
        self._server, self._answered, self._pause, self._chance = server, answered, pause, chance

    def run(self) -> None:
        before = 0
        while not self.enough.wait(self._chance.uniform(0.3, 1.7) * self._pause):
            if self._answered() > before:
                self.kill_one()
                before = self._answered()

    def kill_one(self) -> None:
        children = children_of(self._server)
        if not children:
            return
        pid, role = self._chance.choice(sorted(children.items()))
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        self.killed[role] += 1


class Sender:
    """`headgate-client send`, started again with `--resume` after each kill."""

    def __init__(self, file: Path, url: str, demo: dict[str, str], batch: int) -> None:
        self.file = file
        self.kills = 0
        self.runs = 0
        self._command = [
            sys.executable,
            "-m",
            "headgate_client.cli",
            "send",
            str(file),
            "--resume",
            "--json",
            "--quiet",
        ]
        self._command += ["--url", url, "--group", demo["event_group_id"], "--set", "event_name=PURCHASE"]
        self._command += [
            "--map",
            "em=Email",
            "--map",
            "event_time=When",
            "--map",
            "value=Total",
            "--batch",
            str(batch),
        ]
        self._environment = {**os.environ, "HEADGATE_API_KEY": demo["api_key"]}

    def run(self, proxy: Proxy, killer: Killer) -> dict[str, Any]:
        """Send until the end; killed, and a part of the server with it, whenever the proxy holds its requests.

        What is held then goes on to the server all the same. Gives the last run's summary.
        """
        deadline = time.monotonic() + RUN_SECONDS
        while True:
            self.runs += 1
            process = subprocess.Popen(
                self._command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self._environment
            )
            while process.poll() is None and time.monotonic() < deadline:
                if proxy.is_held:
                    process.kill()
                    self.kills += 1
                    killer.kill_one()
                    proxy.release()
                    break
                time.sleep(0.02)
            said, problem = process.communicate()
            if process.returncode in (0, 1):
                return dict(json.loads(said))
            if process.returncode != -signal.SIGKILL or time.monotonic() >= deadline:
                process.kill()
                raise SystemExit(f"the sender ended with {process.returncode}: {problem[-2000:]}")


def audit(rows: int, stored: Any, rejected: Path) -> Counter[str]:
    """What is in the store and in the file of rejected rows, against what was in the input."""
    kept: Counter[str] = Counter()
    ids: Counter[tuple[str, str]] = Counter()
    counts: Counter[str] = Counter()
    for line in stored:
        row = json.loads(line)
        counts["stored"] += 1
        counts[row["status"]] += 1
        order = row["custom_data"]["order_id"]
        number = int(order.removeprefix("row-"))
        if row["status"] == "kept":
            kept[order] += 1
            ids[row["event_id"], row["event_name"]] += 1
        if not 1 <= number <= rows or is_bad(number):
            counts["unknown"] += 1
        elif (
            row["user_data"]["em"] != sha256(email(number).encode()).hexdigest()
            or f"{float(row['custom_data']['value']):.2f}" != value(number)
            or (number % OWN_ID_EVERY == 0) != (row["event_id"] == f"own-{number}")
        ):
            counts["corrupted"] += 1
    good = [f"row-{number}" for number in range(1, rows + 1) if not is_bad(number)]
    counts["good"] = len(good)
    counts["lost"] = sum(order not in kept for order in good)
    counts["doubled"] = sum(times > 1 for times in kept.values()) + sum(times > 1 for times in ids.values())
    told = [json.loads(line)["row"] for line in rejected.read_text().splitlines()] if rejected.exists() else []
    counts["rejected"] = len(told)
    counts["misrejected"] = int(told != [number for number in range(1, rows + 1) if is_bad(number)])
    return counts


def stored_events(data: Path, group: str) -> Any:
    """The store's events, a line each, without holding them all."""
    command = [sys.executable, "-m", "headgate", "events", "--group", group, "--limit", "0", "--data", str(data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as reading:
        assert reading.stdout is not None
        yield from reading.stdout
    if reading.returncode:
        raise SystemExit(f"headgate events ended with {reading.returncode}")


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--events", type=int, default=1_000_000, help="rows of the file (default 1,000,000)")
    options.add_argument("--kills", type=int, default=5, help="kills of the sender (default 5)")
    options.add_argument("--pause", type=float, default=3.0, help="seconds between kills of the server, about")
    options.add_argument("--workers", type=int, default=2, help="edge workers")
    options.add_argument("--seed", type=int, default=None, help="repeat a run's choices")
    chosen = options.parse_args()
    seed = chosen.seed if chosen.seed is not None else random.SystemRandom().randrange(10**6)
    chance = random.Random(seed)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="headgate-chaos-") as folder:
        data, file = Path(folder) / "data", Path(folder) / "crm.csv"
        data.mkdir()
        write_file(file, chosen.events)
        server = start(data, chosen.workers)
        try:
            until((data / "demo.json").exists, START_SECONDS, "the server starts")
            demo = json.loads((data / "demo.json").read_text())
            edge = urlsplit(demo["edge_url"])
            proxy = Proxy(lambda: (edge.hostname or "127.0.0.1", edge.port or 80), Trouble(), seed)
            killer = Killer(server.pid, lambda: proxy.met["answered"], chosen.pause, chance)
            with proxy as url:
                killer.start()
                batch = min(500, max(1, chosen.events // 100))
                requests = chosen.events // batch
                proxy.hold_at = sorted(chance.sample(range(3, requests), chosen.kills))
                sender = Sender(file, url, demo, batch)
                summary = sender.run(proxy, killer)
                killer.enough.set()
                killer.join()
            sent = time.monotonic() - began
            until(lambda: len(children_of(server.pid)) == chosen.workers + 1, START_SECONDS, "the children are back")
        finally:
            server.terminate()
            status = server.wait(120)
        counts = audit(chosen.events, stored_events(data, demo["event_group_id"]), Path(f"{file}.rejected.ndjson"))
        reconciled = headgate(data, "reconcile").returncode == 0
    met = ", ".join(f"{kind} {times}" for kind, times in sorted(proxy.met.items()))
    summed = summary["accepted"] == counts["good"] and summary["rejected"] == counts["rejected"]
    print(
        f"seed {seed}, sent in {sent:.0f} s, checked after {time.monotonic() - began:.0f} s, server exit {status}\n"
        f"killed: edge {killer.killed['edge']}, core {killer.killed['core']}, sender {sender.kills}\n"
        f"proxy: {met}\n"
        f"rows {chosen.events}: sender says accepted {summary['accepted']}, rejected {summary['rejected']}\n"
        f"store {counts['stored']}: kept {counts['kept']}, duplicate {counts['duplicate']}\n"
        f"lost {counts['lost']}, doubled {counts['doubled']}, corrupted {counts['corrupted']}, "
        f"unknown {counts['unknown']}, misrejected {counts['misrejected']}; "
        f"accounted for: {summed}; reconciled: {reconciled}"
    )
    bad = sum(counts[kind] for kind in ("lost", "doubled", "corrupted", "unknown", "misrejected", "dead"))
    tried = sum(killer.killed.values()) and all(proxy.met[kind] for kind in ("429", "500", "cut before", "cut after"))
    return int(bool(bad) or not reconciled or not summed or not tried or sender.kills < chosen.kills)


if __name__ == "__main__":
    sys.exit(main())
