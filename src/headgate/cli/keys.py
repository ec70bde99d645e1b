"""`headgate keys`."""

from __future__ import annotations

import secrets
from typing import Annotated

import typer

from headgate.cli.registry import Data, Json, changing, opened, say, show

app = typer.Typer(help="API keys: what senders authenticate with.", no_args_is_help=True)


@app.command()
def create(
    *,
    account: Annotated[str | None, typer.Option(metavar="ID", help="Account that the key sends for.")] = None,
    partner: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Instead: the partner it belongs to; sends for all accounts granted to it."),
    ] = None,
    name: Annotated[str, typer.Option(help="A name to know it by; its id if left out.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print key_id and api_key as JSON.")] = False,
    data: Data = None,
) -> None:
    """Create an API key and print it, this once: it is stored nowhere. It does not expire."""
    import msgspec

    from headgate.registry import keys
    from headgate.registry.tokens import read_signing_key

    key_id = secrets.token_hex(8)
    with changing(data) as (change, folder):
        signing_key = read_signing_key(folder.signing_key)
        token = keys.create(change, signing_key, key_id, account_id=account, partner_id=partner, name=name)
    typer.echo(msgspec.json.encode({"key_id": key_id, "api_key": token}).decode() if as_json else token)
    say(f"Created key {key_id}. It cannot be shown again: keep it where secrets are kept.")


@app.command("list")
def list_(*, as_json: Json = False, data: Data = None) -> None:
    """List all keys, revoked ones too. The keys themselves are not kept and cannot be shown."""
    from headgate.registry import keys

    with opened(data) as (registry, _), registry.reading() as connection:
        entries = keys.entries(connection)
    columns = ["id", "account_id", "partner_id", "name", "created_at", "created_by", "revoked_at"]
    show(entries, columns, as_json=as_json)


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="KEY_ID", help="Id of the key, as `headgate keys list` shows it.")],
    *,
    data: Data = None,
) -> None:
    """Revoke a key for good. It is refused on every worker within a second."""
    from headgate.registry import keys

    with changing(data) as (change, _):
        keys.revoke(change, key_id)
    say(f"Revoked key {key_id}.")
