"""Unpacking gzip and zstd bodies with the cap held at every step, not after the fact.

A few kilobytes can claim to be gigabytes. Both decoders are fed in pieces small enough, or told to stop early enough,
that no step can yield more than `_STEP` bytes past the cap, whatever the body holds.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import zstandard

from headgate.edge.negotiate import Encoding
from headgate.errors import BodyTooLarge, InvalidEnvelope

#: Bytes that one step may yield.
_STEP = 1024 * 1024
#: A zstd block of 4 bytes can stand for 128 KiB: so many packed bytes stand for 8 MiB at most.
_ZSTD_PIECE = 256
#: Packed bytes fed to gzip at a time; what is left of them after a member's end is copied.
_GZIP_PIECE = 16 * 1024
#: The window that every zstd decoder is asked to support, in bytes; a larger one is a way to make us allocate.
_ZSTD_WINDOW = 8 * 1024 * 1024
#: gzip members or zstd frames in one body; no sender needs more, and each costs a fresh decoder.
_PARTS = 256
_GZIP = zlib.MAX_WBITS | 16

_zstd = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)


def decode(packed: bytes, encoding: Encoding, cap: int) -> bytes:
    """Unpack a whole body.

    Raises `BodyTooLarge` as soon as more than `cap` bytes come out, `InvalidEnvelope` when the body is not what its
    encoding says, stops short, or goes on after its end.
    """
    pieces: list[bytes] = []
    size = 0
    try:
        for piece in _gunzip(packed) if encoding == "gzip" else _unzstd(packed):
            size += len(piece)
            if size > cap:
                raise BodyTooLarge(
                    f"The body is over the limit of {cap} bytes once unpacked. Send fewer events a request."
                )
            pieces.append(piece)
    except (zlib.error, zstandard.ZstdError):
        raise InvalidEnvelope(f"the body is not valid {encoding}") from None
    return b"".join(pieces)


def _gunzip(packed: bytes) -> Iterator[bytes]:
    member = zlib.decompressobj(_GZIP)
    parts = 1
    for at in range(0, len(packed), _GZIP_PIECE):
        fed = packed[at : at + _GZIP_PIECE]
        while fed:
            if member.eof:
                parts = _next_part(parts, "gzip")
                member = zlib.decompressobj(_GZIP)
            yield member.decompress(fed, _STEP)
            fed = member.unused_data if member.eof else member.unconsumed_tail
    while not member.eof and (rest := member.decompress(b"", _STEP)):
        yield rest
    if not member.eof:
        raise InvalidEnvelope("the gzip body stops short")


def _unzstd(packed: bytes) -> Iterator[bytes]:
    frame = _zstd.decompressobj()
    parts = 1
    for at in range(0, len(packed), _ZSTD_PIECE):
        fed = packed[at : at + _ZSTD_PIECE]
        while fed:
            if frame.eof:
                parts = _next_part(parts, "zstd")
                frame = _zstd.decompressobj()
            yield frame.decompress(fed)
            fed = frame.unused_data if frame.eof else b""
    if not frame.eof:
        raise InvalidEnvelope("the zstd body stops short")


def _next_part(parts: int, encoding: Encoding) -> int:
    if parts == _PARTS:
        raise InvalidEnvelope(f"the {encoding} body is made of more than {_PARTS} parts")
    return parts + 1
