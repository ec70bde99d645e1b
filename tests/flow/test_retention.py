"""While the archive cannot be written loading goes on, the log keeps everything, and somebody is told."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from headgate.errors import LogUnavailable
from headgate.log import archive
from headgate.log.journal import Journal
from headgate.log.memory import MemoryLog, MemoryReader
from headgate.processes.core_loop import CoreLoop
from headgate.store.memory import MemoryStore
from headgate.stream.retention import SECOND, Retention
from headgate.stream.worker import Limits, Worker
from headgate_contract.event import Receipt

NOW = 1_763_900_000 * SECOND
PATIENCE = 20.0


class Clock:
    now = NOW

    def __call__(self) -> int:
        return self.now


class Site:
    """A log of twenty rows, taken one a block, and an archive that begins as a file where its folder should be."""

    def __init__(self, folder: Path) -> None:
        self.clock, self.store, self.archive = Clock(), MemoryStore(), folder / "archive"
        self.log, self.journal = asyncio.run(_logged()), Journal(folder / "journal.db")
        self.archive.touch()
        self.worker = self.new_worker()

    def new_worker(self, enough: int = 1) -> Worker:
        limits = Limits(records=1, archive=enough)
        return Worker(self.log.reader(), self.journal, self.store, self.clock, self.archive, limits)

    def mend(self) -> None:
        self.archive.unlink()

    def archived(self) -> list[int]:
        return [block.seq for path in archive.files_of(self.archive) for block, _ in archive.read(path)]

    def rows(self) -> int:
        return sum(len(partition.rows) for partition in self.log.partitions.values())


async def _logged() -> MemoryLog:
    log = MemoryLog(clock=lambda: NOW)
    appender = log.appender("edge-0")
    for place in range(20):
        line = msgspec.json.encode({"event_name": "LEAD", "event_time": 1, "event_id": f"id {place}"})
        await appender.append(
            Receipt(
                request_id=f"r{place}", received_at=NOW, event_group_id="g", account_id="a", key_id="k",
                received=1, accepted=1, events=line,
            )
        )  # fmt: skip
    return log


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    yield site
    site.journal.close()


def test_loading_goes_on_and_nothing_is_released_while_the_archive_fails(site: Site) -> None:
    assert site.worker.trouble is None
    assert site.worker.drain() == 20
    assert site.worker.trouble
    assert "the archive waits" in site.worker.trouble
    assert (len(site.store.tables["conversions"]), site.rows()) == (20, 20)
    assert len(site.journal.unarchived()) == 20


def test_the_archive_is_tried_again_after_a_pause_even_when_nothing_comes(site: Site) -> None:
    site.worker.drain()
    site.mend()
    site.clock.now += SECOND - 1
    assert site.worker.run_once() == 0
    assert (site.worker.trouble is None, site.archive.exists()) == (False, False)
    site.clock.now += 1
    for _ in range(25):
        site.worker.run_once()
    assert (site.worker.trouble, site.rows(), site.archived()) == (None, 0, list(range(1, 21)))


def test_pauses_grow_up_to_some_minutes(site: Site) -> None:
    tries = 0

    class Counted(MemoryReader):
        def release(self, partition: str, last: int) -> None:
            nonlocal tries
            tries += 1
            raise LogUnavailable(f"{partition} keeps row {last}")

    site.worker.drain()
    retention = Retention(Counted(site.log), site.journal, site.archive.parent / "good", site.clock, 1)
    retention.note(site.log.reader().read("edge-0", 1, limit=1))
    seen = []
    for _ in range(1500):
        retention.tend()
        seen.append(tries)
        site.clock.now += SECOND
    # after 1, 2, 4, … 256 and then every 300 seconds
    assert [at for at, (before, after) in enumerate(zip([0, *seen], seen, strict=False)) if after > before] == [
        0, 1, 3, 7, 15, 31, 63, 127, 255, 511, 811, 1111, 1411,
    ]  # fmt: skip


def test_a_clock_that_is_set_back_does_not_make_the_pause_longer(site: Site) -> None:
    site.worker.drain()
    site.mend()
    site.clock.now -= 3600 * SECOND
    site.worker.run_once()
    assert site.worker.trouble is None


def test_a_long_trouble_is_made_up_for_in_portions(site: Site) -> None:
    size = sum(len(kept.frame) for kept in site.log.partitions["edge-0"].rows.values()) // 20
    site.worker.drain()
    site.mend()
    again = site.new_worker(enough=size * 5)
    for _ in range(10):
        again.run_once()
    again.archive()
    assert site.archived() == list(range(1, 21))
    assert 3 <= len(archive.files_of(site.archive)) <= 7


def test_archiving_on_demand_says_that_it_failed(site: Site) -> None:
    site.worker.drain()
    with pytest.raises(LogUnavailable):
        site.worker.archive()
    assert site.rows() == 20


def test_a_release_that_failed_is_made_up_for(site: Site) -> None:
    class Stuck(MemoryReader):
        stuck = True

        def release(self, partition: str, last: int) -> None:
            if self.stuck:
                raise OSError("no")
            super().release(partition, last)

    site.mend()
    reader = Stuck(site.log)
    worker = Worker(reader, site.journal, site.store, site.clock, site.archive, Limits(records=1, archive=1))
    assert worker.drain() == 20
    assert (bool(worker.trouble), site.rows()) == (True, 20)
    reader.stuck = False
    for _ in range(25):
        site.clock.now += 300 * SECOND
        worker.run_once()
    assert (worker.trouble, site.rows()) == (None, 0)


def test_the_core_says_that_the_archive_fails_and_when_it_does_again(site: Site) -> None:
    loop = CoreLoop(site.worker, die=lambda _status: None)
    loop.start()
    try:
        _until(lambda: loop.trouble is not None and len(site.store.tables.get("conversions", [])) >= 3)
        assert "the archive waits" in (loop.trouble or "")
        site.mend()
        site.clock.now += 600 * SECOND
        _until(lambda: loop.trouble is None)
    finally:
        loop.close()


def _until(condition: object) -> None:
    assert callable(condition)
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
