"""What an upload shows while it runs, and what it says at the end."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from rich.table import Table

from headgate_client.cli.checkpoint import Counts
from headgate_client.cli.checkpoint import Progress as Upload

#: seconds between two lines where there is no terminal
_EVERY = 5.0
_REASONS = 10

Show = Callable[[Upload], None]


class Whole(NamedTuple):
    """How much there is, where that is known."""

    rows: int | None
    bytes: int | None


class Pace:
    """How fast this run goes, and how long it has left; what an earlier run sent does not count."""

    def __init__(self, whole: Whole, start: Upload, began: float) -> None:
        self._whole = whole
        self._began = began
        self._rows = start.counts.rows
        self._share = self.share(start) or 0.0

    def share(self, upload: Upload) -> float | None:
        """What part of everything is settled, from 0 to 1; None where nobody knows."""
        if self._whole.rows:
            return upload.counts.rows / self._whole.rows
        return upload.position / self._whole.bytes if self._whole.bytes else None

    def rate(self, upload: Upload, now: float) -> float:
        """Rows a second."""
        return (upload.counts.rows - self._rows) / max(now - self._began, 1e-3)

    def left(self, upload: Upload, now: float) -> float | None:
        """Seconds until the end; None where nobody knows."""
        share = self.share(upload)
        if share is None or share <= self._share:
            return None
        return (1 - share) / (share - self._share) * (now - self._began)


def plain(path: Path) -> str:
    """A file's name as text, whatever bytes it has."""
    return os.fsencode(path).decode(errors="replace")


@contextmanager
def showing(name: str, whole: Whole, start: Upload, *, quiet: bool) -> Iterator[Show]:
    """A progress bar on a terminal, a line now and then elsewhere; all of it on stderr."""
    pace = Pace(whole, start, time.monotonic())
    if quiet:
        yield lambda _: None
    elif sys.stderr.isatty():
        with _bar(name, pace) as show:
            yield show
    else:
        yield _lines(pace)


@contextmanager
def _bar(name: str, pace: Pace) -> Iterator[Show]:
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[told]}"),
    )
    with Progress(*columns, console=Console(stderr=True, highlight=False)) as progress:
        task = progress.add_task(name, total=None, told="")

        def show(upload: Upload) -> None:
            share = pace.share(upload)
            progress.update(
                task,
                total=None if share is None else 1.0,
                completed=share or 0.0,
                told=_told(pace, upload, time.monotonic()),
            )

        yield show


def _lines(pace: Pace) -> Show:
    said = time.monotonic()

    def show(upload: Upload) -> None:
        nonlocal said
        now = time.monotonic()
        if now - said >= _EVERY:
            said = now
            print(_told(pace, upload, now), file=sys.stderr, flush=True)  # noqa: T201 - the progress

    return show


def _told(pace: Pace, upload: Upload, now: float) -> str:
    left = pace.left(upload, now)
    eta = "" if left is None else f", ETA {_span(left)}"
    return f"{upload.counts.rows:,} rows, {pace.rate(upload, now):,.0f}/s{eta}"


def _span(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def summary(counts: Counts, said: list[tuple[str, str]]) -> None:
    """The table at the end, on stdout."""
    console = Console(markup=False, highlight=False, emoji=False, soft_wrap=True)
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(justify="right")
    rate = counts.rows / counts.seconds if counts.seconds else 0
    for name, number in (
        ("rows", counts.rows),
        ("accepted", counts.accepted),
        ("rejected", counts.rejected),
        ("requests", counts.requests),
    ):
        table.add_row(name, f"{number:,}")
    table.add_row("time", f"{_span(counts.seconds)} ({rate:,.0f} rows/s)")
    console.print(table)
    if counts.reasons:
        console.print("\nWhy rows were rejected:")
        reasons = sorted(counts.reasons.items(), key=lambda reason: -reason[1])
        for reason, times in reasons[:_REASONS]:
            console.print(f"  {times:>9,}  {reason}")
        if len(reasons) > _REASONS:
            console.print(f"  {'':>9}  and {len(reasons) - _REASONS} other reasons")
    for name, text in said:
        console.print(f"\n{name}: {text}")


def summary_json(counts: Counts, more: dict[str, Any]) -> dict[str, Any]:
    """The same for a script."""
    return {
        "rows": counts.rows,
        "accepted": counts.accepted,
        "rejected": counts.rejected,
        "requests": counts.requests,
        "seconds": round(counts.seconds, 3),
        "reasons": counts.reasons,
        **more,
    }
