"""A row to an event: values to their fields, times to seconds, personal values to digests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from headgate_client._normal import normal_phone
from headgate_client.cli.fields import Path, find_field, is_list, is_number, is_text, look_up, named, put
from headgate_client.cli.mapping import Mapping as Columns
from headgate_client.cli.mapping import match_columns
from headgate_client.cli.problems import Problem
from headgate_client.cli.rows import Row, RowFile
from headgate_client.cli.values import exact, read_list, read_text
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
        self._constants = {path: self._constant(path, value) for path, value in mapping.constants.items()}
        self._normal = normalise.NORMAL_FORMS
        if region := mapping.phone_region:
            self._normal = {**self._normal, "ph": lambda raw: normal_phone(raw, region)}
        self._steps: list[tuple[Path, int, Callable[[Any], Any]]] = []
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
        for path, value in self._constants.items():
            if not _is_there(event, path):
                put(event, path, value)
        if not event.get("event_id"):
            event["event_id"] = f"{self._id}{row.number}"
        user = event.get("user_data")
        if self._hashing and type(user) is dict:
            _hash(user, errors, self._normal)
        return Made(event, errors)

    def _constant(self, path: Path, value: Any) -> Any:
        try:
            return self._reader(path)(value)
        except ValueError as why:
            raise Problem(f"--set {named(path)}={value}: {why}") from None

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
            if read is not read_text or type(value) is not str:
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
                    _put_copy(event, path, value if path == _TIME else _read(self._reader(path), path, value, errors))
        if event.get("event_time") is not None:
            event["event_time"] = _read(self._mapping.read_time, _TIME, event["event_time"], errors)
        if type(event.get("user_data")) is dict:
            # the row is the caller's: what is hashed below must not change it
            event["user_data"] = dict(event["user_data"])
        return event

    def _reader(self, path: Path) -> Callable[[Any], Any]:
        if path == _TIME:
            return self._mapping.read_time
        if is_list(path):
            return read_list
        if is_number(path):
            return self._mapping.read_number
        return read_text if is_text(path) else exact


def _put_copy(event: dict[str, Any], path: Path, value: Any) -> None:
    if len(path) > 1 and type(event.get(str(path[0]))) is dict:
        event[str(path[0])] = dict(event[str(path[0])])
    put(event, path, value)


def _read(read: Callable[[Any], Any], path: Path, value: Any, errors: dict[str, str]) -> Any:
    try:
        return read(value)
    except ValueError as why:
        errors[named(path)] = str(why)
        return None


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


def _hash(user: dict[str, Any], errors: dict[str, str], normal_forms: Mapping[str, Callable[[str], str]]) -> None:
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
            normal = normal_forms[field](value)
        except ValueError as why:
            # not even to be rejected does it leave in the raw
            del user[field]
            errors[f"user_data.{field}"] = str(why)
            continue
        user[field] = normalise.digest(normal)
        hashed = True
    if hashed or is_raw:
        user["is_hashed"] = True
