"""A row's blob: receipts as msgpack, compressed where that pays, sealed with a checksum.

Byte 0 is the format, byte 1 says whether the body is compressed, bytes 2 to 9 are the XXH3 of the body (seeded with the
first two bytes, so that those are sealed as well), the rest is the body. SQLite keeps no checksum of its pages, and a
zstd frame keeps none of its own header: the seal is over everything, and is looked at before anything else is.
"""

from __future__ import annotations

import threading

import msgspec
import xxhash
import zstandard

from headgate.errors import LogCorrupt
from headgate_contract.event import Receipt

FORMAT = 1
_PLAIN = 0
_ZSTD = 1
_HEAD = 10

#: Level 1 costs 0.2 µs an event more than level -1 and halves what is written, which gives the time back.
LEVEL = 1
#: Bodies below this, in bytes, hardly shrink.
WORTH_COMPRESSING = 512

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Receipt]).decode


class _Codec(threading.local):
    """A compressor and decompressor of each thread's own: zstandard allows no sharing."""

    def __init__(self) -> None:
        self.compress = zstandard.ZstdCompressor(level=LEVEL, write_checksum=False).compress
        self.decompress = zstandard.ZstdDecompressor().decompress


_codec = _Codec()


def encode(receipts: list[Receipt]) -> bytes:
    """Receipts -> blob."""
    plain = _encode(receipts)
    if len(plain) >= WORTH_COMPRESSING:
        packed = _codec.compress(plain)
        if len(packed) < len(plain):
            return _sealed(_ZSTD, packed)
    return _sealed(_PLAIN, plain)


def decode(blob: bytes) -> list[Receipt]:
    """Blob -> receipts. Raises `LogCorrupt` for anything that `encode` did not make."""
    if len(blob) < _HEAD:
        raise LogCorrupt(f"a row of {len(blob)} bytes is too short to be one")
    if blob[0] != FORMAT:
        raise LogCorrupt(f"a row has format {blob[0]}, this version reads format {FORMAT}")
    body = blob[_HEAD:]
    if blob[2:_HEAD] != _seal(blob[1], body):
        raise LogCorrupt("a row does not match its checksum")
    try:
        return _decode(_codec.decompress(body, allow_extra_data=False) if blob[1] == _ZSTD else body)
    except (ValueError, zstandard.ZstdError, msgspec.MsgspecError) as error:
        raise LogCorrupt(f"a row does not read back: {error}") from error


def weight(receipt: Receipt) -> int:
    """About how many bytes a receipt takes before compression: cheap, for bounding what waits in memory."""
    size = len(receipt.events) + 256
    for rejection in receipt.rejections:
        size += len(rejection.event) + 64 + 64 * len(rejection.errors)
    return size


def _sealed(codec: int, body: bytes) -> bytes:
    return bytes((FORMAT, codec)) + _seal(codec, body) + body


def _seal(codec: int, body: bytes) -> bytes:
    return xxhash.xxh3_64_digest(body, seed=FORMAT << 8 | codec)
