"""The archive: loaded blocks with their rows, in files that need nothing else to be read.

`0000000001-0000000420.zst` holds blocks 1 to 420: one zstd frame around a run of messages. A message is 4 bytes of length
(big-endian), 8 bytes of XXH3 over the rest, and msgpack: a head, then each block followed by its rows in the order
they were loaded, then an end that says how many there were.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec
import xxhash
import zstandard

from headgate.errors import LogCorrupt
from headgate.log import files
from headgate.log.base import Row, Stretch
from headgate.log.journal import Block
from headgate_contract.event import Receipt

FORMAT = 1
LEVEL = 3
#: Bytes of the longest message; a longer length is damage, not a reason to ask for memory.
_LONGEST = 1 << 30
_NAME = re.compile(r"[0-9]{10,}-[0-9]{10,}\.zst")
_LENGTH = 4
_SEAL = 8


class _Head(msgspec.Struct, frozen=True, array_like=True, tag="head"):
    format: int


class _Block(msgspec.Struct, frozen=True, array_like=True, tag="block"):
    seq: int
    stretches: tuple[Stretch, ...]
    planned_at: int
    loaded_at: int | None
    rows: int


class _Row(msgspec.Struct, frozen=True, array_like=True, tag="row"):
    partition: str
    offset: int
    committed_at: int
    size: int
    receipts: list[Receipt]


class _End(msgspec.Struct, frozen=True, array_like=True, tag="end"):
    blocks: int


_Message = _Head | _Block | _Row | _End
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Message).decode


def write(folder: Path, blocks: Sequence[Block], rows_of_block: Callable[[Block], Iterable[Row]]) -> Path:
    """Write blocks, which follow one another, to a new file; durable and complete once it has its name.

    Rows pass through one by one. Writing the same blocks again replaces the file. Raises `ValueError` when blocks are
    missing or not loaded, `LogCorrupt` when the rows handed in are not the block's, and `LogUnavailable` when the file
    cannot be written.
    """
    seqs = [block.seq for block in blocks]
    if not seqs or seqs != list(range(seqs[0], seqs[0] + len(seqs))):
        raise ValueError("an archive holds blocks that follow one another")
    if any(block.loaded_at is None for block in blocks):
        raise ValueError("an archive holds blocks that are loaded")
    path = folder / f"{seqs[0]:010d}-{seqs[-1]:010d}.zst"
    draft = path.with_suffix(".tmp")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as file:
            compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True)
            with compressor.stream_writer(file, closefd=False) as stream:
                for message in _messages(blocks, rows_of_block):
                    stream.write(_sealed(message))
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
        files.sync(folder)
    except OSError as error:
        raise files.fault(error, "the archive") from error
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
    return path


def newest(folder: Path) -> int:
    """The highest block that a file of the folder is named for; 0 where there is none."""
    return max((int(path.stem.rpartition("-")[2]) for path in files_of(folder)), default=0)


def files_of(folder: Path) -> list[Path]:
    """The archive's files, in the order of the blocks that they begin with. Whatever else lies there is none of ours."""
    return sorted(path for path in folder.glob("*.zst") if _NAME.fullmatch(path.name))


def read(path: Path) -> Iterator[tuple[Block, list[Row]]]:
    """Blocks of a file with their rows, one block at a time.

    Raises `LogCorrupt` where something does not read back, is missing or is too much: what was given out before that
    is sound, but it is all there only once the end was reached. Raises `LogUnavailable` when the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            yield from _blocks(path, _read(file))
    except OSError as error:
        raise files.fault(error, path.name) from error
    except (EOFError, ValueError, zstandard.ZstdError, msgspec.MsgspecError) as error:
        raise LogCorrupt(f"{path.name} does not read back: {error}") from error


def _messages(blocks: Sequence[Block], rows_of_block: Callable[[Block], Iterable[Row]]) -> Iterator[_Message]:
    yield _Head(FORMAT)
    for block in blocks:
        expected = sum(stretch.last - stretch.first + 1 for stretch in block.stretches)
        yield _Block(block.seq, block.stretches, block.planned_at, block.loaded_at, expected)
        remaining = _Remaining(block)
        for row in rows_of_block(block):
            remaining.take(row)
            yield _Row(row.partition, row.offset, row.committed_at, row.size, row.receipts)
        remaining.none()
    yield _End(len(blocks))


class _Remaining:
    """Holds rows to their block: every one of it, none twice, each partition's in order."""

    def __init__(self, block: Block) -> None:
        self._seq = block.seq
        self._next = {stretch.partition: stretch.first for stretch in block.stretches}
        self._last = {stretch.partition: stretch.last for stretch in block.stretches}

    def take(self, row: Row) -> None:
        if row.offset != self._next.get(row.partition) or row.offset > self._last[row.partition]:
            raise LogCorrupt(f"row {row.offset} of {row.partition!r} has no place in block {self._seq}")
        self._next[row.partition] += 1

    def none(self) -> None:
        for partition, last in self._last.items():
            if self._next[partition] <= last:
                raise LogCorrupt(f"rows {self._next[partition]} to {last} of {partition!r} miss in block {self._seq}")


def _sealed(message: _Message) -> bytes:
    body = _encode(message)
    if len(body) > _LONGEST:
        raise ValueError(f"a message of {len(body)} bytes is too long for an archive")
    return len(body).to_bytes(_LENGTH, "big") + xxhash.xxh3_64_digest(body) + body


def _read(file: BinaryIO) -> Iterator[_Message]:
    stream = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True)
    while head := _exactly(stream, _LENGTH + _SEAL, may_end=True):
        length = int.from_bytes(head[:_LENGTH], "big")
        if length > _LONGEST:
            raise EOFError(f"a message of {length} bytes")
        body = _exactly(stream, length)
        if xxhash.xxh3_64_digest(body) != head[_LENGTH:]:
            raise EOFError("a checksum does not match")
        yield _decode(body)


def _exactly(stream: zstandard.ZstdDecompressionReader, size: int, *, may_end: bool = False) -> bytes:
    data = b""
    while len(data) < size and (more := stream.read(size - len(data))):
        data += more
    if len(data) < size and not (may_end and not data):
        raise EOFError("it ends too early")
    return data


def _blocks(path: Path, messages: Iterator[_Message]) -> Iterator[tuple[Block, list[Row]]]:
    head = next(messages, None)
    if not isinstance(head, _Head) or head.format != FORMAT:
        raise LogCorrupt(f"{path.name} is no archive that this version reads")
    for before, message in enumerate(messages):
        if isinstance(message, _End):
            if message.blocks != before or next(messages, None) is not None:
                break
            return
        if not isinstance(message, _Block):
            break
        yield _block(message, path.name), _rows(message, messages, path.name)
    raise LogCorrupt(f"{path.name} does not end as it should")


def _block(message: _Block, name: str) -> Block:
    return Block(message.seq, message.stretches, message.planned_at, message.loaded_at, name)


def _rows(block: _Block, messages: Iterator[_Message], name: str) -> list[Row]:
    rows: list[Row] = []
    remaining = _Remaining(_block(block, name))
    for _ in range(block.rows):
        message = next(messages, None)
        if not isinstance(message, _Row):
            raise LogCorrupt(f"block {block.seq} of {name} lacks a row")
        row = Row(message.partition, message.offset, message.committed_at, message.receipts, message.size)
        remaining.take(row)
        rows.append(row)
    remaining.none()
    return rows
