"""What the tests of the senders' command line share."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

GROUP = "shop"
COLUMNS = ("Email", "When", "Total", "order_id")
MAPPED = ("--map", "em=Email", "--map", "event_time=When", "--map", "value=Total", "--set", "event_name=PURCHASE")


class Said(NamedTuple):
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


Run = Callable[..., Said]


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(columns)
        table.writerows(rows)
    return path


def read_ndjson(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def crm(path: Path, now: int, rows: int) -> Path:
    lines = [(f"  Jane{n}+news@Example.com", now - n, f"{n}.50", f"order-{n}") for n in range(1, rows + 1)]
    return write_csv(path / "crm.csv", COLUMNS, lines)


def ids(events: list[dict[str, Any]]) -> list[str]:
    return [event["custom_data"]["order_id"] for event in events]


def sending_command(url: str, file: Path, *more: str) -> list[str]:
    command = [sys.executable, "-m", "headgate_client.cli", "send", str(file), "--url", url, "--group", GROUP, *MAPPED]
    return [*command, *more]


def sending(url: str, file: Path, *more: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "HEADGATE_API_KEY": "k"}
    return subprocess.Popen(
        sending_command(url, file, *more), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    )
