"""`headgate groups`."""

from __future__ import annotations

from typing import Annotated

import typer

from headgate.cli.registry import Data, Json, changing, opened, say, show
from headgate.errors import InvalidRegistration
from headgate_contract.vocabulary import Identifiers

app = typer.Typer(
    help="Event groups: one web site or app each, under the id that its senders put in `event_group_id`.",
    no_args_is_help=True,
)

_IDENTIFIERS_HELP = (
    "Which identifiers suffice for an event: 'article' (e-mail or a device id), "
    "or 'extended' (also a telephone number or an IP address)."
)


@app.command()
def create(
    group_id: Annotated[str, typer.Argument(metavar="ID", help="Its id: letters, digits, '_', '.', '-'.")],
    *,
    account: Annotated[str, typer.Option(metavar="ID", help="Account that it belongs to.")],
    name: Annotated[str, typer.Option(help="Its name for people; the id if left out.")] = "",
    identifiers: Annotated[Identifiers, typer.Option(help=_IDENTIFIERS_HELP)] = "article",
    data: Data = None,
) -> None:
    """Create an event group. Events may be sent to it within a second."""
    from headgate.registry import event_groups

    with changing(data) as (change, _):
        event_groups.create(change, group_id, account_id=account, name=name, identifiers=identifiers)
    say(f"Created event group {group_id} of account {account}.")


@app.command("list")
def list_(*, as_json: Json = False, data: Data = None) -> None:
    """List all event groups."""
    from headgate.registry import event_groups

    with opened(data) as (registry, _), registry.reading() as connection:
        entries = event_groups.entries(connection)
    show(entries, ["id", "account_id", "name", "identifiers", "created_at", "updated_at"], as_json=as_json)


@app.command()
def update(
    group_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the event group.")],
    *,
    identifiers: Annotated[Identifiers | None, typer.Option(help=_IDENTIFIERS_HELP)] = None,
    name: Annotated[str | None, typer.Option(help="A new name for people.")] = None,
    data: Data = None,
) -> None:
    """Change an event group. The change holds on every worker within a second."""
    from headgate.registry import event_groups

    if identifiers is None and name is None:
        raise InvalidRegistration("nothing to change: give --identifiers or --name")
    with changing(data) as (change, _):
        entry = event_groups.update_entry(change, group_id, name=name, identifiers=identifiers)
    say(f"Event group {entry.id}: name {entry.name}, identifiers {entry.identifiers}.")
