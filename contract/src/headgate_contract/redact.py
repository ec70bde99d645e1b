"""Taking personal data out of what is kept (decision 8): addresses in free text, and rejected events whole.

Known match keys are hashed in `explain.py`. Here is the rest: e-mail addresses that end up in URLs, ids and search
strings, query parameters and unknown fields whose name says whom they are about, and the copies of rejected events.

Every pattern here reads its text once: a run of characters, once matched, is never tried again from its middle.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

import msgspec

from headgate_contract import normalise

#: what cannot be part of an address: white space, quotes, brackets and the separators of a URL; plain or
#: percent-encoded, however often
_ENCODED_BREAK = r"(?:25)*+(?:0[9AD]|2[0236789CF]|3[A-F]|5[BCD]|7C)"
_RUN = re.compile(
    rf"(?P<break>%{_ENCODED_BREAK})|(?:[^\s%\"'<>()\[\]/?&=#,:;|\\]++|%(?!{_ENCODED_BREAK}))++",
    re.IGNORECASE,
)
#: an at sign with something before it and a dotted name after it
_ADDRESS = re.compile(r".(?:@|%(?:25)*+40)[\w-]++(?:\.|%(?:25)*+2E)\w", re.IGNORECASE)
_AT_SIGNS = ("@", "%40", "%2540")
_PHONE_DIGITS = 7
_PHONE = re.compile(r"\+?[(]?\d[\d\s().-]{6,}\d")
_PHONE_RUN = re.compile(r"(?<![\w.-])\+?[(]?\d[\d\s().-]*+")
_PERSONAL_NAME = re.compile(
    r"mail|phone|mobile|msisdn|(?:first|last|full|sur|given|family)[_ .-]?name|^[fl][_-]?name$|^name$"
    r"|address|street|birth|(?:^|_)dob(?:$|_)|ssn|passport|^(?:em|ph|fn|ln|db|tel|cell)$",
    re.IGNORECASE,
)
_PARAMETER = re.compile(r"(?<=[?&#;])([^=?&#;]*)=([^?&#;]*)")
_PARAMETER_NAMES = re.compile(r"[?&#;]([^=?&#;]*)=")
#: fields whose equality matters: an address inside becomes its digest, so that equal ids stay equal
ID_FIELDS = frozenset(
    {"event_id", "order_id", "external_id", "subscription_id", "aGA", "aID", "aDX", "aGI", "aRI", "aFC"}
)
URL_FIELDS = frozenset({"event_source_url", "referrer_url"})
#: a rejected event is kept up to this many characters of JSON
EVENT_TEXT_LIMIT = 4096
_TEXT_LIMIT = 256
_ITEMS_LIMIT = 20
_DEPTH_LIMIT = 6
_PLAIN_USER_DATA = frozenset({"is_hashed", "country"})
_encode = msgspec.json.Encoder(decimal_format="number").encode


def may_hold_email(text: bytes) -> bool:
    """Whether the JSON text is worth a closer look. One byte is found at memory speed, more are not."""
    return b"@" in text or (b"%" in text and (b"%40" in text or b"%2540" in text))


def scrub(text: str) -> str:
    """The text without e-mail addresses."""
    if not any(sign in text for sign in _AT_SIGNS):
        return text
    return _RUN.sub(lambda run: "[e-mail removed]" if _is_address(run) else run[0], text)


def identifier(value: str) -> str:
    """An id in which every e-mail address is replaced by its digest. An id without one is returned as it is."""
    if not any(sign in value for sign in _AT_SIGNS):
        return value
    if len(value) > _TEXT_LIMIT:
        # no id that anybody made; a digest for each of a million addresses would cost seconds
        return value if scrub(value) == value else normalise.digest(value)
    return _RUN.sub(lambda run: _address_digest(run[0]) if _is_address(run) else run[0], value)


def _is_address(run: re.Match[str]) -> bool:
    return run["break"] is None and _ADDRESS.search(run[0]) is not None


def _address_digest(address: str) -> str:
    for _ in _AT_SIGNS:
        address = unquote(address)
    try:
        return normalise.digest(normalise.email(address))
    except ValueError:
        return normalise.digest(normalise.name(address))


def _is_personal(name: str) -> bool:
    """Whether a field or parameter says by its name that it is about a person. No name goes on for longer than this."""
    return _PERSONAL_NAME.search(name[:_TEXT_LIMIT]) is not None


def url(value: str) -> str:
    """A URL whose query says nothing of a person: parameters such as `phone` or `first_name` lose their value."""
    if "=" not in value:
        return value
    return _PARAMETER.sub(
        lambda found: f"{found[1]}=[removed]" if found[2] and _is_personal(found[1]) else found[0], value
    )


def are_plain_urls(values: Sequence[str]) -> bool:
    """Whether `url` would leave every one of them as it is. One quick look at all settles most batches."""
    joined = "\n".join(values)
    if "=" not in joined:
        return True
    names = set(_PARAMETER_NAMES.findall(joined))
    return not any(map(_is_personal, names)) or all(url(value) == value for value in values)


def scrub_field(field: str, value: str) -> str:
    """A known free-text field as it may be kept."""
    if field in ID_FIELDS:
        return identifier(value)
    return url(scrub(value)) if field in URL_FIELDS else scrub(value)


def unknown_value(field: str, value: Any) -> Any:
    """A field that the contract does not know, as it may be kept: by its digest where it looks personal."""
    return _hidden(value) if _is_personal(field) else _kept(value)


def _hidden(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return value if not value or normalise.is_digest(value) else _digest_of(value)
    if isinstance(value, list) and len(value) <= _ITEMS_LIMIT:
        return [_hidden(item) for item in value]
    return _digest_of(_encode(value).decode() if isinstance(value, dict | list) else str(value))


def _kept(value: Any) -> Any:
    if isinstance(value, str):
        if normalise.is_digest(value):
            return value
        if scrub(value) != value or _PHONE.fullmatch(value.strip()):
            return _digest_of(value)
        return url(value)
    if isinstance(value, dict):
        return {scrub(key): unknown_value(key, item) for key, item in value.items()}
    if isinstance(value, list):
        return [_kept(item) for item in value]
    # a number too large to be one, see `validate.py`; JSON has no word for it
    return str(value) if isinstance(value, Decimal) and not value.is_finite() else value


def _digest_of(value: str) -> str:
    return f"sha256:{normalise.digest(normalise.name(value))}"


def event(sent: object) -> str:
    """A rejected or tested event as JSON text: its shape, its plain fields, and nothing of whom it is about."""
    text = _encode(_masked("", sent, 0) if isinstance(sent, dict) else _described(sent)).decode()
    return text if len(text) <= EVENT_TEXT_LIMIT else _encode({"too long to keep": len(text)}).decode()


def _masked(field: str, value: Any, depth: int) -> Any:
    if _is_personal(field) or (field == "user_data" and not isinstance(value, dict)):
        return _described(value)
    if isinstance(value, dict):
        if depth == _DEPTH_LIMIT:
            return "[deeper]"
        mask = _masked_user_field if field == "user_data" else _masked
        return {
            text(str(key)): mask(str(key), item, depth + 1) for key, item in list(value.items())[: _ITEMS_LIMIT * 3]
        }
    if isinstance(value, list):
        return (
            [_masked(field, item, depth + 1) for item in value[:_ITEMS_LIMIT]] if depth < _DEPTH_LIMIT else "[deeper]"
        )
    if isinstance(value, str):
        shown = url(value)
        return text(shown.partition("?")[0] if field.lower().endswith("_url") else shown)
    return _kept(value)


def _masked_user_field(field: str, value: Any, _depth: int) -> Any:
    return text(value) if field in _PLAIN_USER_DATA and isinstance(value, str) else _described(value)


def _described(value: object) -> Any:
    """What may be said of a personal value: its kind, and how long it is."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return length_of(value)
    return f"[{'object' if isinstance(value, dict) else 'list' if isinstance(value, list) else 'a number'}]"


def length_of(value: str) -> str:
    """What may be said of a personal text: how long it is, and whether it reads as a digest."""
    return "[SHA-256]" if normalise.is_digest(value) else f"[{len(value)} characters]"


def text(value: str) -> str:
    """Free text of a rejected event, short and without addresses or phone numbers."""
    return _PHONE_RUN.sub(_without_number, scrub(value))[:_TEXT_LIMIT]


def _without_number(run: re.Match[str]) -> str:
    """The run of digits and what stands between them, with the number removed if it is as long as one."""
    found = run[0]
    after = run.string[run.end() : run.end() + 1]
    if after.isalnum() or after == "_":
        # the last word of the run is the start of something else, such as a time or an id
        number = found[: max(found.rfind(" "), found.rfind(")"), 0)].rstrip("( .-\t\n")
    else:
        number = found.rstrip("( ).-\t\n")
    is_phone = sum(map(str.isdigit, number)) > _PHONE_DIGITS or _PHONE.fullmatch(number)
    return f"[number removed]{found[len(number) :]}" if is_phone else found
