"""`headgate rebuild`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import typer

from headgate.cli.registry import Data
from headgate.settings import Settings

if TYPE_CHECKING:
    from headgate.stream.block import Taken


def rebuild(*, data: Data = None) -> None:
    """Make the store again from the log and its archive. Stop the server first.

    The old store stays in place until the new one is complete; then it is deleted. An interrupted rebuild begins anew.
    """
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from headgate.processes.logging import set_up
    from headgate.processes.rebuild import rebuild_store

    settings = Settings.read(flags={"data": data}, environ=os.environ)
    set_up("rebuild", "warning")
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), MofNCompleteColumn(), TextColumn("blocks,"))
    counted = TextColumn("{task.fields[records]:,} records")
    progress = Progress(*columns, counted, TimeElapsedColumn(), console=console, disable=not console.is_terminal)
    task = progress.add_task("Rebuilding the store", records=0, total=None)
    records = 0

    def tell(taken: Taken, total: int) -> None:
        nonlocal records
        records += taken.records
        # begun with the first block: an error that comes before stands alone
        progress.start()
        progress.update(task, advance=1, total=total, records=records)

    try:
        blocks = rebuild_store(settings, tell)
    finally:
        progress.stop()
    typer.echo(f"Rebuilt the store: {blocks} {'block' if blocks == 1 else 'blocks'}, {records:,} records.")
