"""The embedded log when things go wrong: killed writers, full disks, files that cannot be written."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from headgate.errors import LogUnavailable
from headgate.log import files, frames
from headgate.log.base import Row
from headgate.log.sqlite import SqliteAppender
from headgate.log.sqlite_reader import SqliteReader
from headgate.log.tail import Tail
from headgate_contract.event import Receipt

MIB = 1024 * 1024

WRITER = """
import asyncio, json, random, resource, sys, time
from pathlib import Path
from headgate.errors import LogUnavailable
from headgate.log.sqlite import SqliteAppender
from headgate_contract.event import Receipt

folder, job, begin = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])


def receipt(number, size):
    return Receipt(request_id=str(number), received_at=number, event_group_id="g", account_id="a", key_id="k",
                   received=1, accepted=1, events=random.Random(number).randbytes(size))


async def write_for_ever(appender):
    # each line is an acknowledgement: it is sent after the commit and before anything else
    numbers = iter(range(begin, 10**9))

    async def one():
        for number in numbers:
            await appender.append(receipt(number, number % 7 * 500))
            sys.stdout.write(f"{number}\\n")
            sys.stdout.flush()

    await asyncio.gather(*(one() for _ in range(8)))


async def meet_a_full_disk(appender):
    kept, refused, reason, number = [], 0, None, 0
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, limits[1]))
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and not (kept and kept[-5:] == list(range(number - 4, number + 1)) and refused > 9):
        number += 1
        try:
            await appender.append(receipt(number, 50_000))
        except LogUnavailable:
            refused += 1
            reason = reason or appender.ready()
            if refused == 10:
                resource.setrlimit(resource.RLIMIT_FSIZE, limits)
            await asyncio.sleep(0.02)
        else:
            kept.append(number)
    print(json.dumps({"kept": kept, "refused": refused, "reason": reason, "ready": appender.ready()}))


async def main():
    appender = SqliteAppender(folder, "edge-0", clock=lambda: time.time_ns() // 1000, byte_cap=1 << 30,
                              roll_bytes=2_000_000)
    await {"kill": write_for_ever, "full": meet_a_full_disk}[job](appender)
    await appender.close()


asyncio.run(main())
"""


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


class Clock:
    """Goes on by a second each time it is asked, so that the appender always finds that it has waited enough."""

    def __init__(self) -> None:
        self.now = 1_700_000_000_000_000
        self.step = 1_000_000

    def __call__(self) -> int:
        self.now += self.step
        return self.now


def everything(folder: Path) -> list[Row]:
    with contextlib.closing(SqliteReader(folder)) as reader:
        rows: list[Row] = []
        while more := reader.read("edge-0", len(rows) + 1, limit=MIB):
            rows += more
        assert len(rows) == reader.ends().get("edge-0", 0)
        return rows


def numbers(rows: list[Row]) -> list[int]:
    return [one.received_at for row in rows for one in row.receipts]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.001)


def writer(folder: Path, job: str, begin: int = 0) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", WRITER, folder, job, str(begin)], stdout=subprocess.PIPE, text=True)


def acknowledged_before_a_kill(folder: Path, begin: int, count: int) -> list[int]:
    with writer(folder, "kill", begin) as process:
        assert process.stdout is not None
        seen = [int(process.stdout.readline()) for _ in range(count)]
        process.send_signal(signal.SIGKILL)
        # what was on its way through the pipe was acknowledged as well; the last line may be cut
        rest = process.stdout.read().split("\n")
    return seen + [int(line) for line in rest[:-1]]


def test_ten_killed_writers_lose_nothing_that_they_acknowledged(tmp_path: Path) -> None:
    chance = random.Random(4)
    acknowledged: list[int] = []
    for turn in range(10):
        acknowledged += acknowledged_before_a_kill(tmp_path, turn * 10**6, chance.randrange(1, 2500))
        if turn % 2:
            # a reader that comes before the next writer meets the write-ahead log as the crash left it
            shm = [path for path in tmp_path.iterdir() if path.name.endswith("-shm")]
            for path in shm[: turn % 3]:
                path.unlink()
            assert set(acknowledged) <= set(numbers(everything(tmp_path)))
    rows = everything(tmp_path)
    found = numbers(rows)
    assert [row.offset for row in rows] == list(range(1, len(rows) + 1))
    assert len(found) == len(set(found))
    assert set(acknowledged) <= set(found)
    assert len(files.listing(tmp_path)["edge-0"]) > 1


def test_a_reader_sees_nothing_out_of_place_while_writers_are_killed(tmp_path: Path) -> None:
    with contextlib.closing(SqliteReader(tmp_path)) as reader:
        seen: list[int] = []
        offset = 0
        for turn in range(3):
            with writer(tmp_path, "kill", turn * 10**6) as process:
                deadline = time.monotonic() + 0.8
                while time.monotonic() < deadline:
                    rows = reader.read("edge-0", offset + 1, limit=100_000)
                    offset += len(rows)
                    seen += numbers(list(rows))
                    reader.release("edge-0", offset - 50)
                process.send_signal(signal.SIGKILL)
                process.stdout and process.stdout.close()
        while rows := reader.read("edge-0", offset + 1, limit=MIB):
            offset += len(rows)
            seen += numbers(list(rows))
        assert offset == reader.ends()["edge-0"]
        assert len(seen) == len(set(seen))


def test_a_file_size_limit_fails_commits_and_lifting_it_brings_them_back(tmp_path: Path) -> None:
    with writer(tmp_path, "full") as process:
        told = json.loads(process.communicate(timeout=30)[0])
    assert process.returncode == 0
    assert told["refused"] >= 10
    assert told["reason"] is not None
    assert told["ready"] is None
    rows = everything(tmp_path)
    assert [row.offset for row in rows] == list(range(1, len(rows) + 1))
    assert set(told["kept"]) <= set(numbers(rows))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a disk of our own takes the right to mount one")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


async def fill_up(appender: SqliteAppender) -> list[int]:
    taken = []
    with contextlib.suppress(LogUnavailable):
        for number in range(1000):
            await appender.append(receipt(number, 50_000))
            taken.append(number)
    return taken


async def test_a_full_disk_loses_nothing_and_is_over_when_there_is_room_again(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    # what is freed later must hold what the write-ahead log holds by then: it is moved before anything is added
    ballast.write_bytes(bytes(2 * MIB))
    appender = SqliteAppender(small_disk, "edge-0", clock=Clock(), byte_cap=1 << 40)
    taken = await fill_up(appender)
    assert 5 < len(taken) < 100
    assert "full" in (appender.ready() or "")
    for _ in range(20):
        with contextlib.suppress(LogUnavailable):  # a small one may still fit
            await appender.append(receipt(5000, 50_000))
            taken.append(5000)
    assert set(numbers(everything(small_disk))) >= set(taken)

    ballast.unlink()
    await until(lambda: appender.ready() is None)
    await appender.append(receipt(6000, 1000))
    await appender.close()
    rows = everything(small_disk)
    assert [row.offset for row in rows] == list(range(1, len(rows) + 1))
    assert set(numbers(rows)) >= {*taken, 6000}


async def test_a_disk_that_is_full_from_the_start_is_no_reason_to_stop(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    with contextlib.suppress(OSError):
        ballast.write_bytes(bytes(5 * MIB))
    appender = SqliteAppender(small_disk, "edge-0", clock=Clock(), byte_cap=1 << 40)
    assert appender.ready() is not None
    with pytest.raises(LogUnavailable):
        await appender.append(receipt(1))
    ballast.unlink()
    await until(lambda: appender.ready() is None)
    await appender.append(receipt(2))
    await appender.close()
    assert numbers(everything(small_disk)) == [2]


@contextlib.contextmanager
def held_by_somebody(folder: Path) -> Iterator[sqlite3.Connection]:
    # somebody who opens our file to write: commits fail until they let go
    with contextlib.closing(sqlite3.connect(files.listing(folder)["edge-0"][-1].path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other
        other.execute("COMMIT")


async def test_a_failed_commit_fails_its_whole_group_and_leaves_no_gap(tmp_path: Path) -> None:
    appender = SqliteAppender(tmp_path, "edge-0", clock=Clock(), byte_cap=1 << 40)
    await appender.append(receipt(1))
    with held_by_somebody(tmp_path):
        group = await asyncio.gather(*(appender.append(receipt(9)) for _ in range(5)), return_exceptions=True)
        assert [type(one) for one in group] == [LogUnavailable] * 5
        assert appender._attempt(appender._look_now) is not None
        assert appender.ready() is not None
    await until(lambda: appender.ready() is None)
    await appender.append(receipt(2))
    await appender.close()
    rows = everything(tmp_path)
    assert [row.offset for row in rows] == [1, 2]
    assert numbers(rows) == [1, 2]


async def test_a_failed_commit_that_is_there_after_all_keeps_its_offset(tmp_path: Path) -> None:
    appender = SqliteAppender(tmp_path, "edge-0", clock=Clock(), byte_cap=1 << 40)
    await appender.append(receipt(1))
    with held_by_somebody(tmp_path) as other:
        with pytest.raises(LogUnavailable):
            await appender.append(receipt(9))
        other.execute("INSERT INTO rows VALUES (2, 3, ?)", (frames.encode([receipt(9)]),))
    await until(lambda: appender.ready() is None)
    await appender.append(receipt(2))
    await appender.close()
    assert numbers(everything(tmp_path)) == [1, 9, 2]


async def test_after_a_failure_appends_fail_at_once_until_it_is_time_to_try_again(tmp_path: Path) -> None:
    clock = Clock()
    clock.step = 0
    appender = SqliteAppender(tmp_path, "edge-0", clock=clock, byte_cap=1 << 40)
    with held_by_somebody(tmp_path), pytest.raises(LogUnavailable):
        await appender.append(receipt(1))
    # the cause is gone, but the clock stands still: nothing is tried
    for _ in range(3):
        with pytest.raises(LogUnavailable, match="database is locked"):
            appender.append(receipt(1))
    assert appender.ready() is not None
    clock.now += 50_000
    await appender.append(receipt(2))
    assert appender.ready() is None
    await appender.close()
    assert numbers(everything(tmp_path)) == [2]


async def test_a_full_log_that_fits_in_one_file_is_not_full_for_ever(tmp_path: Path) -> None:
    appender = SqliteAppender(tmp_path, "edge-0", clock=Clock(), byte_cap=MIB)
    taken = await fill_up(appender)
    with contextlib.closing(SqliteReader(tmp_path)) as reader:
        reader.release("edge-0", len(taken))
    await until(lambda: appender.ready() is None)
    await appender.append(receipt(1))
    await appender.close()


def test_nothing_is_built_on_a_write_ahead_log_that_cannot_be_moved_into_its_file(tmp_path: Path) -> None:
    tail = Tail(tmp_path, "edge-0", MIB)
    for number in range(3):
        tail.write(frames.encode([receipt(number)]), 1)
    (file,) = files.listing(tmp_path)["edge-0"]
    with contextlib.closing(files.open_to_read(file)) as slow:
        statement = slow.execute("SELECT offset FROM rows UNION ALL VALUES (0), (0)")
        statement.fetchone()
        tail.abandon()
        with pytest.raises(sqlite3.OperationalError, match="somebody else"):
            tail.open()
        statement.close()
    tail.write(frames.encode([receipt(3)]), 1)
    tail.close()
    assert numbers(everything(tmp_path)) == [0, 1, 2, 3]


async def test_a_file_that_was_closed_unfinished_is_read_whole(tmp_path: Path) -> None:
    appender = SqliteAppender(tmp_path, "edge-0", clock=Clock(), byte_cap=1 << 40, roll_bytes=200_000)
    await appender.append(receipt(1, 1000))
    (first,) = files.listing(tmp_path)["edge-0"]
    # a reader in the middle of a statement keeps the write-ahead log from being emptied when the file is closed
    with contextlib.closing(files.open_to_read(first)) as slow:
        statement = slow.execute("SELECT offset FROM rows UNION ALL VALUES (0), (0)")
        statement.fetchone()
        await asyncio.gather(*(appender.append(receipt(number, 100_000)) for number in range(2, 8)))
        await appender.append(receipt(8))
        statement.close()
    await appender.close()
    assert len(files.listing(tmp_path)["edge-0"]) > 1
    assert numbers(everything(tmp_path)) == list(range(1, 9))
