"""Raw personal values to their normal form and SHA-256 digest (decision 9).

Every function takes the value as the sender wrote it and returns the normal form, or raises `ValueError` with the
reason and the cure, which become the event's error. What comes out of `digest` is all that is ever kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from hashlib import sha256

from headgate_contract.vocabulary import GENDERS

_HEX64 = re.compile(r"[0-9a-fA-F]{64}")
_NO_DIGIT = re.compile(r"\D+")
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def digest(normal: str) -> str:
    """SHA-256 of the UTF-8 bytes, as 64 lower-case hexadecimal digits."""
    return sha256(normal.encode()).hexdigest()


def is_digest(value: str) -> bool:
    """Whether this reads as a SHA-256 digest, in either case."""
    return _HEX64.fullmatch(value) is not None


def email(raw: str) -> str:
    """Lower case, trimmed, without the `+alias` before the @."""
    local, at, domain = raw.strip().lower().rpartition("@")
    mailbox = local.partition("+")[0]
    # nothing before the alias would be one and the same key for everybody of that domain
    if not at or not mailbox or not domain or "@" in local:
        raise ValueError("is neither an e-mail address nor a SHA-256 digest (64 hexadecimal digits)")
    return f"{mailbox}@{domain}"


def phone(raw: str) -> str:
    """Digits only, without leading zeros."""
    digits = _NO_DIGIT.sub("", raw)
    if not digits.isascii():
        digits = digits.translate({ord(digit): str(int(digit)) for digit in set(digits)})
    digits = digits.lstrip("0")
    if not digits:
        raise ValueError("is neither a phone number nor a SHA-256 digest (64 hexadecimal digits)")
    return digits


def e164(raw: str) -> str:
    """The phone number with a plus before it: the form that other senders hash."""
    return f"+{phone(raw)}"


def name(raw: str) -> str:
    """Lower case, trimmed."""
    return raw.strip().lower()


def gender(raw: str) -> str:
    """One of male, female, unknown."""
    normal = raw.strip().lower()
    if normal not in GENDERS:
        raise ValueError("must be male, female or unknown, or the SHA-256 digest of one of them")
    return normal


def birthday(raw: str) -> str:
    """A date of the calendar as yyyy-mm-dd."""
    normal = raw.strip()
    with suppress(ValueError):
        # fromisoformat alone would take 20200131 and 2020-W05-5 too
        if _ISO_DATE.fullmatch(normal):
            return date.fromisoformat(normal).isoformat()
    raise ValueError("must be a date as yyyy-mm-dd, or the SHA-256 digest of one")


#: `user_data` field -> how its raw value becomes normal
NORMAL_FORMS: dict[str, Callable[[str], str]] = {
    "em": email,
    "ph": phone,
    "fn": name,
    "ln": name,
    "ge": gender,
    "db": birthday,
}
