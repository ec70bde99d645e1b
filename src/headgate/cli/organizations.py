"""`headgate organizations`."""

from __future__ import annotations

from typing import Annotated

import typer

from headgate.cli.registry import Data, Json, changing, opened, say, show

app = typer.Typer(help="Organizations: who accounts belong to.", no_args_is_help=True)


@app.command()
def create(
    organization_id: Annotated[str, typer.Argument(metavar="ID", help="Its id: letters, digits, '_', '.', '-'.")],
    *,
    name: Annotated[str, typer.Option(help="Its name for people; the id if left out.")] = "",
    data: Data = None,
) -> None:
    """Create an organization, and the data folder's registry if there is none yet."""
    from headgate.registry import organizations

    with changing(data, make=True) as (change, _):
        organizations.create(change, organization_id, name=name)
    say(f"Created organization {organization_id}.")


@app.command("list")
def list_(*, as_json: Json = False, data: Data = None) -> None:
    """List all organizations."""
    from headgate.registry import organizations

    with opened(data) as (registry, _), registry.reading() as connection:
        entries = organizations.entries(connection)
    show(entries, ["id", "name", "created_at"], as_json=as_json)
