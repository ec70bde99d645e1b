"""`headgate demo seed`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from headgate.cli.registry import Data
from headgate.settings import Settings

if TYPE_CHECKING:
    from rich.progress import ProgressColumn, Task


def seed(
    *,
    days: Annotated[int, typer.Option(min=1, max=365, metavar="N", help="So many days, up to now.")] = 60,
    events: Annotated[
        int, typer.Option(min=1000, max=50_000_000, metavar="N", help="About so many events, of three accounts.")
    ] = 600_000,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="The same number makes the same events.")] = 1,
    data: Data = None,
) -> None:
    """Fill the data folder with believable events of three accounts. Stop the server first.

    Two months of a shop with a pixel and a server, of a streaming service whose sender breaks, and of a brand with many
    who opt out: through the log, so that everything adds up, and `headgate rebuild` makes it again.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from headgate.processes.demo_seed import seed_demo
    from headgate.processes.logging import set_up

    settings = Settings.read(flags={"data": data}, environ=os.environ)
    set_up("demo", "warning")
    console = Console(stderr=True)
    counted = TextColumn("{task.completed:,.0f} events,")
    columns = (TextColumn("{task.description:<8}"), BarColumn(), counted, _rate_column(), TimeRemainingColumn())
    progress = Progress(*columns, console=console, disable=not console.is_terminal)
    making = progress.add_task("Making", total=events, start=False)
    loading = progress.add_task("Loading", total=events, start=False)

    def made(count: int) -> None:
        if not progress.tasks[0].started:
            progress.start()
            progress.start_task(making)
        progress.update(making, advance=count)

    def loaded(count: int) -> None:
        if not progress.tasks[1].started:
            done = progress.tasks[0].completed
            progress.update(making, total=done)
            progress.update(loading, total=done)
            progress.start_task(loading)
        progress.update(loading, advance=count)

    try:
        seeded = seed_demo(settings, days=days, events=events, seed=seed, made=made, loaded=loaded)
    finally:
        progress.stop()
    typer.echo(
        f"Made {seeded.events:,} events of {days} days in {seeded.making:.1f} s "
        f"({seeded.events / seeded.making:,.0f} a second), loaded them in {seeded.loading:.1f} s "
        f"({seeded.events / seeded.loading:,.0f} a second)."
    )
    where = f" --data {settings.data}" if data else ""
    typer.echo(f"Event groups: {', '.join(seeded.event_groups)}. Now: headgate serve{where}")


def _rate_column() -> ProgressColumn:
    from rich.progress import ProgressColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        """Events a second."""

        def render(self, task: Task) -> Text:
            return Text(f"{task.speed or 0:,.0f} a second", style="bold")

    return Rate()
