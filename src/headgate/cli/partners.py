"""`headgate partners`."""

from __future__ import annotations

from typing import Annotated

import typer

from headgate.cli.registry import Data, Json, changing, opened, say, show

app = typer.Typer(
    help="Partners: third parties with keys of their own, that send events for accounts that granted them that.",
    no_args_is_help=True,
)

PartnerId = Annotated[str, typer.Argument(metavar="PARTNER", help="Id of the partner.")]
AccountId = Annotated[str, typer.Option("--account", metavar="ID", help="Account that the partner sends for.")]


@app.command()
def create(
    partner_id: Annotated[str, typer.Argument(metavar="ID", help="Its id: letters, digits, '_', '.', '-'.")],
    *,
    name: Annotated[str, typer.Option(help="Its name for people; the id if left out.")] = "",
    data: Data = None,
) -> None:
    """Create a partner. It may send for no account until one is granted."""
    from headgate.registry import partners

    with changing(data) as (change, _):
        partners.create(change, partner_id, name=name)
    say(f"Created partner {partner_id}.")


@app.command("list")
def list_(*, as_json: Json = False, data: Data = None) -> None:
    """List all partners and the accounts that granted them access."""
    from headgate.registry import partners

    with opened(data) as (registry, _), registry.reading() as connection:
        entries = partners.entries(connection)
    show(entries, ["id", "name", "granted_by", "created_at"], as_json=as_json)


@app.command()
def grant(partner_id: PartnerId, *, account: AccountId, data: Data = None) -> None:
    """Let a partner's keys send events for an account."""
    from headgate.registry import partners

    with changing(data) as (change, _):
        partners.grant(change, partner_id, account)
    say(f"Partner {partner_id} may send for account {account}.")


@app.command()
def withdraw(partner_id: PartnerId, *, account: AccountId, data: Data = None) -> None:
    """Let a partner's keys no longer send events for an account. Holds on every worker within a second."""
    from headgate.registry import partners

    with changing(data) as (change, _):
        partners.withdraw(change, partner_id, account)
    say(f"Partner {partner_id} may no longer send for account {account}.")
