"""`just bench-upload`: `headgate-client send` of millions of rows to a server that does nothing.

Prints rows a second, processor time a row and the most memory that the sender had, after each million of rows and at the
end, for a CSV file of raw values that are hashed on the way and for NDJSON of events in normal form.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from bench import servers
from bench.events import event

_NOW = 1_700_000_000
_MAPPING = ("--set", "event_name=PURCHASE", "--map", "em=Email", "--map", "value=Total", "--map", "event_time=When")


@contextmanager
def null_server() -> Iterator[int]:
    """Its port."""
    process = subprocess.Popen([sys.executable, "-m", "bench.client_null"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(20)


def write_csv(path: Path, rows: int) -> None:
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["Email", "When", "Total", "currency", "order_id"])
        table.writerows(
            (f"customer{n}@example.com", _NOW + n % 86_400, f"{n % 100_000 / 100:.2f}", "EUR", f"order-{n}")
            for n in range(rows)
        )


def write_ndjson(path: Path, rows: int) -> None:
    with path.open("wb") as file:
        for n in range(rows):
            file.write(msgspec.json.encode(event(n, _NOW)) + b"\n")


def measure(file: Path, port: int, *flags: str) -> str:
    """Send the file; one line of a table."""
    command = [sys.executable, "-m", "headgate_client.cli", "send", str(file), "--url", f"http://127.0.0.1:{port}"]
    command += ["--group", "bench", "--json", "--quiet", "--restart", *flags]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "HEADGATE_API_KEY": "bench"}
    )
    marks = _watch(process, Path(f"{file}.checkpoint"))
    out = process.communicate()[0]
    seconds = time.monotonic() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode:
        raise SystemExit(f"the sender ended with {process.returncode}")
    rows = json.loads(out)["rows"]
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    peak = max(marks.values(), default=0)
    said = " / ".join(f"{marks[mark]:.0f}" for mark in sorted(marks))
    return f"{rows:,} | {rows / seconds:,.0f} | {spent / rows * 1e6:.1f} | {peak:.0f} | {said} |"


def _watch(process: subprocess.Popen[str], checkpoint: Path) -> dict[int, float]:
    """Millions of rows -> most memory so far, in MiB."""
    marks: dict[int, float] = {}
    checkpoint.unlink(missing_ok=True)
    while process.poll() is None:
        try:
            rows = json.loads(checkpoint.read_bytes())["counts"]["rows"]
            status = Path(f"/proc/{process.pid}/status").read_text()
            marks[rows // 1_000_000] = int(status.partition("VmHWM:")[2].split()[0]) / 1024
        except (OSError, ValueError, IndexError):
            pass
        time.sleep(0.1)
    return marks


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rows", type=int, default=3_000_000, help="rows of the CSV file (default 3 million)")
    options.add_argument("--events", type=int, default=500_000, help="events of the NDJSON file (default 500,000)")
    chosen = options.parse_args()
    print(f"Machine: {servers.machine()}\n")
    print("| file | rows | rows/s | µs of processor time a row | peak MiB | MiB as millions of rows pass |")
    print("|---|---:|---:|---:|---:|---|")
    with tempfile.TemporaryDirectory(prefix="headgate-bench-") as folder, null_server() as port:
        if chosen.rows:
            file = Path(folder) / "crm.csv"
            write_csv(file, chosen.rows)
            print(f"| CSV, raw, gzip | {measure(file, port, *_MAPPING)}", flush=True)
            print(f"| CSV, raw, plain | {measure(file, port, *_MAPPING, '--no-compress')}", flush=True)
        if chosen.events:
            file = Path(folder) / "events.ndjson"
            write_ndjson(file, chosen.events)
            print(f"| NDJSON, 912 B, gzip | {measure(file, port)}", flush=True)
            print(f"| NDJSON, 912 B, plain | {measure(file, port, '--no-compress')}", flush=True)


if __name__ == "__main__":
    main()
