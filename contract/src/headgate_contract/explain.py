"""The explaining path: one event as any JSON value -> its normal form, or every reason why it has none.

Slower than the typed decode of `validate.py` and wider: aliases, raw values, numeric strings, upper-case digests and
unknown fields end here. The contract is written down once, in the tables of `_FIELDS`, `_USER_DATA`, `_CUSTOM_DATA`
and `_CONTENT`; `validate.py` accepts nothing that this path would not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from headgate_contract import money, normalise, redact
from headgate_contract.vocabulary import (
    ARTICLE_IDENTIFIERS,
    CONTENT_TYPES,
    CURRENCIES,
    DELIVERY_CATEGORIES,
    EVENT_NAMES,
    EVENT_TIME_AHEAD,
    EVENT_TIME_LIMIT,
    EXTENDED_IDENTIFIERS,
    HASHED_FIELDS,
    PURCHASE_TYPES,
    USER_DATA_ALIASES,
    Sufficient,
)

NO_IDENTIFIER = "At least one user identifier is required"
#: errors that one event is told of its `contents`; a list of a million wrong entries has no million reasons
CONTENTS_ERRORS = 100
_INT64 = 2**63

_encode = msgspec.json.Encoder(decimal_format="number").encode

#: reads one value; gives what is kept, raises ValueError with the reason
_Read = Callable[[Any], Any]


class Explained(NamedTuple):
    """What became of one event: `normal` where it was accepted, else `errors`."""

    normal: dict[str, Any]
    #: field path -> reason; empty when the event is accepted
    errors: dict[str, str]


class _Notes:
    """What is found on the way through one event."""

    def __init__(self, now: int) -> None:
        self.now = now
        self.errors: dict[str, str] = {}
        self.unknown: dict[str, str] = {}
        self.hashed: list[str] = []


def explain(sent: Any, *, now: int, identifiers: Sufficient) -> Explained:
    """Read one event against the contract.

    `sent` is the decoded JSON value with its fractions as `Decimal`; `now` is in seconds since 1970, UTC.
    """
    if not isinstance(sent, dict):
        return Explained({}, {"event": "must be an object"})
    notes = _Notes(now)
    normal = _read_object(sent, "", _FIELDS, notes)
    for field in _REQUIRED:
        if sent.get(field) is None:
            notes.errors[field] = f"{field} is required"
    if (event_time := normal.get("event_time")) is not None and event_time > now + EVENT_TIME_AHEAD:
        notes.errors["event_time"] = "lies more than 1 hour in the future; send seconds since 1970 in UTC"
    if sent.get("user_data") is None and identifiers == "none":
        normal["user_data"] = {}
    elif sent.get("user_data") is None:
        notes.errors["user_data"] = NO_IDENTIFIER
    elif isinstance(sent["user_data"], dict):
        normal["user_data"] = _read_user_data(sent["user_data"], identifiers, notes)
    else:
        notes.errors["user_data"] = "must be an object"
    if isinstance(custom := sent.get("custom_data"), dict):
        normal["custom_data"] = _read_custom_data(custom, notes)
    elif custom is not None:
        notes.errors["custom_data"] = "must be an object"
    if "opt_out" in sent:
        try:
            normal["opt_out"] = _opt_out(sent["opt_out"])
        except ValueError as why:
            notes.errors["opt_out"] = str(why)
    if notes.unknown:
        normal["unknown"] = notes.unknown
    if notes.hashed:
        normal["hashed_on_receipt"] = notes.hashed
    return Explained(normal, notes.errors)


def _read_object(
    sent: Mapping[str, Any], path: str, fields: Mapping[str, _Read | None], notes: _Notes
) -> dict[str, Any]:
    """Read the fields of one object; null is absent. A field whose reader is None is read elsewhere."""
    normal = {}
    for field, value in sent.items():
        if field not in fields:
            where = redact.scrub(f"{path}{field}")
            notes.unknown[where] = _encode(redact.unknown_value(field, value)).decode()
        elif (read := fields[field]) is not None and value is not None:
            try:
                kept = read(value)
            except ValueError as why:
                notes.errors[f"{path}{field}"] = str(why)
            else:
                normal[field] = _kept(field, kept)
    return normal


def _kept(field: str, value: Any) -> Any:
    """Text without addresses; what will be hashed stays whole until then."""
    return redact.scrub_field(field, value) if isinstance(value, str) and field not in HASHED_FIELDS else value


def _read_user_data(sent: Mapping[str, Any], identifiers: Sufficient, notes: _Notes) -> dict[str, Any]:
    path = "user_data."
    normal = _read_object(sent, path, _USER_DATA, notes)
    for alias, field in USER_DATA_ALIASES.items():
        # the contract's own spelling wins where both carry a value
        if sent.get(alias) not in (None, "") and sent.get(field) in (None, ""):
            _read_alias(alias, field, sent[alias], normal, notes)
    is_hashed = normal.get("is_hashed")
    for field in HASHED_FIELDS:
        if (value := normal.pop(field, None)) not in (None, ""):
            # the error belongs to the field as the sender spelt it
            spelt = field if sent.get(field) not in (None, "") else _SPELT[field]
            _read_hashed(field, value, is_hashed, normal, notes, f"user_data.{spelt}")
    if notes.hashed:
        normal["is_hashed"] = True
    _require_identifier(sent, identifiers, notes)
    return normal


def _read_alias(alias: str, field: str, value: Any, normal: dict[str, Any], notes: _Notes) -> None:
    try:
        normal[field] = _kept(field, _string(value))
    except ValueError as why:
        notes.errors[f"user_data.{alias}"] = str(why)


def _read_hashed(
    field: str, value: str, is_hashed: bool | None, normal: dict[str, Any], notes: _Notes, path: str
) -> None:
    """Keep a digest in lower case; normalise and hash a raw value. What `is_hashed` says wins (decision 8)."""
    if is_hashed is not False and normalise.is_digest(value):
        normal[field] = value.lower()
        return
    if is_hashed:
        notes.errors[path] = (
            "must be a SHA-256 digest of 64 hexadecimal digits when is_hashed is true; "
            "to send raw values, set is_hashed to false"
        )
        return
    try:
        normal_form = normalise.NORMAL_FORMS[field](value)
    except ValueError as why:
        notes.errors[path] = str(why)
        return
    if not normal_form:
        # nothing but white space is as absent as an empty string; its digest would match everybody's
        return
    normal[field] = normalise.digest(normal_form)
    if field == "ph":
        normal["ph_e164"] = normalise.digest(normalise.e164(value))
    notes.hashed.append(field)


def _require_identifier(sent: Mapping[str, Any], identifiers: Sufficient, notes: _Notes) -> None:
    """One non-empty identifier must be there (decision 1); one that is there but unreadable has its own error."""

    def has(fields: tuple[str, ...]) -> bool:
        return any(sent.get(field) not in (None, "") for field in (*fields, *USER_DATA_ALIASES))

    if identifiers == "none" or has(EXTENDED_IDENTIFIERS if identifiers == "extended" else ARTICLE_IDENTIFIERS):
        return
    if has(EXTENDED_IDENTIFIERS):
        notes.errors["user_data"] = (
            f"{NO_IDENTIFIER}: this event group takes em, aGA, aID, aDX, aGI or aRI. "
            "ph and client_ip_address are enough once the group's identifiers setting is 'extended'"
        )
    else:
        notes.errors["user_data"] = NO_IDENTIFIER


def _read_custom_data(sent: Mapping[str, Any], notes: _Notes) -> dict[str, Any]:
    path = "custom_data."
    normal = _read_object(sent, path, _CUSTOM_DATA, notes)
    contents = sent.get("contents")
    if isinstance(contents, list):
        normal["contents"] = _read_contents(contents, f"{path}contents", notes)
    elif contents is not None:
        notes.errors[f"{path}contents"] = "must be a list of objects"
    return normal


def _read_contents(sent: list[Any], path: str, notes: _Notes) -> list[dict[str, Any]]:
    normal = []
    before = len(notes.errors)
    for i, content in enumerate(sent):
        if len(notes.errors) - before >= CONTENTS_ERRORS:
            notes.errors[path] = f"has too many errors to list; entries from {i} on were not read"
            break
        normal.append(_read_content(content, f"{path}[{i}]", notes))
    return normal


def _read_content(sent: Any, path: str, notes: _Notes) -> dict[str, Any]:
    if not isinstance(sent, dict):
        notes.errors[path] = "must be an object"
        return {}
    normal = _read_object(sent, f"{path}.", _CONTENT, notes)
    for field in ("id", "quantity", "price"):
        if sent.get(field) is None:
            notes.errors[f"{path}.{field}"] = f"{field} is required"
    return normal


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a string")  # noqa: TRY004 - the reason of an event's error, not a bug
    return value


def _id(value: Any) -> str | int:
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and -_INT64 <= value < _INT64:
        return value
    raise ValueError("must be a string or an integer of 64 bits")


def _ids(value: Any) -> list[str | int]:
    if not isinstance(value, list):
        raise ValueError("must be a list of strings or integers")  # noqa: TRY004 - the reason of an event's error
    return [redact.scrub_field("content_ids", kept) if isinstance(kept := _id(item), str) else kept for item in value]


def _one_of(allowed: tuple[str, ...], cure: str) -> _Read:
    def read(value: Any) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise ValueError(cure)
        return value

    return read


def _event_name(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a string")  # noqa: TRY004 - the reason of an event's error, not a bug
    if value not in EVENT_NAMES:
        raise ValueError(f"Invalid event name: {value}. Event name must be one of the supported values.")
    return value


def _event_time(value: Any) -> int:
    try:
        read = money.number(value)
    except ValueError:
        raise ValueError("must be an integer: seconds since 1970 in UTC") from None
    if read >= EVENT_TIME_LIMIT:
        raise ValueError("looks like milliseconds or finer; send seconds since 1970 in UTC")
    if read < 0 or read != read.to_integral_value():
        raise ValueError("must be a whole number of seconds since 1970 in UTC, not negative")
    return int(read)


def _opt_out(value: Any) -> str | bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower()
    raise ValueError('must be "true" or "false"')


def _is_hashed(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise ValueError("must be true or false")


_SPELT = {field: alias for alias, field in USER_DATA_ALIASES.items()}
_delivery_category = _one_of(DELIVERY_CATEGORIES, "must be one of in_store, curbside, home_delivery")

_REQUIRED = ("event_name", "event_type", "event_time")
_FIELDS: dict[str, _Read | None] = {
    "event_id": _string,
    "event_name": _event_name,
    "event_source": _string,
    "event_source_url": _string,
    "event_time": _event_time,
    "event_type": _one_of(("conversion",), 'must be "conversion"'),
    "referrer_url": _string,
    "user_data": None,
    "custom_data": None,
    "opt_out": None,
    "partner_name": _string,
}
_USER_DATA: dict[str, _Read | None] = {
    "is_hashed": _is_hashed,
    **dict.fromkeys(HASHED_FIELDS, _string),
    **dict.fromkeys(
        (
            "ct",
            "st",
            "zp",
            "country",
            "external_id",
            "client_ip_address",
            "client_user_agent",
            "subscription_id",
            "aGA",
            "aID",
            "aDX",
            "aGI",
            "aRI",
            "aFC",
        ),
        _string,
    ),
    **dict.fromkeys(USER_DATA_ALIASES),
}
_CONTENT: dict[str, _Read | None] = {
    "id": _id,
    "quantity": money.count,
    "price": money.money,
    "delivery_category": _delivery_category,
}
_CUSTOM_DATA: dict[str, _Read | None] = {
    **dict.fromkeys(("content_category", "content_name", "search_string", "status", "order_id"), _string),
    **dict.fromkeys(("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"), _string),
    "content_ids": _ids,
    "content_type": _one_of(CONTENT_TYPES, "must be product or product_group"),
    "contents": None,
    "currency": _one_of(CURRENCIES, "must be one of the supported currency codes, in capitals, such as USD"),
    "num_items": money.whole_count,
    "predicted_ltv": money.money,
    "value": money.money,
    "purchase_type": _one_of(PURCHASE_TYPES, "must be first_time_purchase or repeat_purchase"),
    "delivery_category": _delivery_category,
}
