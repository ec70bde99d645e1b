"""`headgate accounts`."""

from __future__ import annotations

from typing import Annotated

import typer

from headgate.cli.registry import Data, Json, changing, opened, say, show
from headgate.errors import InvalidRegistration

app = typer.Typer(
    help="Accounts: whose events these are, and which partners may send them.",
    no_args_is_help=True,
)


@app.command()
def create(
    account_id: Annotated[str, typer.Argument(metavar="ID", help="Its id: letters, digits, '_', '.', '-'.")],
    *,
    organization: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Organization that it belongs to; needed where there are several."),
    ] = None,
    name: Annotated[str, typer.Option(help="Its name for people; the id if left out.")] = "",
    data: Data = None,
) -> None:
    """Create an account. It allows any partner until told otherwise."""
    from headgate.registry import accounts, organizations

    with changing(data) as (change, _):
        if organization is None:
            there = [entry.id for entry in organizations.entries(change.connection)]
            if len(there) != 1:
                raise InvalidRegistration(f"name one with --organization: {', '.join(there) or 'there is none yet'}")
            organization = there[0]
        accounts.create(change, account_id, organization_id=organization, name=name)
    say(f"Created account {account_id} of organization {organization}.")


@app.command("list")
def list_(*, as_json: Json = False, data: Data = None) -> None:
    """List all accounts."""
    from headgate.registry import accounts

    with opened(data) as (registry, _), registry.reading() as connection:
        entries = accounts.entries(connection)
    show(entries, ["id", "organization_id", "name", "allowed_partners", "created_at"], as_json=as_json)


@app.command()
def partners(
    account_id: Annotated[str, typer.Argument(metavar="ACCOUNT", help="Id of the account.")],
    *,
    allow: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Allow this partner_name; repeat it for several. Replaces the former list."),
    ] = None,
    any_: Annotated[bool, typer.Option("--any", help="Allow events of any partner_name again.")] = False,
    data: Data = None,
) -> None:
    """Set which partners may send events for an account, by the `partner_name` that they send. Alone, shows them."""
    from headgate.registry import accounts

    if allow and any_:
        raise InvalidRegistration("--allow and --any contradict each other")
    if allow or any_:
        with changing(data) as (change, _):
            entry = accounts.allow_partners(change, account_id, allow or ())
    else:
        with opened(data) as (registry, _), registry.reading() as connection:
            entry = accounts.get(connection, account_id)
    for partner_name in entry.allowed_partners:
        typer.echo(partner_name)
    say(f"Account {account_id} allows {'these partners only' if entry.allowed_partners else 'any partner'}.")
