from __future__ import annotations

import pytest

from headgate.errors import CoreStopped
from headgate.log.base import Row
from headgate.stream import conversion, pipeline
from headgate.stream.conversion import Conversion, Unreadable
from headgate.stream.dead_run import DeadRun
from headgate.stream.dedup import Recall, put_duplicate
from headgate.stream.pipeline import Folded
from headgate_contract.event import Receipt

RECEIPT = Receipt(request_id="r", received_at=1, event_group_id="g", account_id="a", key_id="k", received=1, accepted=1)
ROW = Row("edge-0", 1, 1, [RECEIPT], 1)


def made(place: int, event_id: str = "e", time: int = 1000) -> Conversion:
    line = b'{"event_name":"LEAD","event_time":%d,"event_id":"%b"}' % (time, event_id.encode())
    return conversion.read(place, ROW, RECEIPT, line)


def fails_on_two(one: Conversion, _recall: Recall) -> None:
    if one.place == 2:
        raise ValueError("jane@example.com")


def test_steps_run_in_order_on_every_conversion() -> None:
    seen: list[tuple[str, int]] = []
    steps = [
        lambda one, _recall: seen.append(("first", one.place)),
        lambda one, _recall: seen.append(("second", one.place)),
    ]
    pipeline.run([made(0), made(1)], steps, Recall())
    assert seen == [("first", 0), ("second", 0), ("first", 1), ("second", 1)]


def test_a_step_that_raises_makes_a_dead_letter_that_quotes_nothing() -> None:
    folded = pipeline.run([made(1, "a"), made(2, "b"), made(3, "c")], [fails_on_two], Recall())
    assert [one.place for one in folded.conversions] == [1, 3]
    assert [(one.place, one.reason, one.detail, one.event_id) for one in folded.dead] == [
        (2, "step_failed", "fails_on_two: ValueError", "b")
    ]


def test_a_dead_letter_makes_nothing_a_duplicate() -> None:
    folded = pipeline.run([made(2), made(3)], [put_duplicate, fails_on_two], Recall())
    assert [one.status for one in folded.conversions] == ["kept"]


def test_a_refused_record_makes_nothing_a_duplicate() -> None:
    folded = pipeline.run([made(0), made(1), made(2)], [put_duplicate], Recall(), {0: "too big"})
    assert [(one.place, one.status) for one in folded.conversions] == [(1, "kept"), (2, "duplicate")]
    assert [(one.reason, one.detail) for one in folded.dead] == [("refused", "too big")]


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[]",
        b"null",
        b"{}",
        b'{"event_name":"LEAD"}',
        b'{"event_name":"LEAD","event_time":-1}',
        b'{"event_name":"LEAD","event_time":4294967296}',
        b'{"event_name":"LEAD","event_time":1,"event_id":5}',
        b'{"event_name":"","event_time":1}',
        b'{"event_name":"LEAD","event_time":1} {}',
        b'{"event_name":"LEAD","event_time":1,"event_id":"\xff"}',
        b'{"event_name":"LEAD","event_time":1,"x":' + b"[" * 100_000,
    ],
)
def test_a_line_that_is_no_event_is_unreadable(line: bytes) -> None:
    with pytest.raises(Unreadable):
        conversion.read(0, ROW, RECEIPT, line)


def folded(pattern: str) -> Folded:
    """`.`: a conversion, `x`: a dead letter."""
    places = list(enumerate(pattern))
    return Folded(
        [made(place) for place, kind in places if kind == "."],
        [pipeline.dead(made(place), "refused", "") for place, kind in places if kind == "x"],
    )


def test_dead_letters_in_a_row_are_counted_across_blocks() -> None:
    run = DeadRun(3)
    for pattern in (".xx", "x", ""):
        run.check(folded(pattern))
        run.count(folded(pattern))
    with pytest.raises(CoreStopped, match="4 records in a row"):
        run.check(folded("x."))


def test_a_good_record_ends_a_run_of_dead_letters() -> None:
    run = DeadRun(3)
    for pattern in ("xxx.", "xxx", ".", "xxx"):
        run.check(folded(pattern))
        run.count(folded(pattern))


def test_a_run_in_the_middle_of_a_block_counts() -> None:
    with pytest.raises(CoreStopped, match="refused"):
        DeadRun(3).check(folded(".xxxx."))


def test_checking_a_block_does_not_count_it() -> None:
    run = DeadRun(3)
    for _ in range(5):
        run.check(folded("xxx"))
