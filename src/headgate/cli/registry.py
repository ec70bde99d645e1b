"""What the commands on the registry share: which registry, who writes, and how entries are shown.

They write the registry itself, also while a server runs on it: the server follows within a second.
"""

from __future__ import annotations

import getpass
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headgate.cli.tables import new_console, new_table
from headgate.errors import RegistryError

if TYPE_CHECKING:
    from headgate.processes.folder import DataFolder
    from headgate.registry.base import Change, Registry


def folder_named(text: str) -> Path:
    """What `--data` names. Nothing would be the present folder: a script's variable was empty."""
    if not text:
        raise typer.BadParameter("expected the path of a folder, not an empty text")
    return Path(text)


Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        parser=folder_named,
        envvar="HEADGATE_DATA",
        metavar="DIR",
        help="Folder that the server keeps everything in.",
        show_default="headgate-data",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, times in seconds since 1970, instead of a table.")]


@contextmanager
def opened(data: Path | None, *, make: bool = False) -> Iterator[tuple[Registry, DataFolder]]:
    """The registry that the settings name. `make`: create the folder and the embedded registry if they are missing."""
    from headgate.processes.folder import DataFolder
    from headgate.registry.base import Registry
    from headgate.settings import Settings

    settings = Settings.read(flags={"data": data}, environ=os.environ)
    folder = DataFolder(settings.data)
    if make:
        folder.make()
    elif not (folder.root if settings.registry else folder.registry).exists():
        # a mistyped folder must not become a second registry, nor get a signing key that no server knows
        raise RegistryError(
            f"there is no registry in {folder.root}: name the server's folder with --data, "
            "or make a registry with `headgate organizations create`"
        )
    registry = Registry.at(settings.registry, folder.registry)
    try:
        registry.migrate()
        yield registry, folder
    finally:
        registry.close()


@contextmanager
def changing(data: Path | None, *, make: bool = False) -> Iterator[tuple[Change, DataFolder]]:
    """One change of the registry that the settings name, made by who runs this command, now."""
    with (
        opened(data, make=make) as (registry, folder),
        registry.change(by=_user(), now=int(time.time())) as change,
    ):
        yield change, folder


def show(entries: Sequence[Any], columns: Sequence[str], *, as_json: bool) -> None:
    """Print entries: a table of these fields, or all fields as a JSON array."""
    if as_json:
        import msgspec

        typer.echo(msgspec.json.format(msgspec.json.encode(entries)))
        return
    if not entries:
        say("There are none yet.")
        return
    # ids are there to be copied: better a second line than an ellipsis
    table = new_table()
    for column in columns:
        table.add_column(column.removesuffix("_at").removesuffix("_id").replace("_", " "), overflow="fold")
    for entry in entries:
        table.add_row(*(_cell(column, getattr(entry, column)) for column in columns))
    new_console().print(table)


def say(message: str) -> None:
    """Tell a person what was done: on stderr, so that stdout has the results only."""
    typer.echo(message, err=True)


def _cell(column: str, value: Any) -> str:
    if value is None:
        return "-"
    if column.endswith("_at"):
        return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        # an account that lists no partners takes all
        return ", ".join(value) or ("any" if column == "allowed_partners" else "-")
    return str(value)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        # in a container the user may have a number only
        return f"user {os.getuid()}"
