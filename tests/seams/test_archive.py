from __future__ import annotations

import random
import tracemalloc
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
import zstandard

from headgate.errors import LogCorrupt, LogUnavailable
from headgate.log import archive
from headgate.log.base import Row, Stretch
from headgate.log.journal import Block
from headgate_contract.event import Receipt, Rejection


def row(partition: str, offset: int, size: int = 20) -> Row:
    receipt = Receipt(
        request_id=f"{partition}/{offset}",
        received_at=offset,
        event_group_id="group",
        account_id="account",
        key_id="key",
        received=2,
        accepted=1,
        events=random.Random(offset).randbytes(size),
        rejections=[Rejection(index=1, errors={"event_time": "is missing"}, event="{}")],
    )
    return Row(partition, offset, 1000 + offset, [receipt], 77)


BLOCKS = [
    Block(7, (Stretch("edge-0", 3, 5), Stretch("edge-1", 1, 2)), 10, 11),
    Block(8, (Stretch("edge-0", 6, 6),), 12, 13),
    Block(9, (Stretch("edge-1", 3, 4),), 14, 15),
]


def rows_of(block: Block) -> list[Row]:
    # newest partition first: any order that keeps each partition's own is as good
    return [row(s.partition, offset) for s in reversed(block.stretches) for offset in range(s.first, s.last + 1)]


def contents(path: Path) -> list[tuple[Block, list[Row]]]:
    return list(archive.read(path))


def test_what_was_archived_reads_back_in_its_order(tmp_path: Path) -> None:
    path = archive.write(tmp_path / "archive", BLOCKS, rows_of)
    assert path == tmp_path / "archive" / "0000000007-0000000009.zst"
    assert contents(path) == [
        (Block(b.seq, b.stretches, b.planned_at, b.loaded_at, path.name), rows_of(b)) for b in BLOCKS
    ]


def test_nothing_but_the_archive_is_left_in_the_folder(tmp_path: Path) -> None:
    (tmp_path / "0000000007-0000000009.tmp").write_bytes(b"left by a crash")
    path = archive.write(tmp_path, BLOCKS, rows_of)
    assert list(tmp_path.iterdir()) == [path]


def test_writing_the_same_blocks_again_replaces_the_file(tmp_path: Path) -> None:
    path = archive.write(tmp_path, BLOCKS, rows_of)
    before = contents(path)
    assert archive.write(tmp_path, BLOCKS, rows_of) == path
    assert contents(path) == before


@pytest.mark.parametrize("blocks", [[], [BLOCKS[0], BLOCKS[2]], [BLOCKS[1], BLOCKS[0]], [BLOCKS[0], BLOCKS[0]]])
def test_an_archive_holds_blocks_that_follow_one_another(tmp_path: Path, blocks: list[Block]) -> None:
    with pytest.raises(ValueError, match="follow"):
        archive.write(tmp_path, blocks, rows_of)


def test_a_block_that_is_not_loaded_is_not_archived(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="loaded"):
        archive.write(tmp_path, [Block(1, (Stretch("edge-0", 1, 1),), 1)], rows_of)


def lacking_the_first(block: Block) -> list[Row]:
    return rows_of(block)[1:]


def lacking_the_last(block: Block) -> list[Row]:
    return rows_of(block)[:-1]


def with_one_twice(block: Block) -> list[Row]:
    return [*rows_of(block), rows_of(block)[-1]]


def with_one_too_many(block: Block) -> list[Row]:
    return [*rows_of(block), row("edge-9", 1)]


@pytest.mark.parametrize("rows", [lacking_the_first, lacking_the_last, with_one_twice, with_one_too_many])
def test_a_block_is_archived_whole_or_not_at_all(tmp_path: Path, rows: type[Iterable[Row]]) -> None:
    with pytest.raises(LogCorrupt):
        archive.write(tmp_path, BLOCKS, rows)
    assert list(tmp_path.iterdir()) == []


def test_an_archive_that_cannot_be_written_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "archive").write_bytes(b"a file where the folder should be")
    with pytest.raises(LogUnavailable):
        archive.write(tmp_path / "archive", BLOCKS, rows_of)


def test_an_archive_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(LogUnavailable):
        contents(tmp_path / "0000000001-0000000002.zst")


def test_damage_is_noticed_wherever_it_is(tmp_path: Path) -> None:
    path = archive.write(tmp_path, BLOCKS, rows_of)
    whole, sound = path.read_bytes(), contents(path)
    noticed = 0
    for position in range(len(whole)):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 0x10]) + whole[position + 1 :])
        try:
            found = contents(path)
        except LogCorrupt:
            noticed += 1
        else:
            assert found == sound  # a byte that says nothing about the content
    assert noticed > len(whole) * 0.98


def test_a_cut_archive_is_corrupt(tmp_path: Path) -> None:
    path = archive.write(tmp_path, BLOCKS, rows_of)
    whole = path.read_bytes()
    # the last 4 bytes are the frame's own checksum, behind the end that every reader looks for
    for length in range(len(whole) - 4):
        path.write_bytes(whole[:length])
        with pytest.raises(LogCorrupt):
            contents(path)


@pytest.mark.parametrize(
    "behind", [b"noise", zstandard.compress(b"noise" * 10), zstandard.compress(archive._sealed(archive._End(0)))]
)
def test_what_stands_behind_the_end_is_corrupt(tmp_path: Path, behind: bytes) -> None:
    path = archive.write(tmp_path, BLOCKS, rows_of)
    path.write_bytes(path.read_bytes() + behind)
    with pytest.raises(LogCorrupt):
        contents(path)


def forged(path: Path, *messages: archive._Message) -> Path:
    path.write_bytes(zstandard.compress(b"".join(archive._sealed(message) for message in messages)))
    return path


HEAD = archive._Head(archive.FORMAT)


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [HEAD],
        [archive._Head(9), archive._End(0)],
        [HEAD, archive._End(1)],
        [HEAD, HEAD],
        [HEAD, archive._Row("edge-0", 1, 1, 1, []), archive._End(0)],
        [HEAD, archive._Block(1, (Stretch("edge-0", 1, 2),), 1, 1, 2), archive._End(1)],
        [HEAD, archive._Block(1, (Stretch("edge-0", 1, 2),), 1, 1, 0), archive._End(1)],
    ],
)
def test_messages_that_make_no_sense_together_are_corrupt(tmp_path: Path, messages: list[archive._Message]) -> None:
    with pytest.raises(LogCorrupt):
        contents(forged(tmp_path / "a.zst", *messages))


def test_a_length_beyond_reason_is_corrupt_and_asks_for_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.zst"
    path.write_bytes(zstandard.compress(b"\xff" * 100))
    with pytest.raises(LogCorrupt, match="4294967295 bytes"):
        contents(path)


def test_memory_stays_bounded_however_much_is_archived(tmp_path: Path) -> None:
    blocks = [Block(seq, (Stretch("edge-0", seq * 10 - 9, seq * 10),), 1, 1) for seq in range(1, 101)]

    def large_rows(block: Block) -> Iterator[Row]:
        return (
            row("edge-0", offset, 20_000) for offset in range(block.stretches[0].first, block.stretches[0].last + 1)
        )

    tracemalloc.start()
    path = archive.write(tmp_path, blocks, large_rows)
    rows = sum(len(rows) for _, rows in archive.read(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert rows == 1000
    assert path.stat().st_size > 19_000_000
    assert peak < 3_000_000
