"""Reading the headers that say what a body is and what the sender takes (decisions 20 and 22)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Literal

from headgate.errors import NotAcceptable, UnsupportedMediaType

Encoding = Literal["gzip", "zstd"]

_ENCODINGS: dict[str, Encoding] = {"gzip": "gzip", "x-gzip": "gzip", "zstd": "zstd"}
_CHARSETS = ("", "utf-8", "utf8", "us-ascii")
#: media ranges that take JSON, the more exact the higher
_EXACTNESS = {"application/json": 2, "application/*": 1, "*/*": 0}


def require_json(content_types: list[bytes], accepts: list[bytes]) -> None:
    """Raise unless the body is said to be JSON and the answer may be JSON.

    Takes the values of all `Content-Type` and all `Accept` headers. Raises `UnsupportedMediaType` or `NotAcceptable`.
    """
    if len(content_types) != 1 or not _is_json(content_types[0]):
        raise UnsupportedMediaType
    if accepts and not _takes_json(b",".join(accepts)):
        raise NotAcceptable


def require_page_body(content_types: list[bytes]) -> None:
    """Raise `UnsupportedMediaType` unless the body may be JSON of a page.

    A page that sends JSON as plain text need not ask for leave first (CORS), which matters when it is being left.
    """
    if len(content_types) > 1 or (content_types and not _is_page_body(content_types[0])):
        raise UnsupportedMediaType("Content-Type must be application/json or text/plain.")


def content_encoding(values: Iterable[bytes]) -> Encoding | None:
    """How the body is packed, from all `Content-Encoding` headers.

    Raises `UnsupportedMediaType` for an encoding that we do not read, and for more than one.
    """
    packed = [name for value in values for part in value.split(b",") if (name := _word(part)) not in ("", "identity")]
    if not packed:
        return None
    if len(packed) > 1 or packed[0] not in _ENCODINGS:
        raise UnsupportedMediaType
    return _ENCODINGS[packed[0]]


# Senders use the same few values all day; the bound keeps an inventive one from filling memory.
@lru_cache(maxsize=64)
def _is_json(content_type: bytes) -> bool:
    kind, _, rest = content_type.partition(b";")
    name = _word(kind)
    if name != "application/json" and not (name.startswith("application/") and name.endswith("+json")):
        return False
    return _parameters(rest).get("charset", "") in _CHARSETS


@lru_cache(maxsize=64)
def _is_page_body(content_type: bytes) -> bool:
    kind, _, rest = content_type.partition(b";")
    return _is_json(content_type) or (_word(kind) == "text/plain" and _parameters(rest).get("charset", "") in _CHARSETS)


@lru_cache(maxsize=64)
def _takes_json(accept: bytes) -> bool:
    """Whether the most exact range that covers JSON has a weight above zero."""
    weights: dict[int, float] = {}
    listed = False
    for part in accept.split(b","):
        kind, _, rest = part.partition(b";")
        listed = listed or bool(kind.strip())
        if (exactness := _EXACTNESS.get(_word(kind))) is not None:
            weights[exactness] = max(weights.get(exactness, 0.0), _weight(_parameters(rest).get("q", "1")))
    return not listed or (bool(weights) and weights[max(weights)] > 0)


def _weight(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 1.0


def _parameters(text: bytes) -> dict[str, str]:
    pairs = (part.partition(b"=") for part in text.split(b";"))
    return {_word(name): _word(value).strip('"') for name, _, value in pairs}


def _word(raw: bytes) -> str:
    return raw.decode("latin-1").strip().lower()
