"""`headgate demo`."""

from __future__ import annotations

from typing import Annotated

import typer

from headgate.cli.registry import Data, opened
from headgate.cli.seed import seed

app = typer.Typer(help="Things to look at and to try: made-up data, a shop.", no_args_is_help=True)
app.command()(seed)


@app.command()
def shop(
    *,
    port: Annotated[
        int, typer.Option(min=0, max=65535, metavar="N", help="Port of the shop; 0 takes any free one.")
    ] = 8602,
    data: Data = None,
) -> None:
    """Serve a small shop whose pages carry the pixel, beside a running server, to click through by hand."""
    from rich.console import Console

    from headgate.processes.demo import EVENT_GROUP
    from headgate.processes.shop import open_shop

    console = Console(highlight=False, soft_wrap=True)
    with opened(data) as (registry, folder), open_shop(registry, folder, port) as (url, serve):
        console.print(f"\n[bold]The shop is open:[/bold] {url}/")
        console.print(f"  Its pages send to the event group {EVENT_GROUP}. See what became of it:")
        print(f"  headgate events --group {EVENT_GROUP} --data {folder.root}", flush=True)  # noqa: T201 - to be pasted
        console.print("\nCtrl-C closes it.\n")
        serve()
