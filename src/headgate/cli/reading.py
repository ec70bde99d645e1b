"""`headgate events`, `trace`, `reconcile`, `rejections`: finding again what was sent, with the server running or not.

A table for people; one JSON object a line when the output goes to a file or another program.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import chain, islice
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from headgate.cli.registry import Data
from headgate.errors import InvalidRegistration

if TYPE_CHECKING:
    from headgate.processes.reading import Reports

Group = Annotated[str, typer.Option("--group", "-g", metavar="ID", help="Event group.")]
SomeGroup = Annotated[
    str | None, typer.Option("--group", "-g", metavar="ID", help="Event group.", show_default="all of them")
]
Since = Annotated[
    str | None,
    typer.Option(
        metavar="WHEN",
        help="Received since then: a time such as 2026-05-01 or 2026-05-01T12:30 (UTC), or an age such as 15m, 2h, 7d.",
        show_default="ever",
    ),
]
Limit = Annotated[int, typer.Option(min=0, metavar="N", help="At most so many, the newest; 0 for all.")]
Json = Annotated[
    bool, typer.Option("--json", help="One JSON object a line, also on a terminal; times in microseconds since 1970.")
]

_AGE = re.compile(r"(\d{1,9})([smhdw])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
#: rows of a table that is drawn at once; what comes after is drawn in further tables
_ROWS = 1000


def events(
    *,
    group: Group,
    since: Since = None,
    status: Annotated[
        Literal["kept", "duplicate", "dead"] | None, typer.Option(help="Only these.", show_default="all")
    ] = None,
    limit: Limit = 100,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Show the accepted events of a group, newest first: kept, duplicate and dead-lettered."""
    with _reports(data) as reports:
        found = reports.events(group, since=_moment(since), status=status, limit=limit)
        columns = ("received_at", "status", "event_name", "event_id", "event_time", "value", "currency", "source")
        _show(found, columns, as_json, nothing=f"No events of {group} yet.")


def rejections(
    *, group: SomeGroup = None, since: Since = None, limit: Limit = 100, as_json: Json = False, data: Data = None
) -> None:
    """Show rejected events and their reasons, newest first. They are kept for 7 days, without personal data."""
    with _reports(data) as reports:
        found = reports.rejections(group, since=_moment(since), limit=limit)
        columns = ("received_at", "event_group_id", "event_name", "event_id", "errors")
        _show(found, columns, as_json, nothing="No rejected events.")


def trace(
    event_id: Annotated[str, typer.Argument(metavar="EVENT_ID", help="The event_id that the sender gave it.")],
    *,
    group: SomeGroup = None,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Tell what happened to an event: received, validated, hashed, duplicate of what, stored, and when."""
    from headgate.model import redact

    with _reports(data) as reports:
        # an address in an id is kept by its digest: look for what was kept
        found = reports.trace(redact.identifier(event_id), group)
    if _wants_json(as_json):
        _print_lines(found)
    else:
        for number, occurrence in enumerate(found, 1):
            _tell(number, occurrence)
    if not found:
        typer.echo(f"No event {event_id} was received.", err=True)
        raise typer.Exit(1)


def reconcile(*, group: SomeGroup = None, since: Since = None, as_json: Json = False, data: Data = None) -> None:
    """Check that every event is accounted for, by group, key and hour.

    received = accepted + rejected, and accepted = kept + duplicate + dead letter. Exit status 1 if that does not hold.
    """
    with _reports(data) as reports:
        lines = reports.reconcile(group, since=_moment(since))
    columns = tuple(lines[0]) if lines else ()
    _show(lines, columns, as_json, nothing="No events yet: nothing to reconcile.")
    wrong = sum(not line["adds_up"] for line in lines)
    if wrong:
        typer.echo(f"{wrong} of {len(lines)} lines do not add up.", err=True)
        raise typer.Exit(1)
    if lines and not _wants_json(as_json):
        typer.echo(f"All {len(lines)} lines add up.")


@contextmanager
def _reports(data: Any) -> Iterator[Reports]:
    from headgate.processes.logging import set_up
    from headgate.processes.reading import reading
    from headgate.settings import Settings

    settings = Settings.read(flags={"data": data}, environ=os.environ)
    set_up("headgate", "warning")
    with reading(settings) as reports:
        yield reports


def _moment(since: str | None) -> int:
    """Microseconds since 1970."""
    if since is None:
        return 0
    if age := _AGE.fullmatch(since):
        return int((time.time() - int(age[1]) * _UNITS[age[2]]) * 1_000_000)
    try:
        at = datetime.fromisoformat(since)
    except ValueError:
        raise InvalidRegistration(
            f"--since {since}: expected a time such as 2026-05-01T12:30 or an age such as 2h"
        ) from None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(int(at.timestamp() * 1_000_000), 0)


def _wants_json(as_json: bool) -> bool:
    return as_json or not sys.stdout.isatty()


def _show(rows: Iterable[dict[str, Any]], columns: tuple[str, ...], as_json: bool, *, nothing: str) -> None:
    if _wants_json(as_json):
        _print_lines(rows)
        return
    remaining = iter(rows)
    first = next(remaining, None)
    if first is None:
        typer.echo(nothing)
        return
    remaining = chain([first], remaining)
    while page := list(islice(remaining, _ROWS)):
        _draw(page, columns)


def _print_lines(rows: Iterable[dict[str, Any]]) -> None:
    import msgspec

    encode = msgspec.json.Encoder(decimal_format="number").encode
    try:
        for row in rows:
            sys.stdout.buffer.write(encode(row) + b"\n")
        sys.stdout.flush()
    except BrokenPipeError:
        # `| head` has seen enough; keep the interpreter from complaining when it flushes at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _draw(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    for column in columns:
        numeric = all(isinstance(row[column], int) and not isinstance(row[column], bool) for row in rows)
        is_time = column in ("received_at", "event_time", "hour")
        table.add_column(column, justify="right" if numeric and not is_time else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(column, row[column]) for column in columns))
    Console().print(table)


def _cell(column: str, value: Any) -> str:
    from rich.markup import escape

    if value is None:
        return ""
    if column in ("received_at", "event_time", "hour"):
        return _time(value if column == "received_at" else value * 1_000_000)
    if isinstance(value, bool):
        return "yes" if value else "NO"
    if isinstance(value, dict):
        return escape("\n".join(f"{field}: {reason}" for field, reason in value.items()))
    return escape(str(value))


def _time(microseconds: int) -> str:
    return f"{datetime.fromtimestamp(microseconds / 1_000_000, UTC):%Y-%m-%d %H:%M:%S}"


def _tell(number: int, occurrence: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False)
    console.print(
        f"[bold]{number}. {escape(occurrence['event_name'] or '(no name)')}[/bold] to {escape(occurrence['event_group_id'])}: "
        f"[bold]{occurrence['outcome']}[/bold]"
    )
    for station in occurrence["stations"]:
        at = f"{datetime.fromtimestamp(station['at'] / 1_000_000, UTC):%Y-%m-%d %H:%M:%S.%f}" if station["at"] else ""
        console.print(f"   {at:<26}  {station['name']:<12}{escape(_details(station['details']))}")


def _details(details: dict[str, Any]) -> str:
    def shown(value: Any) -> str:
        if isinstance(value, dict):
            return "(" + _details(value) + ")"
        return ", ".join(map(str, value)) if isinstance(value, list) else str(value)

    return "  ".join(f"{name} {shown(value)}" for name, value in details.items() if value not in ([], {}, "", None))
