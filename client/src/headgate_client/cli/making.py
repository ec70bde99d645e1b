"""A row to an event: values to their fields, times to seconds, personal values to digests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import msgspec

from headgate_client.cli.fields import Path, find_field, is_list, is_text, look_up, put
from headgate_client.cli.mapping import Mapping as Columns
from headgate_client.cli.mapping import match_columns
from headgate_client.cli.rows import Row, RowFile
from headgate_contract import normalise
from headgate_contract.vocabulary import HASHED_FIELDS, USER_DATA_ALIASES

_TIME: Path = ("event_time",)
_ID_DIGITS = 24


class Made(NamedTuple):
    """What a row came to: an event, or the reasons why it is none. The event has no raw personal value any more."""

    event: dict[str, Any]
    #: field path -> reason; empty for an event that can be sent
    errors: dict[str, str]


class EventMaker:
    """Makes events of the rows of one file.

    `fingerprint` goes into the ids of rows that bring none, so that a row sent twice has one id. `hashing`: whether raw
    personal values are hashed here; otherwise the server does it.
    """

    def __init__(self, file: RowFile, mapping: Columns, fingerprint: str, *, hashing: bool = True) -> None:
        self._mapping = mapping
        self._id = f"file-{fingerprint[:_ID_DIGITS]}-"
        self._hashing = hashing
        self._columns = file.columns
        #: columns that go nowhere
        self.ignored: list[str] = []
        self._steps: list[tuple[Path, int, Callable[[Any], Any] | None]] = []
        if file.columns is not None:
            matched, self.ignored = match_columns(mapping, file.columns)
            self._steps = [(path, place, self._reader(path)) for path, place in matched.items()]

    def make(self, row: Row) -> Made:
        """The event of a row."""
        if row.error:
            return Made({}, {"row": row.error})
        errors: dict[str, str] = {}
        event = self._from_object(row.values, errors) if isinstance(row.values, Mapping) else self._from_values(
            row.values, errors
        )  # fmt: skip
        for path, value in self._mapping.constants.items():
            if not _is_there(event, path):
                put(event, path, value)
        if not event.get("event_id"):
            event["event_id"] = f"{self._id}{row.number}"
        user = event.get("user_data")
        if self._hashing and type(user) is dict:
            _hash(user, errors)
        return Made(event, errors)

    def _from_values(self, values: Sequence[Any], errors: dict[str, str]) -> dict[str, Any]:
        event: dict[str, Any] = {}
        nulls = self._mapping.nulls
        for path, place, read in self._steps:
            value = values[place]
            if type(value) is str:
                value = value.strip()
                if not value or value in nulls:
                    continue
            elif value is None or value != value:  # noqa: PLR0124 - NaN, which stands for "nothing" in a column
                continue
            if read is not None and (read is not _read_text or type(value) is not str):
                value = _read(read, path, value, errors)
            put(event, path, value)
        return event

    def _from_object(self, row: Mapping[str, Any], errors: dict[str, str]) -> dict[str, Any]:
        """As it is where nothing was mapped; otherwise what was mapped, and what has a name of the contract."""
        columns = self._mapping.columns
        if not columns:
            event = {**row}
        else:
            used = {column.partition(".")[0] for column in columns.values()}
            event = {name: value for name, value in row.items() if find_field(name) == (name,) and name not in used}
            for name, value in row.items():
                path = find_field(name)
                if path is not None and path != (name,) and name not in used and value is not None:
                    _put_copy(event, path, value)
            for path, column in columns.items():
                value = look_up(row, column)
                if value not in (None, "") and not (isinstance(value, str) and value in self._mapping.nulls):
                    read = self._reader(path) if path != _TIME else None
                    _put_copy(event, path, value if read is None else _read(read, path, value, errors))
        if event.get("event_time") is not None:
            event["event_time"] = _read(self._mapping.read_time, _TIME, event["event_time"], errors)
        if type(event.get("user_data")) is dict:
            # the row is the caller's: what is hashed below must not change it
            event["user_data"] = dict(event["user_data"])
        return event

    def _reader(self, path: Path) -> Callable[[Any], Any] | None:
        if path == _TIME:
            return self._mapping.read_time
        if is_list(path):
            return _read_list
        return _read_text if is_text(path) else None


def _put_copy(event: dict[str, Any], path: Path, value: Any) -> None:
    if len(path) > 1 and type(event.get(str(path[0]))) is dict:
        event[str(path[0])] = dict(event[str(path[0])])
    put(event, path, value)


def _read(read: Callable[[Any], Any], path: Path, value: Any, errors: dict[str, str]) -> Any:
    try:
        return read(value)
    except ValueError as why:
        errors[".".join(map(str, path))] = str(why)
        return None


def _read_text(value: Any) -> Any:
    """A number that stands for a name, such as an order's, or a date: as text."""
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _read_list(value: Any) -> Any:
    """A list as JSON, or as text with a comma, semicolon or bar between its entries."""
    if not isinstance(value, str):
        return value
    if value.startswith("["):
        try:
            return msgspec.json.decode(value)
        except (msgspec.DecodeError, RecursionError):
            raise ValueError("looks like a JSON list and is none") from None
    separator = max(",;|", key=value.count)
    return [entry.strip() for entry in value.split(separator) if entry.strip()]


def _is_there(event: Mapping[str, Any], path: Path) -> bool:
    found: Any = event
    for step in path:
        if isinstance(step, str) and isinstance(found, Mapping):
            found = found.get(step)
        elif isinstance(step, int) and isinstance(found, list) and step < len(found):
            found = found[step]
        else:
            return False
    return found not in (None, "")


def _hash(user: dict[str, Any], errors: dict[str, str]) -> None:
    """Put digests in the place of raw values. What is no text, or a digest already, is for the server to judge."""
    said = user.get("is_hashed")
    if said is True or (isinstance(said, str) and said.lower() == "true"):
        return
    is_raw = said is False or (isinstance(said, str) and said.lower() == "false")
    for alias, field in USER_DATA_ALIASES.items():
        if user.get(alias) and not user.get(field):
            user[field] = user.pop(alias)
    hashed = False
    for field in HASHED_FIELDS:
        value = user.get(field)
        if not isinstance(value, str) or not value.strip():
            continue
        if not is_raw and normalise.is_digest(value):
            hashed = True
            continue
        try:
            normal = normalise.NORMAL_FORMS[field](value)
        except ValueError as why:
            # not even to be rejected does it leave in the raw
            del user[field]
            errors[f"user_data.{field}"] = str(why)
            continue
        user[field] = normalise.digest(normal)
        hashed = True
    if hashed or is_raw:
        user["is_hashed"] = True
