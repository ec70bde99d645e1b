"""Which column becomes which field: from flags, from a TOML file, and by names that the contract has."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping as AnyMapping
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path as FilePath
from typing import Any, NamedTuple

import msgspec

from headgate_client.cli.fields import Path, find_field, named, read_field
from headgate_client.cli.problems import Problem
from headgate_client.cli.times import ReadTime, read_zone, time_reader
from headgate_client.cli.values import Read, exact, number_reader
from headgate_contract.vocabulary import EXTENDED_IDENTIFIERS, USER_DATA_ALIASES

#: section -> its options, each of them text; None where the names are those of fields
_SECTIONS: dict[str, tuple[str, ...] | None] = {
    "columns": None,
    "constants": None,
    "time": ("format", "zone"),
    "numbers": ("decimal",),
    "phones": ("region",),
}

_TABLES = "[columns], [constants], [time] with format and zone, [numbers] with decimal, [phones] with region"


class Mapping(NamedTuple):
    """What the flags and the file say."""

    #: field -> name of the column it comes from
    columns: dict[Path, str]
    #: field -> value that every event gets, unless its row has one
    constants: dict[Path, Any]
    read_time: ReadTime
    #: texts that stand for an empty value
    nulls: frozenset[str]
    #: how times are written, as asked
    time: tuple[str, str] = ("", "")
    read_number: Read = exact
    #: the mark before decimals, as asked
    decimal: str | None = None
    #: the country of phone numbers without one
    phone_region: str | None = None


class Flags(NamedTuple):
    """The flags as they were written."""

    map: Sequence[str] = ()
    set: Sequence[str] = ()
    mapping: FilePath | None = None
    time_format: str | None = None
    time_zone: str | None = None
    null: Sequence[str] = ()
    decimal: str | None = None
    phone_region: str | None = None


def read_mapping(flags: Flags) -> Mapping:
    """Flags win over the file. Raises `Problem`."""
    said = _read_file(flags.mapping) if flags.mapping else {}
    columns = {read_field(name, "[columns]"): _text(name, column) for name, column in _flat(said.get("columns", {}))}
    constants = {read_field(name, "[constants]"): value for name, value in _flat(said.get("constants", {}))}
    for pair in flags.map:
        field, column = _pair("--map", pair, "--map em=Email")
        columns[read_field(field, "--map")] = column
    for pair in flags.set:
        field, value = _pair("--set", pair, "--set event_name=PURCHASE")
        constants[read_field(field, "--set")] = value
    time = said.get("time", {})
    pattern, zone = flags.time_format or time.get("format"), flags.time_zone or time.get("zone")
    constants.setdefault(("event_type",), "conversion")
    decimal = flags.decimal or said.get("numbers", {}).get("decimal")
    return Mapping(
        columns,
        constants,
        time_reader(pattern, read_zone(zone)),
        frozenset(flags.null),
        (pattern or "", zone or ""),
        number_reader(decimal),
        decimal,
        _region(flags.phone_region or said.get("phones", {}).get("region")),
    )


def _region(asked: str | None) -> str | None:
    if asked is None:
        return None
    try:
        import phonenumbers  # noqa: PLC0415 - large, and an extra
    except ImportError:
        raise Problem("--phone-region takes phonenumbers: pip install 'headgate-client[phone]'") from None
    if asked.upper() not in phonenumbers.SUPPORTED_REGIONS:
        raise Problem(f"--phone-region {asked} is no country; write its two letters, such as US or DE")
    return asked.upper()


def match_columns(mapping: Mapping, columns: Sequence[str]) -> tuple[dict[Path, int], list[str]]:
    """Field -> place of its column, and the columns that go nowhere. Raises `Problem` where the event lacks a field."""
    places = {name: place for place, name in enumerate(columns)}
    matched: dict[Path, int] = {}
    for field, column in mapping.columns.items():
        if column not in places:
            raise Problem(f"--map: there is no column {column!r}; the file has {', '.join(columns)}")
        require_once(column, columns)
        matched[field] = places[column]
    mapped = set(matched.values())
    for name, place in places.items():
        found = find_field(name)
        if found is not None and found not in matched and place not in mapped:
            require_once(name, columns)
            matched[found] = place
    used = set(matched.values())
    _require(matched, mapping, columns)
    return matched, [name or "(no name)" for place, name in enumerate(columns) if place not in used]


def require_once(column: str, columns: Sequence[str]) -> None:
    """Raise `Problem` where a name that counts is that of several columns."""
    if columns.count(column) > 1:
        raise Problem(f"the header names {column} more than once; rename one of the columns")


def _require(matched: AnyMapping[Path, int], mapping: Mapping, columns: Sequence[str]) -> None:
    """What an event cannot be without is looked for once, before a million rows are rejected for it."""
    there = {*matched, *mapping.constants}
    shown = ", ".join(columns)
    if ("user_data",) in there:
        return
    if ("event_name",) not in there:
        raise Problem(
            f"no column gives event_name; add --set event_name=PURCHASE, or --map event_name=COLUMN (columns: {shown})"
        )
    if ("event_time",) not in there:
        raise Problem(f"no column gives event_time; add --map event_time=COLUMN (columns: {shown})")
    identifiers = (*EXTENDED_IDENTIFIERS, *USER_DATA_ALIASES)
    if not any(("user_data", name) in there for name in identifiers):
        raise Problem(f"no column says who the event is about; add --map em=COLUMN, for an e-mail address, or one of "
                      f"{', '.join(EXTENDED_IDENTIFIERS)} (columns: {shown})")  # fmt: skip


def _read_file(path: FilePath) -> dict[str, Any]:
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as why:
        raise Problem(f"--mapping {path}: {why.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as why:
        raise Problem(f"--mapping {path} is not TOML: {why}") from None
    for unknown in sorted(set(said) - set(_SECTIONS)):
        raise Problem(f"--mapping {path}: {unknown} is unknown; it takes {_TABLES}")
    for section, options in _SECTIONS.items():
        for name, value in _table(path, said, section).items():
            if options is None:
                continue
            if name not in options:
                raise Problem(f"--mapping {path}: [{section}] {name} is unknown; it takes {' and '.join(options)}")
            if not isinstance(value, str):
                raise Problem(f"--mapping {path}: [{section}] {name} must be text, in quotes")
    return said


def _table(path: FilePath, said: dict[str, Any], section: str) -> dict[str, Any]:
    table = said.get(section, {})
    if not isinstance(table, dict):
        raise Problem(f"--mapping {path}: [{section}] must be a table")
    return table


def _flat(table: AnyMapping[str, Any], before: str = "") -> list[tuple[str, Any]]:
    """`custom_data.value = …` is a table within a table to TOML."""
    pairs: list[tuple[str, Any]] = []
    for name, value in table.items():
        pairs += _flat(value, f"{before}{name}.") if isinstance(value, dict) else [(f"{before}{name}", value)]
    return pairs


def _text(name: str, column: Any) -> str:
    if not isinstance(column, str):
        raise Problem(f"[columns] {name}: the name of a column must be text")
    return column


def _pair(flag: str, pair: str, example: str) -> tuple[str, str]:
    field, equals, value = pair.partition("=")
    if not equals or not field or not value:
        raise Problem(f"{flag} {pair}: write FIELD=…, such as {example}")
    return field.strip(), value


def describe(mapping: Mapping, *reading: object) -> str:
    """A digest of the mapping and of how the file is read, the same for the same."""
    shown = {
        "reading": [str(one) for one in reading],
        "columns": {named(field): column for field, column in mapping.columns.items()},
        "constants": {named(field): str(value) for field, value in mapping.constants.items()},
        "nulls": sorted(mapping.nulls),
        "time": mapping.time,
        **{name: told for name in ("decimal", "phone_region") if (told := getattr(mapping, name)) is not None},
    }
    return sha256(msgspec.json.encode(shown, order="sorted")).hexdigest()
