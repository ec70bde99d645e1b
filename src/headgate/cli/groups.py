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

Origins = Annotated[
    list[str] | None,
    typer.Option(
        "--origin",
        metavar="ORIGIN",
        help="Web site whose pages may send by the pixel: https://shop.example, or https://*.shop.example for every "
        "sub-domain. Repeat it for several.",
    ),
]
_COOKIE_HELP = "Whether the pixel may set its first-party cookie."
_MATCHING_HELP = "Whether the pixel may take raw e-mail addresses and their like, to hash them in the page."


@app.command()
def create(
    group_id: Annotated[str, typer.Argument(metavar="ID", help="Its id: letters, digits, '_', '.', '-'.")],
    *,
    account: Annotated[str, typer.Option(metavar="ID", help="Account that it belongs to.")],
    name: Annotated[str, typer.Option(help="Its name for people; the id if left out.")] = "",
    identifiers: Annotated[Identifiers, typer.Option(help=_IDENTIFIERS_HELP)] = "article",
    origin: Origins = None,
    cookie: Annotated[bool, typer.Option("--cookie/--no-cookie", help=_COOKIE_HELP)] = True,
    advanced_matching: Annotated[
        bool, typer.Option("--advanced-matching/--no-advanced-matching", help=_MATCHING_HELP)
    ] = False,
    data: Data = None,
) -> None:
    """Create an event group. Events may be sent to it within a second."""
    from headgate.registry import event_groups

    with changing(data) as (change, _):
        event_groups.create(
            change,
            group_id,
            account_id=account,
            name=name,
            identifiers=identifiers,
            cookie=cookie,
            advanced_matching=advanced_matching,
            origins=origin or (),
        )
    say(f"Created event group {group_id} of account {account}.")


@app.command("list")
def list_(*, as_json: Json = False, data: Data = None) -> None:
    """List all event groups."""
    from headgate.registry import event_groups

    with opened(data) as (registry, _), registry.reading() as connection:
        entries = event_groups.entries(connection)
    columns = ["id", "account_id", "name", "identifiers", "origins", "cookie", "advanced_matching", "created_at"]
    show(entries, columns, as_json=as_json)


@app.command()
def update(
    group_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the event group.")],
    *,
    identifiers: Annotated[Identifiers | None, typer.Option(help=_IDENTIFIERS_HELP)] = None,
    name: Annotated[str | None, typer.Option(help="A new name for people.")] = None,
    origin: Origins = None,
    no_origins: Annotated[bool, typer.Option("--no-origins", help="Let no page send by the pixel any more.")] = False,
    cookie: Annotated[bool | None, typer.Option("--cookie/--no-cookie", help=_COOKIE_HELP)] = None,
    advanced_matching: Annotated[
        bool | None, typer.Option("--advanced-matching/--no-advanced-matching", help=_MATCHING_HELP)
    ] = None,
    data: Data = None,
) -> None:
    """Change an event group. The change holds on every worker within a second. Origins replace the former list."""
    from headgate.registry import event_groups

    if origin and no_origins:
        raise InvalidRegistration("--origin and --no-origins contradict each other")
    origins = () if no_origins else origin or None
    if all(value is None for value in (identifiers, name, origins, cookie, advanced_matching)):
        raise InvalidRegistration(
            "nothing to change: give --identifiers, --name, --origin, --no-origins, --cookie or --advanced-matching"
        )
    with changing(data) as (change, _):
        entry = event_groups.update_entry(
            change,
            group_id,
            name=name,
            identifiers=identifiers,
            cookie=cookie,
            advanced_matching=advanced_matching,
            origins=origins,
        )
    say(
        f"Event group {entry.id}: name {entry.name}, identifiers {entry.identifiers}, "
        f"origins {' '.join(entry.origins) or 'none'}, cookie {_on(entry.cookie)}, "
        f"advanced matching {_on(entry.advanced_matching)}."
    )


def _on(setting: bool) -> str:
    return "on" if setting else "off"
