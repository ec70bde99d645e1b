"""What an upload shows while it runs, and what it says at the end."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
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


@contextmanager
def showing(name: str, whole: Whole, *, quiet: bool) -> Iterator[Show]:
    """A progress bar on a terminal, a line now and then elsewhere; all of it on stderr."""
    if quiet:
        yield lambda _: None
    elif sys.stderr.isatty():
        with _bar(name, whole) as show:
            yield show
    else:
        yield _lines(whole)


@contextmanager
def _bar(name: str, whole: Whole) -> Iterator[Show]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rows]} rows, {task.fields[rate]}/s"),
        TextColumn("ETA"),
        TimeRemainingColumn(),
    )
    total = whole.rows or whole.bytes
    with Progress(*columns, console=Console(stderr=True, highlight=False)) as progress:
        task = progress.add_task(name, total=total, rows="0", rate="0")
        rate = _Rate()

        def show(upload: Upload) -> None:
            done = upload.counts.rows if whole.rows else upload.position
            progress.update(
                task, completed=done, rows=f"{upload.counts.rows:,}", rate=f"{rate(upload.counts.rows):,.0f}"
            )

        yield show


def _lines(whole: Whole) -> Show:
    rate = _Rate()
    said = time.monotonic()

    def show(upload: Upload) -> None:
        nonlocal said
        speed = rate(upload.counts.rows)
        if time.monotonic() - said < _EVERY:
            return
        said = time.monotonic()
        share = _share(upload, whole)
        left = f", {share:.0%}, about {_span((1 - share) * (said - rate.began) / max(share - rate.share, 1e-9))} left" if (
            share is not None and share > rate.first(share)
        ) else ""  # fmt: skip
        print(f"{upload.counts.rows:,} rows, {speed:,.0f}/s{left}", file=sys.stderr, flush=True)  # noqa: T201 - the progress

    return show


class _Rate:
    """Rows a second since the first call; what an earlier run sent does not count."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self._rows: int | None = None
        self.share = 0.0
        self._has_share = False

    def __call__(self, rows: int) -> float:
        if self._rows is None:
            self._rows = 0 if rows <= 1000 else rows  # noqa: PLR2004 - a batch
        return (rows - self._rows) / max(time.monotonic() - self.began, 1e-3)

    def first(self, share: float) -> float:
        if not self._has_share:
            self.share, self._has_share = share, True
        return self.share


def _share(upload: Upload, whole: Whole) -> float | None:
    if whole.rows:
        return upload.counts.rows / whole.rows
    return upload.position / whole.bytes if whole.bytes else None


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
