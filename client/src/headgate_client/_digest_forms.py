"""What a value in a digest's place looks like: other hashes, other spellings, digests of nothing."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

from headgate_contract.normalise import NORMAL_FORMS, digest, is_digest

_HEX = re.compile(r"[0-9a-fA-F]+")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]+={0,2}")
_DIGEST_BYTES = 32
#: hexadecimal digits -> what hash has so many
_HASHES = {32: "MD5", 40: "SHA-1", 56: "SHA-224", 96: "SHA-384", 128: "SHA-512"}
_PLACEHOLDERS = (
    "null", "undefined", "none", "nil", "nan", "n/a", "na", "0", "-", " ", "true", "false", "unknown", "test",
    "[object object]", "string", "email", "phone", "0000-00-00", "test@test.com", "test@example.com",
)  # fmt: skip
_SPELLINGS = ("null", "undefined", "none", "nil", "nan", "n/a", "na", "true", "false", "unknown", "test")
#: SHA-256 of nothing at all
EMPTY = digest("")
#: digest -> the placeholder that it is of
PLACEHOLDER_DIGESTS = {
    digest(text): text.lower()
    for word in _PLACEHOLDERS
    for text in ({word, word.upper(), word.capitalize()} if word in _SPELLINGS else {word})
} | {digest("NaN"): "nan", digest("[object Object]"): "[object object]"}
#: digests of such digests, in either case
NOTHING_HASHED_TWICE = frozenset(digest(form) for one in (EMPTY, *PLACEHOLDER_DIGESTS) for form in (one, one.upper()))
#: digest -> what was hashed in the place of male, female or unknown
GENDER_DIGESTS = {
    digest(text): text
    for text in ("m", "f", "u", "M", "F", "U", "Male", "Female", "Unknown", "MALE", "FEMALE", "man", "woman", "1", "2")
}
GENDERS = frozenset(map(digest, ("male", "female", "unknown")))


def other_hash(value: str) -> str | None:
    """Which other hash has this length, for a value of hexadecimal digits."""
    return _HASHES.get(len(value)) if _HEX.fullmatch(value) else None


def is_base64_digest(value: str) -> bool:
    """Whether this is a digest in base64: of its 32 bytes, or of its hexadecimal digits."""
    if not _BASE64.fullmatch(value) or is_digest(value):
        return False
    try:
        decoded = base64.b64decode(
            value.rstrip("=") + "=" * (-len(value.rstrip("=")) % 4), altchars=b"-_" if set("-_") & set(value) else None
        )
    except (binascii.Error, ValueError):
        return False
    return len(decoded) == _DIGEST_BYTES or (len(decoded) == 2 * _DIGEST_BYTES and is_digest(decoded.decode("latin-1")))


def undecorated(value: str) -> str | None:
    """The digest inside of white space, quotes or a prefix; None where there is none, or nothing around it."""
    bare = value.strip().strip("\"'").lower()
    bare = bare.removeprefix("0x").removeprefix("sha256:").removeprefix("sha-256:").removeprefix("\\x").strip()
    return bare if bare != value.lower() and is_digest(bare) else None


def half_normal(field: str, raw: str) -> Iterator[str]:
    """What is hashed when the value is not normalised, or only by half."""
    yield raw
    yield raw.strip()
    yield raw.lower()
    yield raw.upper()
    yield raw.strip().lower()
    if field == "ph":
        digits = re.sub(r"\D+", "", raw)
        yield from (digits, f"+{digits}", f"+{digits.lstrip('0')}", re.sub(r"\s+", "", raw))
    if field == "db":
        yield re.sub(r"\D+", "", raw)
    if field == "em":
        yield raw.replace(" ", "")


def normal(field: str, raw: str) -> str:
    """The normal form. Raises `ValueError`."""
    return NORMAL_FORMS[field](raw)
