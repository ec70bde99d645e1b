"""Taking personal data out of what is kept (decision 8): e-mail addresses in free text, and rejected events whole.

Known match keys are hashed in `explain.py`. Here is the rest: addresses that end up in URLs, ids and search strings,
fields that the contract does not know but whose name or value says what they are, and the copies of rejected events.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

import msgspec

from headgate.model import normalise

_EMAIL = re.compile(
    r"[^\s@%\"'<>()/?&=#,:;|\\]+(?:%2B[^\s@%\"'<>()/?&=#,:;|\\]*)*(?:@|%40)[\w-]+(?:\.[\w-]+)+", re.IGNORECASE
)
_PHONE = re.compile(r"(?<![\w.-])\+?[(]?\d[\d\s().-]{6,}\d(?![\w-])")
_PERSONAL_NAME = re.compile(
    r"mail|phone|mobile|msisdn|(first|last|full|sur|given|family)_?name|^name$|address|street|birth|^dob$|ssn|passport",
    re.IGNORECASE,
)
#: fields whose equality matters: an address inside becomes its digest, so that equal ids stay equal
ID_FIELDS = frozenset(
    {"event_id", "order_id", "external_id", "subscription_id", "aGA", "aID", "aDX", "aGI", "aRI", "aFC"}
)
#: a rejected event is kept up to this many characters of JSON
EVENT_TEXT_LIMIT = 4096
_TEXT_LIMIT = 256
_ITEMS_LIMIT = 20
_DEPTH_LIMIT = 6
_PLAIN_USER_DATA = frozenset({"is_hashed", "country"})
_encode = msgspec.json.Encoder(decimal_format="number").encode


def may_hold_email(text: bytes) -> bool:
    """Whether the JSON text is worth a closer look: two scans at memory speed."""
    return b"@" in text or b"%40" in text


def scrub(text: str) -> str:
    """The text without e-mail addresses."""
    if "@" not in text and "%40" not in text:
        return text
    return _EMAIL.sub("[e-mail removed]", text)


def identifier(value: str) -> str:
    """An id in which every e-mail address is replaced by its digest. An id without one is returned as it is."""
    if "@" not in value and "%40" not in value:
        return value
    return _EMAIL.sub(lambda found: normalise.digest(normalise.email(unquote(found[0]))), value)


def scrub_field(field: str, value: str) -> str:
    """A known free-text field as it may be kept."""
    return identifier(value) if field in ID_FIELDS else scrub(value)


def unknown_value(field: str, value: object) -> object:
    """A field that the contract does not know, as it may be kept: by its digest where it looks personal."""
    if isinstance(value, str):
        if normalise.is_digest(value):
            return value
        if _PERSONAL_NAME.search(field) or _EMAIL.search(value) or _PHONE.fullmatch(value.strip()):
            return f"sha256:{normalise.digest(normalise.name(value))}"
        return value
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, dict):
        return {scrub(key): unknown_value(key, item) for key, item in value.items()}
    if isinstance(value, list):
        return [unknown_value(field, item) for item in value]
    return f"sha256:{normalise.digest(str(value))}" if _PERSONAL_NAME.search(field) else value


def event(sent: object) -> str:
    """A rejected or tested event as JSON text: its shape, its plain fields, and nothing of whom it is about."""
    text = _encode(_masked("", sent, 0)).decode()
    return text if len(text) <= EVENT_TEXT_LIMIT else _encode({"too long to keep": len(text)}).decode()


def _masked(field: str, value: Any, depth: int) -> Any:
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
        if _PERSONAL_NAME.search(field):
            return length_of(value)
        return text(value.partition("?")[0] if field.lower().endswith("_url") else value)
    if _PERSONAL_NAME.search(field) and not isinstance(value, bool) and value is not None:
        return "[a number]"
    return value


def _masked_user_field(field: str, value: Any, _depth: int) -> Any:
    if field in _PLAIN_USER_DATA or isinstance(value, bool) or value is None:
        return value if not isinstance(value, str) else text(value)
    if isinstance(value, str):
        return length_of(value)
    return f"[{'object' if isinstance(value, dict) else 'list' if isinstance(value, list) else 'a number'}]"


def length_of(value: str) -> str:
    """What may be said of a personal value: how long it is, and whether it reads as a digest."""
    return "[SHA-256]" if normalise.is_digest(value) else f"[{len(value)} characters]"


def text(value: str) -> str:
    """Free text of a rejected event, short and without addresses or phone numbers."""
    return _PHONE.sub("[number removed]", scrub(value))[:_TEXT_LIMIT]
