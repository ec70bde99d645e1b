"""`headgate events`, `trace`, `reconcile`, `rejections`: finding again what was sent, with the server running or not.

For people a table or an account; one JSON object a line when the output goes to a file or another program.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from itertools import groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from headgate.cli.registry import Data, opened
from headgate.cli.tables import Column, draw, moment, new_console, printable
from headgate.errors import InvalidRegistration

if TYPE_CHECKING:
    from rich.console import Console

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


def _field(name: str) -> Any:
    return lambda row: printable(row[name])


def _value(row: dict[str, Any]) -> str:
    return "" if row["value"] is None else f"{row['value']} {printable(row['currency'])}"


_EVENTS = (
    Column("received", lambda row: moment(row["received_at"])),
    Column("status", lambda row: f"dead: {row['reason']}" if row["status"] == "dead" else str(row["status"])),
    Column("event name", _field("event_name"), least=12),
    Column("event id", _field("event_id"), least=16),
    Column(
        "event time",
        lambda row: "" if row["event_time"] is None else moment(row["event_time"] * 1_000_000),
        spare=2,
    ),
    Column("value", _value, spare=1, least=24),
    Column("source", _field("source"), spare=3),
)
#: stands for the group of what a page sent to one that there is not
_NO_GROUP = "(no such group)"
#: what is counted -> what a narrow terminal goes without
_COUNTS = {"received": 1, "accepted": 3, "rejected": 2, "kept": 0, "duplicate": 0, "dead_letter": 0}
_HOURS = (
    Column("hour (UTC)", lambda row: moment(row["hour"] * 1_000_000, "%Y-%m-%d %H:%M")),
    *(Column(name.partition("_")[0], _field(name), spare=spare, right=True) for name, spare in _COUNTS.items()),
)
#: only where there is one
_WRONG = Column("", lambda row: "" if row["adds_up"] else "does not add up")


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
        count = _print_lines(found) if _wants_json(as_json) else _draw_events(found)
    if not count:
        _require_group(data, group)
    narrowed = " that match" if since or status else ""
    _conclude(count, limit, f"No events of {group}{narrowed}.", as_json)


def rejections(
    *, group: SomeGroup = None, since: Since = None, limit: Limit = 100, as_json: Json = False, data: Data = None
) -> None:
    """Show rejected events and their reasons, newest first.

    They are kept for 7 days (the setting rejections_days), without personal data.
    """
    with _reports(data) as reports:
        found = reports.rejections(group, since=_moment(since), limit=limit)
        count = _print_lines(found) if _wants_json(as_json) else _tell_rejections(found)
    if not count and group:
        _require_group(data, group)
    _conclude(count, limit, "No rejected events.", as_json)


def trace(
    event_id: Annotated[str, typer.Argument(metavar="EVENT_ID", help="The event_id that the sender gave it.")],
    *,
    group: SomeGroup = None,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Tell what happened to an event: received, validated, hashed, duplicate of what, stored, and when."""
    from headgate_contract import redact

    with _reports(data) as reports:
        # an address in an id stays on this side: a running server is asked by URL, which a proxy may log
        found = reports.trace(redact.identifier(event_id), group)
    if _wants_json(as_json):
        _print_lines(found)
    else:
        console = new_console()
        for number, occurrence in enumerate(found, 1):
            _tell_occurrence(console, number, occurrence)
    if not found:
        if group:
            _require_group(data, group)
        typer.echo(f"No event {printable(event_id)} was received.", err=True)
        raise typer.Exit(1)


def reconcile(*, group: SomeGroup = None, since: Since = None, as_json: Json = False, data: Data = None) -> None:
    """Check that every event is accounted for, by group, key and hour.

    received = accepted + rejected, and accepted = kept + duplicate + dead letter. Exit status 1 if that does not hold.
    """
    with _reports(data) as reports:
        lines = reports.reconcile(group, since=_moment(since))
    if not lines and group:
        _require_group(data, group)
    if _wants_json(as_json):
        _print_lines(lines)
    else:
        _draw_books(lines)
    wrong = sum(not line["adds_up"] for line in lines)
    if wrong:
        typer.echo(f"{wrong} of {len(lines)} lines do not add up.", err=True)
        raise typer.Exit(1)
    if not _wants_json(as_json):
        typer.echo("Every line adds up." if lines else "No events yet: nothing to reconcile.")


@contextmanager
def _reports(data: Path | None) -> Iterator[Reports]:
    from headgate.processes.logging import set_up
    from headgate.processes.reading import asking
    from headgate.settings import Settings

    settings = Settings.read(flags={"data": data}, environ=os.environ)
    set_up("headgate", "warning")
    with asking(settings) as reports:
        if reports is not None:
            yield reports
            return
    # the engine takes a while to import: only where no server is there to be asked
    from headgate.processes.offline import offline

    with offline(settings, _patience()) as reports:
        yield reports


def _patience() -> Any:
    """Something to look at while a long log is taken into the store."""
    from rich.console import Console

    console = Console(stderr=True)
    return console.status("Taking what the log holds into the store") if console.is_terminal else nullcontext()


def _require_group(data: Path | None, group: str) -> None:
    """Raise `NotRegistered` where nothing was found because there is no such group."""
    from headgate.registry import event_groups

    with opened(data) as (registry, _), registry.reading() as connection:
        event_groups.get(connection, group)


def _moment(since: str | None) -> int:
    """Microseconds since 1970."""
    if since is None:
        return 0
    if age := _AGE.fullmatch(since):
        return max(int((time.time() - int(age[1]) * _UNITS[age[2]]) * 1_000_000), 0)
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


def _conclude(count: int, limit: int, nothing: str, as_json: bool) -> None:
    """What a person should know of a list beside its rows."""
    if _wants_json(as_json):
        return
    if not count:
        typer.echo(nothing)
    elif count == limit:
        typer.echo(f"The newest {limit}; --limit 0 shows all.")


def _print_lines(rows: Iterable[dict[str, Any]]) -> int:
    import msgspec

    encode = msgspec.json.Encoder(decimal_format="number").encode
    count = 0
    try:
        for count, row in enumerate(rows, 1):  # noqa: B007 - counted, not used
            sys.stdout.buffer.write(encode(row) + b"\n")
        sys.stdout.flush()
    except BrokenPipeError:
        # `| head` has seen enough; keep the interpreter from complaining when it flushes at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return count


def _draw_events(rows: Iterable[dict[str, Any]]) -> int:
    console, remaining = new_console(), iter(rows)
    count = 0
    left_out: dict[str, None] = {}
    while page := list(islice(remaining, _ROWS)):
        left_out.update(dict.fromkeys(draw(console, page, _EVENTS)))
        count += len(page)
    _say_left_out(left_out)
    return count


def _say_left_out(titles: Iterable[str]) -> None:
    if named := ", ".join(titles):
        typer.echo(f"Not shown, for want of width: {named}. --json shows everything.")


def _draw_books(lines: list[dict[str, Any]]) -> None:
    console = new_console()
    left_out: dict[str, None] = {}
    by_key = sorted(lines, key=lambda line: (line["event_group_id"], line["key_id"], line["hour"]))
    for (group, key), hours in groupby(by_key, lambda line: (line["event_group_id"], line["key_id"])):
        console.print(f" {printable(group or _NO_GROUP)}, key {printable(key)}", style="bold")
        rows = list(hours)
        columns = _HOURS if all(row["adds_up"] for row in rows) else (*_HOURS, _WRONG)
        left_out.update(dict.fromkeys(draw(console, rows, columns)))
    _say_left_out(left_out)


def _tell_rejections(rows: Iterable[dict[str, Any]]) -> int:
    console = new_console()
    count = 0
    for count, row in enumerate(rows, 1):  # noqa: B007 - counted, not used
        said = (row["event_group_id"] or _NO_GROUP, row["event_name"] or "(no name)", row["event_id"] or "(no id)")
        console.print(f"{moment(row['received_at'])}  " + "  ".join(map(printable, said)), style="bold")
        _indented(console, [(printable(field), printable(reason)) for field, reason in row["errors"].items()])
    return count


def _tell_occurrence(console: Console, number: int, occurrence: dict[str, Any]) -> None:
    name, group = (
        printable(occurrence["event_name"] or "(no name)"),
        printable(occurrence["event_group_id"] or _NO_GROUP),
    )
    console.print(f"{number}. {name} to {group}: {occurrence['outcome']}", style="bold")
    _indented(
        console,
        [
            (_at(station["at"]), station["name"], _details(station["details"]).strip())
            for station in occurrence["stations"]
        ],
    )


def _indented(console: Console, rows: list[tuple[str, ...]]) -> None:
    """Rows under a headline: the last column takes what room there is, and as many lines as it needs."""
    from rich.padding import Padding
    from rich.table import Table

    table = Table.grid(padding=(0, 2), expand=True)
    for _ in rows[0][:-1] if rows else ():
        table.add_column(no_wrap=True)
    table.add_column(ratio=1, overflow="fold")
    for row in rows:
        table.add_row(*row)
    console.print(Padding(table, (0, 0, 0, 3)))


def _at(microseconds: int | None) -> str:
    return "" if microseconds is None else moment(microseconds, "%Y-%m-%d %H:%M:%S.%f")


def _details(details: dict[str, Any]) -> str:
    def shown(name: str, value: Any) -> str:
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, dict):
            return "(" + _details(value) + ")"
        if name == "received_at":
            return _at(value)
        return ", ".join(map(printable, value)) if isinstance(value, list) else printable(value)

    return "  ".join(
        f"{printable(name)} {shown(name, value)}" for name, value in details.items() if value not in ([], {}, "", None)
    )
