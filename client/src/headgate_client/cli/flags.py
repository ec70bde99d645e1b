"""Flags that several commands have, each written once."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

_WHERE = "Where to send"
_HOW = "How to send"
_REPORT = "The report"
_FILE = "The file"
_MAPPING = "Columns to fields"


class FileFormat(StrEnum):
    """Formats of input."""

    CSV = "csv"
    NDJSON = "ndjson"
    PARQUET = "parquet"


File = Annotated[Path, typer.Argument(metavar="FILE", help="CSV, NDJSON or Parquet file; - reads standard input.")]
Format = Annotated[
    FileFormat | None,
    typer.Option("--format", help="Format of the file. Default: told by its name.", rich_help_panel=_FILE),
]
Encoding = Annotated[
    str, typer.Option(metavar="NAME", help="Encoding of a CSV file, such as cp1252.", rich_help_panel=_FILE)
]
Delimiter = Annotated[
    str | None,
    typer.Option(
        metavar="CHAR", help="What separates CSV fields. Default: found in the header.", rich_help_panel=_FILE
    ),
]
Limit = Annotated[int | None, typer.Option(min=1, metavar="N", help="Stop after so many rows.", rich_help_panel=_FILE)]
Map = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="FIELD=COLUMN", help="Where a field comes from: --map em=Email --map custom_data.value=Total. "
                 "Columns that have a field's name are found without.", rich_help_panel=_MAPPING),
]  # fmt: skip
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="FIELD=VALUE", help="A value for every event that has none of its own: "
                 "--set event_name=PURCHASE.", rich_help_panel=_MAPPING),
]  # fmt: skip
MappingFile = Annotated[
    Path | None,
    typer.Option("--mapping", metavar="FILE", help="TOML file with [columns], [constants], [time], [numbers] and [phones]; flags "
                 "win over it.",
                 rich_help_panel=_MAPPING),
]  # fmt: skip
TimeFormat = Annotated[
    str | None,
    typer.Option(metavar="FORMAT", help="How event_time is written: iso, s, ms, us, ns, or a pattern such as "
                 "'%d.%m.%Y %H:%M'. Default: seconds since 1970, or ISO 8601.", rich_help_panel=_MAPPING),
]  # fmt: skip
TimeZone = Annotated[
    str | None,
    typer.Option(metavar="ZONE", help="Zone of times that name none, such as Europe/Berlin.", rich_help_panel=_MAPPING),
]
Decimal = Annotated[
    str | None,
    typer.Option(metavar="CHAR", help="What stands before decimals: , reads 1.234,50 and . reads 1,234.50. Default: "
                 "numbers as the contract writes them, 1234.50.", rich_help_panel=_MAPPING),
]  # fmt: skip
PhoneRegion = Annotated[
    str | None,
    typer.Option(metavar="COUNTRY", help="Country of phone numbers that name none, such as DE: reads them as someone "
                 "there would dial them.", rich_help_panel=_MAPPING),
]  # fmt: skip
Null = Annotated[
    list[str] | None,
    typer.Option("--null", metavar="TEXT", help="A text that stands for an empty value, such as NULL.",
                 rich_help_panel=_MAPPING),
]  # fmt: skip
Url = Annotated[
    str | None,
    typer.Option(metavar="URL", help="Address of the Events API, without path. Environment: HEADGATE_API_URL.",
                 rich_help_panel=_WHERE),
]  # fmt: skip
Group = Annotated[
    str | None,
    typer.Option(metavar="ID", help="Event group that the events belong to. Environment: HEADGATE_API_GROUP.",
                 rich_help_panel=_WHERE),
]  # fmt: skip
Key = Annotated[
    str | None,
    typer.Option(metavar="KEY", help="API key. Others on this machine can see a flag: better set HEADGATE_API_KEY, or use "
                 "--key-file.", rich_help_panel=_WHERE),
]  # fmt: skip
KeyFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="File that holds the API key.", rich_help_panel=_WHERE)
]
CaCert = Annotated[
    Path | None,
    typer.Option("--cacert", metavar="FILE", help="PEM file of the authorities to trust, instead of the system's.",
                 rich_help_panel=_WHERE),
]  # fmt: skip
Profile = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Table of the configuration file to take url, group, key or key_file and cacert from. "
                 "Default: default. Environment: HEADGATE_API_PROFILE.", rich_help_panel=_WHERE),
]  # fmt: skip
Config = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="TOML file of profiles. Default: ~/.config/headgate-client.toml.",
                 rich_help_panel=_WHERE),
]  # fmt: skip
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Validate on the server, and count nothing.", rich_help_panel=_HOW)
]
Resume = Annotated[
    bool, typer.Option("--resume", help="Go on where an interrupted upload stopped.", rich_help_panel=_HOW)
]
Restart = Annotated[
    bool, typer.Option("--restart", help="Begin anew in spite of an earlier upload.", rich_help_panel=_HOW)
]
NoHash = Annotated[
    bool, typer.Option("--no-hash", help="Let the server hash raw values, over TLS.", rich_help_panel=_HOW)
]
Batch = Annotated[int, typer.Option(min=1, max=1000, help="Events a request.", rich_help_panel=_HOW)]
Concurrency = Annotated[int, typer.Option(min=1, max=32, help="Requests under way at once.", rich_help_panel=_HOW)]
Patience = Annotated[
    float,
    typer.Option(min=0, metavar="SECONDS", help="How long one request is retried before the upload stops.",
                 rich_help_panel=_HOW),
]  # fmt: skip
RetryWait = Annotated[
    float,
    typer.Option(min=0, metavar="SECONDS", help="Longest wait before the first retry; it doubles each time.",
                 rich_help_panel=_HOW),
]  # fmt: skip
Compress = Annotated[
    bool, typer.Option("--compress/--no-compress", help="Whether bodies are sent with gzip.", rich_help_panel=_HOW)
]
Out = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Where checkpoint and rejected rows go. Default: beside the file.",
                 rich_help_panel=_HOW),
]  # fmt: skip
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.", rich_help_panel=_HOW)]
SummaryJson = Annotated[bool, typer.Option("--json", help="The summary as JSON.", rich_help_panel=_HOW)]


class ReportFormat(StrEnum):
    """How a lint report is written."""

    TABLE = "table"
    JSON = "json"
    JUNIT = "junit"
    SARIF = "sarif"


class FailOn(StrEnum):
    """What makes the exit code of lint 1."""

    ERROR = "error"
    WARNING = "warning"
    NEVER = "never"


class Setting(StrEnum):
    """The `identifiers` setting of an event group."""

    ARTICLE = "article"
    EXTENDED = "extended"


Report = Annotated[ReportFormat, typer.Option("--format", help="How the report is written.", rich_help_panel=_REPORT)]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Where it is written. Default: standard output.",
                 rich_help_panel=_REPORT),
]  # fmt: skip
FailingOn = Annotated[FailOn, typer.Option(help="Which findings make the exit code 1.", rich_help_panel=_REPORT)]
MaxFindings = Annotated[
    int, typer.Option(min=1, help="Findings that are listed; all are counted.", rich_help_panel=_REPORT)
]
InputFormat = Annotated[
    FileFormat | None,
    typer.Option("--input-format", help="Format of the file. Default: told by its name.", rich_help_panel=_FILE),
]
LintRaw = Annotated[
    bool,
    typer.Option("--no-hash", help="Report values that are no digests: for a file that is sent as it is.",
                 rich_help_panel=_MAPPING),
]  # fmt: skip
Raw = Annotated[
    list[str] | None,
    typer.Option(metavar="FIELD=COLUMN", help="Column with the value that a digest was made of: --raw em=Email tells "
                 "whether it was normalised first.", rich_help_panel=_MAPPING),
]  # fmt: skip
Identifiers = Annotated[Setting, typer.Option(help="The event group's identifiers setting.", rich_help_panel=_MAPPING)]
