"""The digest lint: digests that will match nobody, or everybody, although the server takes them.

`CHECKS` is the list of what is looked for, in this order; the first that finds something in a field speaks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from headgate_client._digest_forms import (
    EMPTY,
    GENDER_DIGESTS,
    GENDERS,
    NOTHING_HASHED_TWICE,
    PLACEHOLDER_DIGESTS,
    half_normal,
    is_base64_digest,
    normal,
    other_hash,
    undecorated,
)
from headgate_client._finding import Finding, Severity
from headgate_client._outcome import AnyEvent
from headgate_contract.normalise import digest, is_digest
from headgate_contract.vocabulary import HASHED_FIELDS, USER_DATA_ALIASES

_BUILD = "build user_data with headgate_client.user_data(), which normalises and hashes by the contract's rules"
_SKIP = "leave the field out where there is no value"


class Look(NamedTuple):
    """One field of one event."""

    field: str
    value: str
    #: what the event says of its digests; None where it says nothing
    is_hashed: bool | None
    #: the value before it was hashed; None where it is not at hand
    raw: str | None
    #: digests of the event, in lower case
    digests: frozenset[str]


class Told(NamedTuple):
    """What a check says of a field."""

    code: str
    message: str
    cure: str
    severity: Severity = "error"


def _empty_hash(look: Look) -> Told | None:
    if look.value.lower() != EMPTY:
        return None
    return Told("empty-hash", "is the SHA-256 of an empty string, which is the same for everybody", _SKIP)


def _placeholder_hash(look: Look) -> Told | None:
    word = PLACEHOLDER_DIGESTS.get(look.value.lower())
    if word is None or (look.field == "ge" and word == "unknown"):
        return None
    return Told("placeholder-hash", f"is the SHA-256 of {word!r}, which stands for no value", _SKIP)


def _digest_called_raw(look: Look) -> Told | None:
    if look.is_hashed is not False or not is_digest(look.value):
        return None
    return Told(
        "digest-called-raw",
        "is a digest, but is_hashed is false: it would be refused, or hashed once more",
        "set is_hashed to true, or leave it out",
    )


def _hash_of_hash(look: Look) -> Told | None:
    told = Told("hash-of-hash", "is the SHA-256 of a digest", "hash the normalised value once")
    value = look.value.lower()
    if value in NOTHING_HASHED_TWICE:
        return told
    inner = set(look.digests)
    if look.raw is not None:
        inner |= {digest(form) for form in _forms(look.field, look.raw)}
    return told if any(value in (digest(one), digest(one.upper())) for one in inner) else None


def _other_hash(look: Look) -> Told | None:
    name = other_hash(look.value)
    if name is None or (look.field == "ph" and look.value.isdigit()):
        return None
    code = {"MD5": "md5-length", "SHA-1": "sha1-length"}.get(name, "other-hash-length")
    return Told(code, f"has {len(look.value)} hexadecimal digits, as {name} has", "hash with SHA-256: 64 digits")


def _base64(look: Look) -> Told | None:
    if not is_base64_digest(look.value):
        return None
    return Told("base64", "is a digest in base64", "write the 32 bytes as 64 lower-case hexadecimal digits")


def _decorated(look: Look) -> Told | None:
    if undecorated(look.value) is None:
        return None
    return Told("decorated", "is a digest with something around it", "send the 64 hexadecimal digits alone")


def _gender(look: Look) -> Told | None:
    value = look.value.lower()
    if look.field != "ge" or not is_digest(value) or value in GENDERS:
        return None
    if value in GENDER_DIGESTS:
        return Told(
            "unnormalised-hash",
            "is the digest of another word for a gender",
            f"hash one of male, female, unknown; {_BUILD}",
        )
    return Told("unknown-gender", "is the digest of none of male, female, unknown", f"hash one of these; {_BUILD}")


def _against_raw(look: Look) -> Told | None:
    if look.raw is None or not is_digest(look.value):
        return None
    try:
        right = digest(normal(look.field, look.raw))
    except ValueError as why:
        return Told("raw-unreadable", f"was made from a value that {why}", "correct the value at its source")
    value = look.value.lower()
    if value == right:
        return None
    if value in map(digest, half_normal(look.field, look.raw)):
        return Told("unnormalised-hash", "is the digest of a value that was not normalised", _BUILD)
    return Told("digest-mismatch", "is not the digest of the value given", _BUILD)


def _upper_case(look: Look) -> Told | None:
    if not is_digest(look.value) or look.value == look.value.lower():
        return None
    return Told(
        "upper-case", "is a digest with capitals; not everybody lowers them", "write digests in lower case", "warning"
    )


def _raw_value(look: Look) -> Told | None:
    if is_digest(look.value) or look.is_hashed is False:
        return None
    if look.is_hashed:
        return Told("raw-value", "is no digest, but is_hashed is true: the event will be rejected", _BUILD)
    return Told(
        "sent-raw", "is no digest: a raw value leaves your systems, and is hashed on receipt", _BUILD, "warning"
    )


CHECKS: tuple[Callable[[Look], Told | None], ...] = (
    _empty_hash,
    _placeholder_hash,
    _digest_called_raw,
    _hash_of_hash,
    _other_hash,
    _base64,
    _decorated,
    _gender,
    _against_raw,
    _upper_case,
    _raw_value,
)


def lint_event(event: AnyEvent, raw: Mapping[str, str] | None = None) -> list[Finding]:
    """What is wrong with the digests of one event.

    `raw` holds the values that were hashed, by field (`{"em": "Jo@example.com"}`), where they are at hand: then a
    digest of a value that was not normalised is found too. Findings hold no value of the event.
    """
    user = _user_data(event)
    values = _values(user)
    digests = frozenset(value.lower() for value in user.values() if isinstance(value, str) and is_digest(value))
    findings = []
    for field, (spelt, value) in values.items():
        known = None if raw is None else raw.get(field)
        told = _first(Look(field, value, _flag(user.get("is_hashed")), known, digests - {value.lower()}))
        if told is not None:
            findings.append(_finding(f"user_data.{spelt}", told))
    return findings + _same_digests(values)


def _first(look: Look) -> Told | None:
    return next((told for check in CHECKS if (told := check(look)) is not None), None)


def _user_data(event: AnyEvent) -> Mapping[str, Any]:
    user = event.get("user_data") if isinstance(event, Mapping) else event.user_data
    if isinstance(user, msgspec.Struct):
        user = msgspec.to_builtins(user)
    return user if isinstance(user, Mapping) else {}


def _values(user: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Field -> how the event spells it, and its value, of those that carry one."""
    found = {}
    for field in HASHED_FIELDS:
        for spelt in (field, *(alias for alias, meant in USER_DATA_ALIASES.items() if meant == field)):
            value = user.get(spelt)
            if field not in found and isinstance(value, str) and value.strip():
                found[field] = (spelt, value)
    return found


def _flag(told: Any) -> bool | None:
    if isinstance(told, str):
        return {"true": True, "false": False}.get(told.lower())
    return told if isinstance(told, bool) else None


def _forms(field: str, raw: str) -> list[str]:
    forms = list(half_normal(field, raw))
    try:
        return [normal(field, raw), *forms]
    except ValueError:
        return forms


def _same_digests(values: Mapping[str, tuple[str, str]]) -> list[Finding]:
    first: dict[str, str] = {}
    findings = []
    for field, (spelt, value) in values.items():
        if not is_digest(value) or value.lower() in PLACEHOLDER_DIGESTS or value.lower() == EMPTY:
            continue
        other = first.setdefault(value.lower(), field)
        if other != field:
            # people whose first name is their last name do exist
            severity: Severity = "warning" if {field, other} == {"fn", "ln"} else "error"
            told = Told(
                "same-digest",
                f"is the same digest as user_data.{other}",
                "fill each field from its own value",
                severity,
            )
            findings.append(_finding(f"user_data.{spelt}", told))
    return findings


def _finding(field: str, told: Told) -> Finding:
    return Finding(code=told.code, field=field, message=told.message, cure=told.cure, severity=told.severity)
