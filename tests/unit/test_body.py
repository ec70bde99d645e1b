"""Reading bodies: unpacking under a cap, patience, and the memory that all bodies share."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import re
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from headgate.edge.body import BodyReader, Message, SenderGone
from headgate.edge.decode import decode
from headgate.edge.memory import BodyMemory
from headgate.edge.negotiate import Encoding, content_encoding, require_json
from headgate.errors import (
    BodyTooLarge,
    BodyTooSlow,
    InvalidEnvelope,
    NotAcceptable,
    UnsupportedMediaType,
)

MIB = 1024 * 1024
PLAIN = b'{"event_group_id":"shop","events":[]}' * 300
PACK: dict[Encoding, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zstd": zstandard.ZstdCompressor(write_checksum=True).compress,
}
SKIPPABLE_FRAME = b"\x50\x2a\x4d\x18\x04\x00\x00\x00skip"
encodings = pytest.mark.parametrize("encoding", ["gzip", "zstd"])


# Unpacking.


@encodings
def test_a_packed_body_is_unpacked(encoding: Encoding) -> None:
    assert decode(PACK[encoding](PLAIN), encoding, len(PLAIN)) == PLAIN


@encodings
def test_a_body_of_several_members_or_frames_is_one_body(encoding: Encoding) -> None:
    pack = PACK[encoding]
    assert decode(pack(PLAIN) + pack(b"") + pack(b"end"), encoding, MIB) == PLAIN + b"end"


def test_a_zstd_frame_to_be_skipped_is_skipped() -> None:
    assert decode(SKIPPABLE_FRAME + PACK["zstd"](PLAIN), "zstd", MIB) == PLAIN


def test_a_zstd_body_of_unknown_length_is_unpacked() -> None:
    packing = zstandard.ZstdCompressor().compressobj()
    assert decode(packing.compress(PLAIN) + packing.flush(), "zstd", MIB) == PLAIN


@encodings
def test_one_byte_over_the_cap_is_too_large_even_when_it_comes_in_another_member(encoding: Encoding) -> None:
    with pytest.raises(BodyTooLarge, match="once unpacked"):
        decode(PACK[encoding](PLAIN) + PACK[encoding](b"x"), encoding, len(PLAIN))


@encodings
def test_a_body_that_stops_short_is_invalid_wherever_it_stops(encoding: Encoding) -> None:
    packed = PACK[encoding](PLAIN)
    for end in range(len(packed)):
        with pytest.raises(InvalidEnvelope):
            decode(packed[:end], encoding, MIB)


@encodings
def test_a_body_that_goes_on_after_its_end_is_invalid(encoding: Encoding) -> None:
    for more in (b"x", b"\0" * 20, PLAIN):
        with pytest.raises(InvalidEnvelope):
            decode(PACK[encoding](PLAIN) + more, encoding, MIB)


@encodings
def test_thousands_of_empty_members_are_refused_and_not_unpacked(encoding: Encoding) -> None:
    with pytest.raises(InvalidEnvelope, match="256 parts"):
        decode(PACK[encoding](b"") * 100_000, encoding, MIB)


def test_a_raw_deflate_or_zlib_body_is_no_gzip() -> None:
    with pytest.raises(InvalidEnvelope):
        decode(zlib.compress(PLAIN), "gzip", MIB)


def test_a_zstd_frame_that_asks_for_a_huge_window_is_refused() -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=27, compression_level=1)
    packing = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    with pytest.raises(InvalidEnvelope):
        decode(packing.compress(b"x" * 1000) + packing.flush(), "zstd", MIB)


@encodings
@given(st.binary(max_size=300))
def test_whatever_bytes_come_they_are_read_or_refused(encoding: Encoding, packed: bytes) -> None:
    with contextlib.suppress(InvalidEnvelope, BodyTooLarge):
        assert len(decode(packed, encoding, 1000)) <= 1000


@encodings
@given(st.data())
def test_a_damaged_body_is_never_taken_for_another_one(encoding: Encoding, data: st.DataObject) -> None:
    packed = bytearray(PACK[encoding](PLAIN))
    packed[data.draw(st.integers(0, len(packed) - 1))] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(InvalidEnvelope, BodyTooLarge):
        assert decode(bytes(packed), encoding, MIB) == PLAIN


@encodings
def test_memory_stays_flat_under_a_bomb(encoding: Encoding) -> None:
    bomb = _bomb(encoding, 2048)
    before = _peak(reset=True)
    for _ in range(3):
        with pytest.raises(BodyTooLarge):
            decode(bomb, encoding, 8 * MIB)
    assert _peak() - before < 40 * MIB


def _bomb(encoding: Encoding, mebibytes: int) -> bytes:
    packing: Any = zlib.compressobj(1, wbits=31) if encoding == "gzip" else zstandard.ZstdCompressor().compressobj()
    zeros = bytes(MIB)
    return b"".join(packing.compress(zeros) for _ in range(mebibytes)) + bytes(packing.flush())


def _peak(*, reset: bool = False) -> int:
    """The highest resident size of this process, in bytes, since it was last reset."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) * 1024


# Headers.


@pytest.mark.parametrize(
    ("values", "encoding"),
    [
        ([], None),
        ([b"identity"], None),
        ([b""], None),
        ([b"gzip"], "gzip"),
        ([b"X-Gzip"], "gzip"),
        ([b" ZSTD "], "zstd"),
        ([b"identity, gzip"], "gzip"),
    ],
)
def test_an_encoding_that_we_read_is_recognised(values: list[bytes], encoding: Encoding | None) -> None:
    assert content_encoding(values) == encoding


@pytest.mark.parametrize("values", [[b"br"], [b"deflate"], [b"gzip, gzip"], [b"gzip", b"zstd"], [b"gzip;q=1"]])
def test_an_encoding_that_we_do_not_read_or_that_is_doubled_is_refused(values: list[bytes]) -> None:
    with pytest.raises(UnsupportedMediaType):
        content_encoding(values)


@pytest.mark.parametrize(
    "value",
    [
        b"application/json",
        b"Application/JSON; charset=UTF-8",
        b'application/json;charset="utf-8"',
        b"application/vnd.x+json",
    ],
)
def test_json_is_recognised(value: bytes) -> None:
    require_json([value], [])


@pytest.mark.parametrize(
    "values",
    [
        [],
        [b""],
        [b"text/plain"],
        [b"application/jsonp"],
        [b"application/json; charset=utf-16"],
        [b"application/json"] * 2,
    ],
)
def test_what_is_not_json_is_refused(values: list[bytes]) -> None:
    with pytest.raises(UnsupportedMediaType):
        require_json(values, [])


@pytest.mark.parametrize(
    "accept",
    [
        b"*/*",
        b"",
        b"application/json",
        b"text/html, application/*;q=0.1",
        b"text/html, */*;q=0.01",
        b"application/json;q=x",
    ],
)
def test_an_accept_that_takes_json_is_fine(accept: bytes) -> None:
    require_json([b"application/json"], [accept])


@pytest.mark.parametrize(
    "accept", [b"text/html", b"application/json;q=0, */*", b"*/*;q=0.0", b"application/xml, text/*"]
)
def test_an_accept_that_excludes_json_is_refused(accept: bytes) -> None:
    with pytest.raises(NotAcceptable):
        require_json([b"application/json"], [accept])


# Reading.


class Sender:
    """Sends its pieces one by one, each when told to or after a pause in seconds."""

    def __init__(self, *pieces: bytes, pause: float = 0.0, gone: bool = False) -> None:
        self.pieces = list(pieces)
        self.pause = pause
        self.gone = gone
        self.asked = 0

    async def __call__(self) -> Message:
        self.asked += 1
        if self.pause:
            await asyncio.sleep(self.pause)
        if not self.pieces:
            if not self.gone:
                await asyncio.Event().wait()
            return {"type": "http.disconnect"}
        piece = self.pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(self.pieces) or self.gone}


async def test_a_body_in_pieces_is_put_together() -> None:
    memory = BodyMemory(MIB)
    with memory.share() as share:
        assert await BodyReader(100, 1).read(Sender(b"ab", b"", b"c"), 0, None, share) == b"abc"
        assert memory.used == 3
    assert memory.used == 0


async def test_a_packed_body_is_counted_as_what_it_unpacks_to() -> None:
    memory = BodyMemory(MIB)
    with memory.share() as share:
        assert await BodyReader(MIB, 1).read(Sender(gzip.compress(PLAIN)), 0, "gzip", share) == PLAIN
        assert memory.used == len(PLAIN)


async def test_a_body_announced_over_the_cap_is_refused_before_it_is_asked_for() -> None:
    sender = Sender(b"x" * 101)
    with BodyMemory(MIB).share() as share, pytest.raises(BodyTooLarge):
        await BodyReader(100, 1).read(sender, 101, None, share)
    assert sender.asked == 0


async def test_a_body_that_grows_over_the_cap_is_refused_when_it_does() -> None:
    sender = Sender(b"x" * 60, b"x" * 60, b"x" * 60)
    with BodyMemory(MIB).share() as share, pytest.raises(BodyTooLarge):
        await BodyReader(100, 1).read(sender, 0, None, share)
    assert len(sender.pieces) == 1


async def test_a_body_that_does_not_come_in_time_is_too_slow_however_it_dribbles() -> None:
    memory = BodyMemory(MIB)
    for sender in (Sender(), Sender(b"x", gone=False, pause=0.6), Sender(*[b"x"] * 50, pause=0.03)):
        with memory.share() as share, pytest.raises(BodyTooSlow):
            await BodyReader(100, 0.3).read(sender, 0, None, share)
    assert memory.used == 0


async def test_a_sender_that_leaves_is_told_from_one_that_is_slow() -> None:
    with BodyMemory(MIB).share() as share, pytest.raises(SenderGone):
        await BodyReader(100, 1).read(Sender(b"x", gone=True), 0, None, share)


async def test_readers_wait_for_memory_but_the_oldest_goes_on() -> None:
    memory = BodyMemory(100)
    oldest, younger = memory.share(), memory.share()
    for share in (oldest, younger):
        await share.room()
        share.hold(60)
    await asyncio.wait_for(oldest.room(), 1)
    waiting = asyncio.create_task(younger.room())
    await asyncio.sleep(0)
    assert not waiting.done()
    oldest.done_reading()
    await asyncio.wait_for(waiting, 1)


async def test_memory_that_is_given_back_lets_the_next_one_on() -> None:
    memory = BodyMemory(100)
    holder = memory.share()
    holder.hold(100)
    first, second = memory.share(), memory.share()
    await asyncio.wait_for(first.room(), 1)
    waiting = asyncio.create_task(second.room())
    await asyncio.sleep(0)
    assert not waiting.done()
    holder.hold(0)
    await asyncio.wait_for(waiting, 1)


async def test_all_bodies_are_read_when_together_they_do_not_fit() -> None:
    memory = BodyMemory(20_000)
    reader = BodyReader(MIB, 5)
    body = [b"x" * 1000] * 10

    async def read(number: int) -> int:
        with memory.share() as share:
            return len(await reader.read(Sender(*body, pause=0.001 * (number % 3 + 1)), 0, None, share))

    lengths = await asyncio.wait_for(asyncio.gather(*(read(number) for number in range(40))), 10)
    assert lengths == [10_000] * 40
    assert memory.used == 0


async def test_when_memory_is_short_a_slow_body_is_let_go_of_before_its_time() -> None:
    memory = BodyMemory(1000)
    with memory.share() as hog, memory.share() as slow:
        hog.hold(1000)
        began = asyncio.get_running_loop().time()
        with pytest.raises(BodyTooSlow, match="short of memory"):
            await BodyReader(MIB, 60).read(Sender(b"x" * 10, gone=False, pause=30), 0, None, slow)
        assert asyncio.get_running_loop().time() - began < 10
