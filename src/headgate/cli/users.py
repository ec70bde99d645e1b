"""`headgate users`."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from headgate.cli.registry import Data, Json, changing, opened, say, show

if TYPE_CHECKING:
    from headgate.processes.folder import DataFolder
    from headgate.registry.base import Change
    from headgate.registry.links import Purpose

app = typer.Typer(help="Users of the console, and what they may do there.", no_args_is_help=True)


class Listed(NamedTuple):
    """A user, for people."""

    email: str
    name: str
    state: str
    created_at: int
    id: str


Email = Annotated[str, typer.Argument(metavar="EMAIL", help="E-mail address of the user.")]


@app.command()
def invite(
    email: Email,
    *,
    role: Annotated[
        str,
        typer.Option(metavar="ROLE", help="viewer, analyst, account_admin or, of an organization, organization_admin."),
    ],
    account: Annotated[str | None, typer.Option(metavar="ID", help="Account that the role is in.")] = None,
    organization: Annotated[
        str | None, typer.Option(metavar="ID", help="Instead: organization, in all accounts of which it holds.")
    ] = None,
    name: Annotated[str, typer.Option(help="Their name; the address if left out.")] = "",
    data: Data = None,
) -> None:
    """Invite a user, or give one who is there another role. Prints a link to their password, if they have none yet.

    The link works once, within a week. It is printed this once, and sent to nobody.
    """
    from headgate.errors import InvalidRegistration
    from headgate.registry import roles, users

    if (account is None) == (organization is None):
        raise InvalidRegistration("a role is in one account or in one organization: name exactly one")
    with changing(data) as (change, folder):
        user = users.find_by_email(change.connection, email)
        if user is None:
            user = users.create(change, f"u{secrets.token_hex(8)}", email=email, name=name)
        if account is not None:
            roles.give_in_account(change, user.id, account, roles.Role.read(role))
        elif organization is not None:
            roles.give_in_organization(change, user.id, organization, roles.Role.read(role))
        link = _make_link(change, folder, user.id, "invite") if user.state == "invited" else None
    if link:
        typer.echo(link)
    say(
        f"{user.email} has the role {role} now."
        + (" The link sets their password, once, within a week." if link else "")
    )


@app.command("list")
def list_(*, as_json: Json = False, data: Data = None) -> None:
    """List all users: active, invited and disabled ones."""
    from headgate.registry import users

    with opened(data) as (registry, _), registry.reading() as connection:
        entries = users.entries(connection)
    # all but the hash of the password, which is nobody's to see
    shown = [Listed(user.email, user.name, user.state, user.created_at, user.id) for user in entries]
    show([each._asdict() for each in shown] if as_json else shown, Listed._fields, as_json=as_json)


@app.command()
def reset(email: Email, *, data: Data = None) -> None:
    """Print a link that sets a new password, once, within a day. Until it is used the old one holds."""
    with changing(data) as (change, folder):
        user_id = _id_of(change, email)
        link = _make_link(change, folder, user_id, "reset")
        change.note("make link", user_id, "to a new password")
    typer.echo(link)


@app.command()
def disable(email: Email, *, data: Data = None) -> None:
    """Keep a user out: their sessions end, their tokens are revoked."""
    from headgate.registry import users

    with changing(data) as (change, _):
        users.disable(change, _id_of(change, email))
    say(f"Disabled {email}.")


@app.command()
def enable(email: Email, *, data: Data = None) -> None:
    """Let a disabled user in again. Their tokens stay revoked."""
    from headgate.registry import users

    with changing(data) as (change, _):
        users.enable(change, _id_of(change, email))
    say(f"Enabled {email}.")


def _id_of(change: Change, email: str) -> str:
    from headgate.errors import NotRegistered
    from headgate.registry import users

    user = users.find_by_email(change.connection, email)
    if user is None:
        raise NotRegistered(f"there is no user {email}")
    return user.id


def _make_link(change: Change, folder: DataFolder, user_id: str, purpose: Purpose) -> str:
    from headgate.registry import links

    secret = secrets.token_urlsafe(32)
    links.make(change.connection, secret, purpose, user_id=user_id, now=change.now)
    return f"{_console_url(folder)}/welcome/{secret}"


def _console_url(folder: DataFolder) -> str:
    """Where the console is, or is going to be: as the server that runs says, else as the settings do."""
    import os

    from headgate.settings import Settings

    if running := folder.read_running():
        return running.desk_url
    settings = Settings.read(flags={"data": Path(folder.root)}, environ=os.environ)
    return f"http://{settings.desk_host}:{settings.desk_port}"
