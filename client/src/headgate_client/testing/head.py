"""What the headers of a request say about its body, and the body without its packing."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import msgspec

from headgate_client.testing.exchange import Refused

_GZIP = 16 + zlib.MAX_WBITS
_ZSTD_WINDOW = 8 * 1024 * 1024
_CHARSETS = ("", "utf-8", "utf8", "us-ascii")
#: media ranges that take JSON, the more exact the higher
_EXACTNESS = {"*/*": 0, "application/*": 1, "application/json": 2}
_UNPACKED = " once unpacked"
UNSUPPORTED = "Content-Type must be application/json; Content-Encoding, if any, gzip or zstd."
NOT_ACCEPTABLE = "Answers are JSON: let Accept include application/json, or leave it out."


def require_json(content_types: Sequence[str], accepts: Sequence[str]) -> None:
    """Raise `Refused` unless the body is said to be JSON and the answer may be JSON."""
    if len(content_types) != 1 or not _is_json(content_types[0]):
        raise Refused(415, UNSUPPORTED)
    if accepts and not _takes_json(",".join(accepts)):
        raise Refused(406, NOT_ACCEPTABLE)


def unpacked(packed: bytes, encodings: Sequence[str], limit: int) -> bytes:
    """The body. Raises `Refused` for an unknown or broken encoding, and over the limit in bytes."""
    names = [name for value in encodings for part in value.split(",") if (name := _word(part)) not in ("", "identity")]
    if len(names) > 1 or any(name not in ("gzip", "x-gzip", "zstd") for name in names):
        raise Refused(415, UNSUPPORTED)
    if len(packed) > limit:
        raise _too_large(limit)
    if not names:
        return packed
    return _unzstd(packed, limit) if names[0] == "zstd" else _gunzip(packed, limit)


def _gunzip(packed: bytes, limit: int) -> bytes:
    body = b""
    try:
        while True:
            member = zlib.decompressobj(_GZIP)
            body += member.decompress(packed, limit - len(body) + 1)
            if len(body) > limit:
                raise _too_large(limit, _UNPACKED)
            if not member.eof:
                raise _broken("the gzip body stops short")
            packed = member.unused_data
            if not packed:
                return body
    except zlib.error:
        raise _broken("the body is not valid gzip") from None


def _unzstd(packed: bytes, limit: int) -> bytes:
    import zstandard  # noqa: PLC0415 - only who sends zstd needs it

    body = b""
    try:
        while True:
            frame = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()
            body += frame.decompress(packed)
            if len(body) > limit:
                raise _too_large(limit, _UNPACKED)
            if not frame.eof:
                raise _broken("the zstd body stops short")
            packed = frame.unused_data
            if not packed:
                return body
    except zstandard.ZstdError:
        raise _broken("the body is not valid zstd") from None


def _too_large(limit: int, once: str = "") -> Refused:
    return Refused(413, f"The body is over the limit of {limit} bytes{once}. Send fewer events a request.")


def _broken(why: str) -> Refused:
    return Refused(400, why)


def _is_json(content_type: str) -> bool:
    kind, _, rest = content_type.partition(";")
    name = _word(kind)
    if name != "application/json" and not (name.startswith("application/") and name.endswith("+json")):
        return False
    return _parameters(rest).get("charset", "") in _CHARSETS


def _takes_json(accept: str) -> bool:
    weights: dict[int, float] = {}
    listed = False
    for part in accept.split(","):
        kind, _, rest = part.partition(";")
        listed = listed or bool(kind.strip())
        if (exactness := _EXACTNESS.get(_word(kind))) is not None:
            weights[exactness] = max(weights.get(exactness, 0.0), _weight(_parameters(rest).get("q", "1")))
    return not listed or (bool(weights) and weights[max(weights)] > 0)


def _weight(text: str) -> float:
    try:
        return msgspec.convert(text, float, strict=False)
    except msgspec.ValidationError:
        return 1.0


def _parameters(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(";"))
    return {_word(name): _word(value).strip('"') for name, _, value in pairs}


def _word(raw: str) -> str:
    return raw.strip().lower()
