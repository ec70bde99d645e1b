"""`headgate-client lint`."""

from __future__ import annotations

import sys
import time
from contextlib import nullcontext
from itertools import islice

import typer

from headgate_client.cli import flags
from headgate_client.cli.inspection import Report, Rule, inspect
from headgate_client.cli.making import EventMaker
from headgate_client.cli.mapping import Flags, read_mapping, require_once
from headgate_client.cli.problems import DONE, SOME_REJECTED, Problem
from headgate_client.cli.reports import FORMATS, counted
from headgate_client.cli.rows import Layout, RowFile, Start, kind_of, open_rows
from headgate_client.cli.shown import plain
from headgate_contract.vocabulary import HASHED_FIELDS


def lint(
    *,
    file: flags.File,
    report: flags.Report = flags.ReportFormat.TABLE,
    output: flags.Output = None,
    fail_on: flags.FailingOn = flags.FailOn.ERROR,
    max_findings: flags.MaxFindings = 1000,
    input: flags.InputFormat = None,  # noqa: A002 - the flag's name
    encoding: flags.Encoding = "utf-8-sig",
    delimiter: flags.Delimiter = None,
    limit: flags.Limit = None,
    map: flags.Map = None,  # noqa: A002 - the flag's name
    set: flags.Set = None,  # noqa: A002 - the flag's name
    mapping: flags.MappingFile = None,
    time_format: flags.TimeFormat = None,
    time_zone: flags.TimeZone = None,
    decimal: flags.Decimal = None,
    phone_region: flags.PhoneRegion = None,
    null: flags.Null = None,
    raw: flags.Raw = None,
    no_hash: flags.LintRaw = False,
    identifiers: flags.Identifiers = flags.Setting.EXTENDED,
) -> None:
    """Find mistakes in a file before it is sent, without a server.

    Every row is checked against the contract, with every reason; its digests for those that match nobody or everybody
    (of an empty text, of "null", of a digest, of a value that was not normalised, MD5, base64), and its times for wrong
    units and zones. Nothing personal is in the report.

    Exit code: 0 nothing that --fail-on names, 1 something, 2 called in a way that cannot work.
    """
    path = None if str(file) == "-" else file
    kind = kind_of(path, input.value if input else None)
    if path is None and sys.stdin is None:
        raise Problem("standard input is closed; give the file's name")
    said = read_mapping(Flags(map or (), set or (), mapping, time_format, time_zone, null or (), decimal, phone_region))
    found = Report(max_findings)
    with path.open("rb") if path else nullcontext(sys.stdin.buffer) as source:
        rows = open_rows(source, kind, Layout(encoding, delimiter))
        maker = EventMaker(rows, said, "lint", hashing=False)
        all_rows = islice(rows.rows(Start()), limit)
        rule = Rule(int(time.time()), identifiers.value, _raw_columns(raw or [], rows), not no_hash, said.phone_region)
        inspect(all_rows, maker, rule, found)
    text = FORMATS[report.value](plain(file), found)
    if output is None:
        typer.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")
        typer.echo(f"{counted(found)}: {output}", err=True)
    failed = found.errors if fail_on is flags.FailOn.ERROR else found.errors + found.warnings
    raise typer.Exit(SOME_REJECTED if failed and fail_on is not flags.FailOn.NEVER else DONE)


def _raw_columns(pairs: list[str], rows: RowFile) -> dict[str, int | str]:
    columns: dict[str, int | str] = {}
    for pair in pairs:
        field, equals, column = pair.partition("=")
        if not equals or field not in HASHED_FIELDS:
            raise Problem(f"--raw {pair}: write FIELD=COLUMN, with one of {', '.join(HASHED_FIELDS)}")
        if rows.columns is not None and column not in rows.columns:
            raise Problem(f"--raw {pair}: there is no column {column!r}; the file has {', '.join(rows.columns)}")
        if rows.columns is not None:
            require_once(column, rows.columns)
        columns[field] = column if rows.columns is None else rows.columns.index(column)
    return columns
