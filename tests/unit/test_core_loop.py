"""The core's loop over a worker that does as it is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from structlog.testing import capture_logs

from headgate.errors import CoreStopped, LogCorrupt, LogUnavailable, StoreUnavailable
from headgate.processes.core_loop import FULL, CoreLoop
from server import until

Turn = int | Exception


class Script:
    """A worker that takes its turns from a list, and then has nothing to do."""

    def __init__(self, *turns: Turn) -> None:
        self.trouble: str | None = None
        self.turns = list(turns)
        self.calls = 0

    def run_once(self) -> int:
        self.calls += 1
        turn = self.turns.pop(0) if self.turns else 0
        if isinstance(turn, Exception):
            raise turn
        return turn


@contextmanager
def looping(worker: Script, die: Callable[[int], None] = lambda _status: None) -> Iterator[CoreLoop]:
    loop = CoreLoop(worker, die)  # type: ignore[arg-type]
    loop.start()
    try:
        yield loop
    finally:
        loop.close()
    assert "core" not in {thread.name for thread in threading.enumerate()}


def test_full_blocks_are_taken_without_a_pause_and_an_empty_log_is_looked_at_again() -> None:
    worker = Script(*[FULL] * 50)
    with looping(worker) as loop:
        until(lambda: worker.calls > 52)
        assert loop.trouble is None


@pytest.mark.parametrize("error", [StoreUnavailable("no store"), LogUnavailable("no log")])
def test_what_cannot_be_reached_is_tried_again_after_growing_pauses(error: Exception) -> None:
    worker = Script(error, error, 0)
    with capture_logs() as lines, looping(worker) as loop:
        until(lambda: loop.trouble == f"waiting: {error}")
        until(lambda: worker.calls >= 3 and loop.trouble is None)
    assert [(line["log_level"], line["pause"]) for line in lines] == [("error", 0.1), ("error", 0.2)]


def test_after_a_success_the_next_pause_is_a_short_one() -> None:
    worker = Script(StoreUnavailable(), StoreUnavailable(), 0, StoreUnavailable(), 0)
    with capture_logs() as lines, looping(worker) as loop:
        until(lambda: worker.calls >= 5 and loop.trouble is None)
    assert [line["pause"] for line in lines] == [0.1, 0.2, 0.1]


@pytest.mark.parametrize("error", [CoreStopped("a run of dead letters"), LogCorrupt("a torn row")])
def test_what_waiting_cannot_mend_stops_the_core_loudly(error: Exception) -> None:
    worker = Script(error)
    died: list[int] = []
    with capture_logs() as lines, looping(worker, died.append) as loop:
        until(lambda: not loop._thread.is_alive())
        assert loop.trouble == f"stopped: {error}"
    assert (worker.calls, died) == (1, [])
    assert [(line["log_level"], line["reason"]) for line in lines] == [("critical", str(error))]


def test_what_nobody_expected_ends_the_process_and_its_words_are_not_logged() -> None:
    worker = Script(ValueError("ada@example.com"))
    died: list[int] = []
    with capture_logs() as lines, looping(worker, died.append):
        until(lambda: died)
    assert (worker.calls, died) == (1, [1])
    assert [(line["log_level"], line["error"]) for line in lines] == [("critical", "ValueError")]
    assert "test_core_loop.py" in lines[0]["places"][-1]
    assert "ada" not in str(lines)


def test_trouble_that_keeps_no_block_from_being_loaded_is_told_once() -> None:
    worker = Script()
    worker.trouble = "the archive waits"
    with capture_logs() as lines, looping(worker) as loop:
        until(lambda: worker.calls > 3)
        assert loop.trouble == "the archive waits"
        worker.trouble = None
        until(lambda: loop.trouble is None)
    assert [line["reason"] for line in lines] == ["the archive waits"]


def test_a_loop_that_waits_long_ends_at_once_when_it_is_closed() -> None:
    worker = Script(*[StoreUnavailable()] * 100)
    with looping(worker) as loop:
        loop._pause = 1000
        until(lambda: loop.trouble)
    assert worker.calls < 5
