"""What only the embedded log has: files, and what may become of them."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from headgate.errors import LogCorrupt
from headgate.log import files, frames
from headgate.log.base import Row
from headgate.log.sqlite import SqliteAppender
from headgate.log.sqlite_reader import SqliteReader
from headgate.log.tail import Tail
from headgate_contract.event import Receipt

MIB = 1024 * 1024
ALL = 1 << 40


def receipt(number: int, size: int = 0) -> Receipt:
    return Receipt(
        request_id=str(number),
        received_at=number,
        event_group_id="group",
        account_id="account",
        key_id="key",
        received=1,
        accepted=1,
        events=random.Random(number).randbytes(size),  # does not shrink
    )


def fill(folder: Path, rows: int, size: int = 0) -> None:
    async def run() -> None:
        appender = SqliteAppender(folder, "edge-0", clock=lambda: 5, byte_cap=1024 * MIB, roll_bytes=200_000)
        for number in range(1, rows + 1):
            await appender.append(receipt(number, size))
        await appender.close()

    asyncio.run(run())


@pytest.fixture
def readers(tmp_path: Path) -> Iterator[tuple[SqliteReader, SqliteReader]]:
    with (
        contextlib.closing(SqliteReader(tmp_path)) as one,
        contextlib.closing(SqliteReader(tmp_path)) as other,
    ):
        yield one, other


@pytest.fixture
def reader(readers: tuple[SqliteReader, SqliteReader]) -> SqliteReader:
    return readers[0]


def everything(reader: SqliteReader) -> list[Row]:
    rows: list[Row] = []
    while more := reader.read("edge-0", len(rows) + 1, limit=MIB):
        rows += more
    return rows


def numbers(rows: list[Row]) -> list[int]:
    return [one.received_at for row in rows for one in row.receipts]


def test_a_full_file_is_followed_by_one_named_for_its_first_offset(tmp_path: Path, reader: SqliteReader) -> None:
    fill(tmp_path, 12, size=90_000)
    assert [entry.name for entry in tmp_path.iterdir() if "-wal" in entry.name or ".new" in entry.name] == []
    found = files.listing(tmp_path)["edge-0"]
    assert len(found) > 2
    for file, successor in itertools.pairwise(found):
        assert [row.offset for row in reader.read("edge-0", file.first, successor.first - 1, limit=ALL)] == list(
            range(file.first, successor.first)
        )
    assert numbers(everything(reader)) == list(range(1, 13))


async def test_commit_times_do_not_decrease_from_file_to_file(tmp_path: Path, reader: SqliteReader) -> None:
    times = iter(range(1000, 0, -1))
    for _ in range(2):
        appender = SqliteAppender(tmp_path, "edge-0", clock=lambda: next(times), byte_cap=1024 * MIB, roll_bytes=1)
        for number in range(3):
            await appender.append(receipt(number))
        await appender.close()
    assert len(files.listing(tmp_path)["edge-0"]) == 7
    assert len({row.committed_at for row in everything(reader)}) == 1


def test_release_deletes_closed_files_whole_and_never_the_newest(tmp_path: Path, reader: SqliteReader) -> None:
    fill(tmp_path, 12, size=90_000)
    found = files.listing(tmp_path)["edge-0"]
    everything(reader)
    reader.release("edge-0", found[2].first - 2)
    assert files.listing(tmp_path)["edge-0"] == found[1:]
    reader.release("edge-0", 12)
    assert files.listing(tmp_path)["edge-0"] == found[-1:]
    assert [entry.name for entry in tmp_path.iterdir() if found[0].path in str(entry)] == []


def test_another_reader_lets_go_of_deleted_files(tmp_path: Path, readers: tuple[SqliteReader, SqliteReader]) -> None:
    fill(tmp_path, 12, size=90_000)
    bystander, reader = readers
    everything(bystander)
    reader.release("edge-0", 12)
    assert bystander.ends() == {"edge-0": 12}
    assert len(bystander._open) == 1
    with pytest.raises(LogCorrupt, match="released"):
        bystander.read("edge-0", 1, limit=ALL)


def test_what_a_crash_left_beside_deleted_files_is_swept_away(tmp_path: Path, reader: SqliteReader) -> None:
    fill(tmp_path, 1)
    stray = tmp_path / "edge-0.00000000000000000000.db-wal"
    stray.touch()
    reader.release("edge-0", 0)
    assert not stray.exists()


def test_a_missing_file_in_the_middle_is_corrupt(tmp_path: Path, reader: SqliteReader) -> None:
    fill(tmp_path, 12, size=90_000)
    found = files.listing(tmp_path)["edge-0"]
    Path(found[1].path).unlink()
    with pytest.raises(LogCorrupt, match="missing"):
        reader.read("edge-0", 1, limit=ALL)


@pytest.mark.parametrize("content", [b"", b"no database" * 1000])
def test_a_file_that_is_no_log_file_is_corrupt_for_all(tmp_path: Path, reader: SqliteReader, content: bytes) -> None:
    Path(files.file_of(tmp_path, "edge-0", 1).path).write_bytes(content)
    with pytest.raises(LogCorrupt):
        reader.ends()
    with pytest.raises(LogCorrupt):
        reader.read("edge-0", 1, limit=ALL)
    with pytest.raises(LogCorrupt):
        SqliteAppender(tmp_path, "edge-0", clock=lambda: 5, byte_cap=MIB)


def test_a_crash_while_a_file_is_made_leaves_nothing_in_the_way(tmp_path: Path, reader: SqliteReader) -> None:
    Path(files.file_of(tmp_path, "edge-0", 1).path + ".new").write_bytes(b"half of it")
    fill(tmp_path, 1)
    assert numbers(everything(reader)) == [1]


def test_a_commit_that_failed_but_is_there_keeps_its_offset(tmp_path: Path, reader: SqliteReader) -> None:
    tail = Tail(tmp_path, "edge-0", MIB)
    tail.write(frames.encode([receipt(1)]), 5)
    tail.abandon()
    tail._last = 0  # as if the commit's answer had been an error
    tail.write(frames.encode([receipt(2)]), 4)
    tail.close()
    rows = everything(reader)
    assert [(row.offset, row.committed_at) for row in rows] == [(1, 5), (2, 5)]


@pytest.mark.parametrize("partition", ["", "a.b", "../edge", "edge/0"])
def test_a_partition_is_named_plainly(tmp_path: Path, partition: str) -> None:
    with pytest.raises(ValueError, match="name"):
        SqliteAppender(tmp_path, partition, clock=lambda: 5, byte_cap=MIB)


async def test_each_commit_is_reported(tmp_path: Path, reader: SqliteReader) -> None:
    seen: list[tuple[float, int, int]] = []
    appender = SqliteAppender(
        tmp_path, "edge-0", clock=lambda: 5, byte_cap=MIB, on_commit=lambda *commit: seen.append(commit)
    )
    await appender.append(receipt(1))
    await appender.close()
    (row,) = everything(reader)
    assert seen == [(0.0, 1, row.size)]
