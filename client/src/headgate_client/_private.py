"""Events as they may be written to a disk: match keys by digest, addresses taken out of free text.

The server does the same on receipt, by the same functions, so that it arrives at the same normal form either way.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from headgate_contract import redact
from headgate_contract.event import Content, CustomData, Event, UserData
from headgate_contract.explain import explain
from headgate_contract.money import fraction
from headgate_contract.validate import Rules, is_normal
from headgate_contract.vocabulary import EVENT_TIME_LIMIT, HASHED_FIELDS, USER_DATA_ALIASES

_event_decoder = msgspec.json.Decoder(Event)
_any_decoder = msgspec.json.Decoder(dict[str, Any], float_hook=fraction)
_encode = msgspec.json.Encoder(decimal_format="number").encode
_MATCH_KEYS = frozenset({*HASHED_FIELDS, *USER_DATA_ALIASES, "is_hashed"})
#: whether the time is right is for the server to say
_NO_TIME_IS_LATE = EVENT_TIME_LIMIT
_ANY_IDENTIFIER = Rules("extended")
_KNOWN: dict[str, frozenset[str]] = {
    "": frozenset(Event.__struct_fields__),
    "user_data": frozenset(UserData.__struct_fields__) | frozenset(USER_DATA_ALIASES),
    "custom_data": frozenset(CustomData.__struct_fields__),
    "contents": frozenset(Content.__struct_fields__),
}


class ForDisk(NamedTuple):
    """The event as JSON that may be written down; or the errors of match keys that have no digest."""

    text: bytes
    errors: dict[str, str]


def for_disk(text: bytes) -> ForDisk:
    """Take what is personal out of an event, given as JSON."""
    if _is_private(text):
        return ForDisk(text, {})
    try:
        sent = _any_decoder.decode(text)
        normal, errors = explain(sent, now=_NO_TIME_IS_LATE, identifiers="extended")
        if fatal := _unreadable(sent, errors):
            return ForDisk(b"", fatal)
        kept = _object(sent, "")
        if isinstance(sent.get("user_data"), Mapping):
            kept["user_data"] = _identity(sent["user_data"], normal.get("user_data", {}))
        return ForDisk(_encode(kept), {})
    except RecursionError:
        return ForDisk(b"", {"event": "is nested too deeply"})


def _unreadable(sent: Mapping[str, Any], errors: Mapping[str, str]) -> dict[str, str]:
    """The errors for which a server will reject the event, and for which nobody can say what in it is personal."""
    if not isinstance(sent.get("user_data", {}), Mapping):
        return {"user_data": "must be an object"}
    return {path: reason for path, reason in errors.items() if path.removeprefix("user_data.") in _MATCH_KEYS}


def _is_private(text: bytes) -> bool:
    """Whether the event is in normal form, which holds nothing in the raw."""
    try:
        event = _event_decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return is_normal((event,), _NO_TIME_IS_LATE, _ANY_IDENTIFIER) and not redact.may_hold_email(text)


def _identity(sent: Mapping[str, Any], normal: Mapping[str, Any]) -> dict[str, Any]:
    kept = _object({field: value for field, value in sent.items() if field not in _MATCH_KEYS}, "user_data")
    return {**kept, **{field: normal[field] for field in (*HASHED_FIELDS, "aID", "is_hashed") if field in normal}}


def _object(sent: Mapping[str, Any], of: str) -> dict[str, Any]:
    known = _KNOWN[of]
    return {
        redact.scrub(field): _known(field, value) if field in known else redact.unknown_value(field, value)
        for field, value in sent.items()
        if field != "user_data"
    }


def _known(field: str, value: Any) -> Any:
    if field in _KNOWN and not isinstance(value, list):
        return _object(value, field) if isinstance(value, Mapping) else redact.unknown_value(field, value)
    if isinstance(value, str):
        return redact.scrub_field(field, value)
    if isinstance(value, list):
        return [_known(field, item) for item in value]
    if isinstance(value, Mapping):
        return redact.unknown_value(field, value)
    if isinstance(value, Decimal) and not value.is_finite():
        return str(value)
    return value
