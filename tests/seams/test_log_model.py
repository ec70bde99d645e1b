"""Both logs against a model, which is a list; and what only the twin in memory can do."""

from __future__ import annotations

import asyncio
import itertools
import random
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.errors import LogCorrupt, LogUnavailable
from headgate.log.base import Appender, Reader, Row
from headgate.log.memory import MemoryLog
from headgate.log.sqlite import SqliteAppender
from headgate.log.sqlite_reader import SqliteReader
from headgate_contract.event import Receipt

ALL = 1 << 40


def receipt(number: int, size: int) -> Receipt:
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


steps = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(1, 4), st.sampled_from([0, 3000, 60_000])),
        st.just(("reopen", 0, 0)),
        st.just(("new reader", 0, 0)),
        st.tuples(st.just("read"), st.integers(1, 40), st.sampled_from([1, 5000, ALL])),
        st.tuples(st.just("release"), st.integers(0, 40), st.just(0)),
    ),
    max_size=25,
)


class Model:
    """What a log should hold, beside one that is put to the test."""

    def __init__(self, kind: str, folder: Path) -> None:
        clock = itertools.count(1_700_000_000_000_000).__next__
        memory = MemoryLog(clock=clock)
        if kind == "sqlite":
            self.new_appender: Callable[[], Appender] = lambda: SqliteAppender(
                folder, "edge-0", clock=clock, byte_cap=1 << 30, roll_bytes=200_000
            )
            self.new_reader: Callable[[], Reader] = lambda: SqliteReader(folder)
        else:
            self.new_appender = lambda: memory.appender("edge-0")
            self.new_reader = memory.reader
        self.appender = self.new_appender()
        self.reader = self.new_reader()
        self.appended: list[int] = []
        self.released = 0

    async def take(self, step: str, number: int, size: int) -> None:
        match step:
            case "append":
                new = [len(self.appended) + index for index in range(number)]
                await asyncio.gather(*(self.appender.append(receipt(index, size)) for index in new))
                self.appended += new
            case "reopen":
                await self.appender.close()
                self.appender = self.new_appender()
            case "new reader":
                self.reader.close()
                self.reader = self.new_reader()
            case "read":
                self.read(number, size)
            case _:
                end = self.reader.ends()["edge-0"]
                self.reader.release("edge-0", min(number, end))
                self.released = max(self.released, min(number, end))

    def read(self, first: int, limit: int) -> None:
        try:
            rows = self.reader.read("edge-0", first, limit=limit)
        except LogCorrupt:
            assert first <= self.released
        else:
            assert [row.offset for row in rows] == list(range(first, first + len(rows)))
            assert bool(rows) == (first <= self.reader.ends()["edge-0"])

    def check_all(self) -> None:
        rows: list[Row] = []
        while more := self.reader.read("edge-0", self.released + len(rows) + 1, limit=1 << 20):
            rows += more
        assert self.released + len(rows) == self.reader.ends()["edge-0"]
        found = [one.received_at for row in rows for one in row.receipts]
        assert found == self.appended[len(self.appended) - len(found) :]
        if not self.released:
            assert found == self.appended


@pytest.mark.parametrize("kind", ["sqlite", "memory"])
@given(done=steps)
@settings(max_examples=150, deadline=None)
def test_any_order_of_doings_gives_back_just_what_was_appended(kind: str, done: list[tuple[str, int, int]]) -> None:
    async def play(folder: str) -> None:
        model = Model(kind, Path(folder))
        for step, number, size in done:
            await model.take(step, number, size)
        model.check_all()
        await model.appender.close()
        model.check_all()
        model.reader.close()

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(play(folder))


async def test_the_memory_twin_fails_as_often_as_it_is_told() -> None:
    log = MemoryLog(clock=lambda: 5)
    appender = log.appender("edge-0")
    log.fail_next(2)
    assert appender.ready() is not None
    for _ in range(2):
        with pytest.raises(LogUnavailable):
            await appender.append(receipt(1, 0))
    await appender.append(receipt(2, 0))
    assert appender.ready() is None
    assert [row.receipts for row in log.reader().read("edge-0", 1, limit=ALL)] == [[receipt(2, 0)]]
