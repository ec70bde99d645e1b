"""What every log promises, asked of the embedded one and of its twin in memory."""

from __future__ import annotations

import asyncio
import contextlib
import random
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from headgate.errors import AlreadyRunning, LogCorrupt, LogUnavailable
from headgate.log import files, frames
from headgate.log.base import Appender, Reader, Row
from headgate.log.memory import MemoryLog
from headgate.log.sqlite import PAUSE, SqliteAppender
from headgate.log.sqlite_reader import SqliteReader
from headgate_contract.event import Receipt

MIB = 1024 * 1024
ALL = 1 << 40


class Clock:
    def __init__(self) -> None:
        self.now = 1_700_000_000_000_000

    def __call__(self) -> int:
        return self.now


class Embedded:
    def __init__(self, folder: Path, *, byte_cap: int = 1024 * MIB, waiting_bytes: int = 64 * MIB) -> None:
        self.clock = Clock()
        self.folder = folder
        self.byte_cap = byte_cap
        self.waiting_bytes = waiting_bytes
        self.readers: list[SqliteReader] = []

    def appender(self, partition: str = "edge-0") -> SqliteAppender:
        return SqliteAppender(
            self.folder,
            partition,
            clock=self.clock,
            byte_cap=self.byte_cap,
            roll_bytes=200_000,
            waiting_bytes=self.waiting_bytes,
        )

    def reader(self) -> SqliteReader:
        self.readers.append(SqliteReader(self.folder))
        return self.readers[-1]

    def close(self) -> None:
        for reader in self.readers:
            reader.close()

    def overwrite(self, offset: int, blob: bytes | None) -> None:
        (file,) = files.listing(self.folder)["edge-0"]
        with contextlib.closing(sqlite3.connect(file.path)) as connection, connection:
            if blob is None:
                connection.execute("DELETE FROM rows WHERE offset = ?", (offset,))
            else:
                connection.execute("UPDATE rows SET frame = ? WHERE offset = ?", (blob, offset))


class InMemory:
    def __init__(self, *, byte_cap: int = 1024 * MIB, waiting_bytes: int = 64 * MIB) -> None:
        self.clock = Clock()
        self.log = MemoryLog(clock=self.clock, byte_cap=byte_cap, waiting_bytes=waiting_bytes)

    def appender(self, partition: str = "edge-0") -> Appender:
        return self.log.appender(partition)

    def reader(self) -> Reader:
        return self.log.reader()

    def overwrite(self, offset: int, blob: bytes | None) -> None:
        rows = self.log.partitions["edge-0"].rows
        if blob is None:
            del rows[offset]
        else:
            rows[offset] = rows[offset]._replace(frame=blob)

    def close(self) -> None:
        pass


Log = Embedded | InMemory


@pytest.fixture(params=["sqlite", "memory"])
def new_log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Log]]:
    with contextlib.ExitStack() as stack:

        def new(**limits: int) -> Log:
            log = Embedded(tmp_path, **limits) if request.param == "sqlite" else InMemory(**limits)
            stack.callback(log.close)
            return log

        yield new


@pytest.fixture
def log(new_log: Callable[..., Log]) -> Log:
    return new_log()


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


async def fill(log: Log, rows: int, size: int = 0, partition: str = "edge-0") -> None:
    appender = log.appender(partition)
    for number in range(1, rows + 1):
        await appender.append(receipt(number, size))
    await appender.close()


def numbers(rows: Iterator[Row] | list[Row]) -> list[int]:
    return [one.received_at for row in rows for one in row.receipts]


def everything(reader: Reader, partition: str = "edge-0") -> list[Row]:
    rows: list[Row] = []
    while more := reader.read(partition, len(rows) + 1, limit=MIB):
        rows += more
    return rows


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.001)


async def test_what_was_appended_reads_back(log: Log) -> None:
    appender = log.appender()
    await appender.append(receipt(7, 3000))
    (row,) = log.reader().read("edge-0", 1, limit=ALL)
    assert row == Row("edge-0", 1, log.clock.now, [receipt(7, 3000)], row.size)
    await appender.close()


async def test_a_durable_receipt_is_there_for_a_reader_that_was_there_before(log: Log) -> None:
    reader = log.reader()
    assert reader.ends() == {}
    appender = log.appender()
    assert reader.ends() == {"edge-0": 0}
    for number in range(1, 4):
        await appender.append(receipt(number))
        assert reader.ends() == {"edge-0": number}
        assert numbers(reader.read("edge-0", number, limit=ALL)) == [number]
    await appender.close()


async def test_receipts_that_wait_together_are_committed_together_and_in_order(log: Log) -> None:
    appender = log.appender()
    await asyncio.gather(*(appender.append(receipt(number)) for number in range(500)))
    await appender.close()
    rows = everything(log.reader())
    assert numbers(rows) == list(range(500))
    assert len(rows) < 250


async def test_offsets_begin_at_one_and_have_no_gap(log: Log) -> None:
    await fill(log, 5)
    assert [row.offset for row in everything(log.reader())] == [1, 2, 3, 4, 5]


async def test_a_partition_goes_on_where_the_last_appender_ended(log: Log) -> None:
    await fill(log, 3)
    await fill(log, 2)
    rows = everything(log.reader())
    assert [row.offset for row in rows] == [1, 2, 3, 4, 5]
    assert numbers(rows) == [1, 2, 3, 1, 2]


async def test_partitions_are_apart(log: Log) -> None:
    await fill(log, 3)
    await fill(log, 1, partition="edge-1")
    reader = log.reader()
    assert reader.ends() == {"edge-0": 3, "edge-1": 1}
    assert numbers(everything(reader, "edge-1")) == [1]


async def test_a_partition_that_nobody_wrote_is_empty(log: Log) -> None:
    assert list(log.reader().read("edge-9", 1, limit=ALL)) == []
    await fill(log, 1)
    assert list(log.reader().read("edge-9", 1, limit=ALL)) == []


@pytest.mark.parametrize("first", [0, -1, -(2**63)])
async def test_there_is_no_row_below_one(log: Log, first: int) -> None:
    await fill(log, 2)
    with pytest.raises(LogCorrupt):
        log.reader().read("edge-0", first, limit=ALL)


@pytest.mark.parametrize("first", [3, 4, 10**12, 2**63 - 1])
async def test_past_the_end_there_is_nothing(log: Log, first: int) -> None:
    await fill(log, 2)
    assert list(log.reader().read("edge-0", first, limit=ALL)) == []


async def test_a_read_ends_where_it_is_told_to(log: Log) -> None:
    await fill(log, 5)
    reader = log.reader()
    assert numbers(list(reader.read("edge-0", 2, 4, limit=ALL))) == [2, 3, 4]
    assert numbers(list(reader.read("edge-0", 2, 2, limit=ALL))) == [2]
    assert numbers(list(reader.read("edge-0", 4, 99, limit=ALL))) == [4, 5]
    assert list(reader.read("edge-0", 3, 2, limit=ALL)) == []


@pytest.mark.parametrize("limit", [-1, 0, 1])
async def test_a_read_gives_one_row_however_low_the_limit(log: Log, limit: int) -> None:
    await fill(log, 3)
    assert numbers(list(log.reader().read("edge-0", 2, limit=limit))) == [2]


async def test_a_read_stops_once_the_limit_is_reached(log: Log) -> None:
    await fill(log, 10, size=1000)
    reader = log.reader()
    sizes = [row.size for row in everything(reader)]
    assert len(reader.read("edge-0", 1, limit=sum(sizes[:3]))) == 3
    assert len(reader.read("edge-0", 1, limit=sum(sizes[:3]) + 1)) == 4


async def test_commit_times_never_decrease(log: Log) -> None:
    start = log.clock.now
    for step in (0, -5_000_000, 2, -1):
        log.clock.now = start + step
        await fill(log, 2)
    assert [row.committed_at - start for row in everything(log.reader())] == [0, 0, 0, 0, 2, 2, 2, 2]


@pytest.mark.parametrize("blob", [b"", b"\0" * 100, b"noise" * 20])
async def test_an_overwritten_row_is_corrupt_and_its_neighbours_are_not(log: Log, blob: bytes) -> None:
    await fill(log, 3)
    log.overwrite(2, blob)
    reader = log.reader()
    assert numbers(list(reader.read("edge-0", 1, 1, limit=ALL))) == [1]
    assert numbers(list(reader.read("edge-0", 3, limit=ALL))) == [3]
    with pytest.raises(LogCorrupt, match="row 2 of 'edge-0'"):
        reader.read("edge-0", 1, limit=ALL)


async def test_a_torn_row_is_corrupt(log: Log) -> None:
    await fill(log, 1)
    log.overwrite(1, frames.encode([receipt(1)])[:-1])
    with pytest.raises(LogCorrupt):
        log.reader().read("edge-0", 1, limit=ALL)


async def test_a_missing_row_is_corrupt(log: Log) -> None:
    await fill(log, 3)
    log.overwrite(2, None)
    for first in (1, 2):
        with pytest.raises(LogCorrupt, match="missing"):
            log.reader().read("edge-0", first, limit=ALL)


async def test_a_partition_has_one_appender_at_a_time(log: Log) -> None:
    appender = log.appender()
    with pytest.raises(AlreadyRunning):
        log.appender()
    await log.appender("edge-1").close()
    await appender.close()
    await log.appender().close()


async def test_closing_commits_what_is_queued(log: Log) -> None:
    appender = log.appender()
    waiting = [appender.append(receipt(number)) for number in range(100)]
    await appender.close()
    assert all(one.done() and one.exception() is None for one in waiting)
    assert numbers(everything(log.reader())) == list(range(100))


async def test_closing_twice_is_fine(log: Log) -> None:
    appender = log.appender()
    await asyncio.gather(appender.close(), appender.close())
    await appender.close()


async def test_a_closed_appender_takes_nothing(log: Log) -> None:
    appender = log.appender()
    assert appender.ready() is None
    await appender.close()
    with pytest.raises(LogUnavailable):
        appender.append(receipt(1))
    assert appender.ready() == "the log is closed"
    assert log.reader().ends() == {"edge-0": 0}


async def test_a_waiter_that_gives_up_disturbs_nobody(log: Log) -> None:
    appender = log.appender()
    waiting = [appender.append(receipt(number)) for number in range(10)]
    waiting[3].cancel()
    done = await asyncio.gather(*waiting, return_exceptions=True)
    assert [index for index, one in enumerate(done) if one is not None] == [3]
    assert set(numbers(everything(log.reader()))) >= set(range(10)) - {3}
    await appender.close()


async def test_too_much_waiting_is_refused_at_once_and_nothing_queued_is_lost(new_log: Callable[..., Log]) -> None:
    log = new_log(waiting_bytes=50_000)
    appender = log.appender()
    taken = [appender.append(receipt(number, 10_000)) for number in range(4)]
    with pytest.raises(LogUnavailable, match="waiting"):
        appender.append(receipt(4, 10_000))
    await asyncio.gather(*taken)
    await appender.append(receipt(100, 10_000))
    assert numbers(everything(log.reader())) == [0, 1, 2, 3, 100]
    await appender.close()


async def test_one_receipt_larger_than_what_may_wait_is_taken(new_log: Callable[..., Log]) -> None:
    appender = new_log(waiting_bytes=10).appender()
    await appender.append(receipt(1, 5000))
    await appender.close()


async def fill_up(appender: Appender) -> int:
    for taken in range(100):
        try:
            await appender.append(receipt(taken + 1, 100_000))
        except LogUnavailable as refusal:
            assert "cap of 1048576 bytes" in str(refusal)  # noqa: PT017 (when it comes is part of the answer)
            return taken
    return 100


async def test_a_log_at_its_cap_refuses_and_deletes_nothing_until_rows_are_released(
    new_log: Callable[..., Log],
) -> None:
    log = new_log(byte_cap=MIB)
    appender = log.appender()
    taken = await fill_up(appender)
    assert 5 <= taken <= 12
    reader = log.reader()
    log.clock.now += PAUSE
    assert "cap" in (appender.ready() or "")
    assert numbers(everything(reader)) == list(range(1, taken + 1))

    reader.release("edge-0", taken)
    log.clock.now += PAUSE
    await until(lambda: appender.ready() is None)
    await appender.append(receipt(0))
    assert numbers(list(reader.read("edge-0", taken + 1, limit=ALL))) == [0]
    await appender.close()


async def test_released_rows_are_given_whole_or_refused_and_later_ones_stay(log: Log) -> None:
    await fill(log, 20, size=40_000)
    reader = log.reader()
    reader.release("edge-0", 15)
    reader.release("edge-0", 3)
    reader.release("edge-0", 0)
    assert numbers(list(reader.read("edge-0", 16, limit=ALL))) == [16, 17, 18, 19, 20]
    assert reader.ends() == {"edge-0": 20}
    with pytest.raises(LogCorrupt, match="released"):
        reader.read("edge-0", 1, limit=ALL)


async def test_releasing_more_than_there_is_does_no_harm(log: Log) -> None:
    await fill(log, 3)
    reader = log.reader()
    reader.release("edge-0", 99)
    reader.release("edge-9", 99)
    assert reader.ends() == {"edge-0": 3}
    await fill(log, 1)
    assert numbers(list(reader.read("edge-0", 4, limit=ALL))) == [1]


async def test_a_loop_that_ends_early_leaves_the_log_in_order(log: Log) -> None:
    appender = log.appender()

    def leave_behind() -> None:
        async def append() -> None:
            appender.append(receipt(1))
            await asyncio.sleep(0)

        asyncio.run(append())

    await asyncio.to_thread(leave_behind)
    await appender.append(receipt(2))
    await appender.close()
    assert numbers(everything(log.reader())) == [1, 2]
