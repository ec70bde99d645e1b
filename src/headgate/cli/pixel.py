"""`headgate pixel`."""

from __future__ import annotations

from typing import Annotated

import typer

from headgate.cli.registry import Data, opened, say
from headgate.errors import SettingsError


def pixel(
    group_id: Annotated[str, typer.Argument(metavar="GROUP", help="Event group that the pages send to.")],
    *,
    url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Where pages reach the public API, as in https://events.example.",
            show_default="the setting public_url, or where the server runs now",
        ),
    ] = None,
    nonce: Annotated[str, typer.Option(help="Nonce that the page's Content-Security-Policy asks of its scripts.")] = "",
    data: Data = None,
) -> None:
    """Print the pixel's base code for an event group: paste it into the head of every page."""
    from headgate.edge.pixel_script import base_code, newest
    from headgate.processes.shop import public_url
    from headgate.registry import event_groups
    from headgate.settings import web_address

    try:
        named = web_address(url) if url else ""
    except ValueError as why:
        raise SettingsError(f"--url cannot be {url!r}: {why}") from None
    with opened(data) as (registry, folder), registry.reading() as connection:
        group = event_groups.get(connection, group_id)
        address = named or public_url(folder)
    typer.echo(base_code(address, group.id, nonce=nonce), nl=False)
    say(f"\nScript {newest().version}, {newest().integrity}")
    if group.origins:
        say(f"Pages of {', '.join(group.origins)} may send.")
    else:
        say(
            "No page may send yet: name the site with "
            f"`headgate groups update {group.id} --origin https://shop.example`."
        )
