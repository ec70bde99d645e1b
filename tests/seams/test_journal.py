from __future__ import annotations

import contextlib
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.errors import LogCorrupt, LogUnavailable
from headgate.log.base import Stretch
from headgate.log.journal import Block, Journal


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log" / "journal.db"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    with contextlib.closing(Journal(path)) as journal:
        yield journal


def test_a_new_journal_has_nothing_planned(journal: Journal) -> None:
    assert journal.pending() is None
    assert journal.positions() == {}
    assert journal.unarchived() == []
    assert list(journal.blocks()) == []


def test_a_block_is_planned_then_loaded_then_archived(journal: Journal) -> None:
    block = journal.plan([Stretch("edge-1", 1, 2), Stretch("edge-0", 1, 5)], 10)
    assert block == Block(1, (Stretch("edge-0", 1, 5), Stretch("edge-1", 1, 2)), 10)
    assert journal.pending() == block
    assert journal.unarchived() == []
    assert journal.positions() == {"edge-0": 5, "edge-1": 2}

    journal.loaded(1, 11)
    loaded = Block(1, block.stretches, 10, 11)
    assert journal.pending() is None
    assert journal.unarchived() == [loaded]

    journal.archived([1], "a.zst")
    assert journal.unarchived() == []
    assert list(journal.blocks()) == [Block(1, block.stretches, 10, 11, "a.zst")]


def test_the_next_block_begins_where_the_last_one_ended(journal: Journal) -> None:
    journal.plan([Stretch("edge-0", 1, 5)], 1)
    journal.loaded(1, 2)
    assert journal.plan([Stretch("edge-0", 6, 6), Stretch("edge-1", 1, 1)], 3).seq == 2
    assert journal.positions() == {"edge-0": 6, "edge-1": 1}


@pytest.mark.parametrize(
    "stretches",
    [
        [],
        [Stretch("edge-0", 5, 9)],
        [Stretch("edge-0", 7, 9)],
        [Stretch("edge-0", 1, 5)],
        [Stretch("edge-0", 6, 5)],
        [Stretch("edge-1", 0, 5)],
        [Stretch("edge-1", 1, 5), Stretch("edge-1", 6, 7)],
    ],
)
def test_a_stretch_that_does_not_follow_is_refused_and_changes_nothing(
    journal: Journal, stretches: list[Stretch]
) -> None:
    journal.plan([Stretch("edge-0", 1, 5)], 1)
    journal.loaded(1, 2)
    with pytest.raises(ValueError, match=r"stretch|follow"):
        journal.plan(stretches, 3)
    assert journal.pending() is None
    assert journal.positions() == {"edge-0": 5}


def test_only_one_block_is_pending_at_a_time(journal: Journal) -> None:
    journal.plan([Stretch("edge-0", 1, 5)], 1)
    with pytest.raises(ValueError, match="block 1 is not loaded"):
        journal.plan([Stretch("edge-0", 6, 9)], 2)


@pytest.mark.parametrize("seq", [0, 1, 3])
def test_only_the_pending_block_can_be_loaded(journal: Journal, seq: int) -> None:
    journal.plan([Stretch("edge-0", 1, 5)], 1)
    journal.loaded(1, 2)
    journal.plan([Stretch("edge-0", 6, 9)], 3)
    with pytest.raises(ValueError, match="not pending"):
        journal.loaded(seq, 4)


def test_a_block_that_is_not_loaded_cannot_be_archived_nor_those_named_with_it(journal: Journal) -> None:
    journal.plan([Stretch("edge-0", 1, 5)], 1)
    journal.loaded(1, 2)
    journal.plan([Stretch("edge-0", 6, 9)], 3)
    with pytest.raises(ValueError, match="block 2 is not loaded"):
        journal.archived([1, 2], "a.zst")
    assert [block.seq for block in journal.unarchived()] == [1]


def test_archived_blocks_are_forgotten_but_the_numbers_go_on(path: Path, journal: Journal) -> None:
    for seq in range(1, 301):
        journal.plan([Stretch("edge-0", seq, seq)], seq)
        journal.loaded(seq, seq)
    journal.archived(range(1, 300), "a.zst")
    assert [block.seq for block in journal.blocks()] == [300]
    journal.archived([300], "b.zst")
    assert [(block.seq, block.archive) for block in journal.blocks()] == [(300, "b.zst")]
    assert journal.positions() == {"edge-0": 300}
    with contextlib.closing(Journal(path)) as again:
        assert (again.last_seq(), again.newest(5)) == (300, list(journal.blocks()))
        assert again.plan([Stretch("edge-0", 301, 301)], 1).seq == 301
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM stretches").fetchone() == (2,)


def test_only_some_of_what_waits_for_the_archive_can_be_asked_for(journal: Journal) -> None:
    for seq in range(1, 4):
        journal.plan([Stretch("edge-0", seq, seq)], seq)
        journal.loaded(seq, seq)
    assert [block.seq for block in journal.unarchived(2)] == [1, 2]
    assert [block.seq for block in journal.newest(2)] == [3, 2]


def archived(seq: int, first: int, last: int) -> Block:
    return Block(seq, (Stretch("edge-0", first, last),), 10, 11, "a.zst")


def test_a_journal_learns_blocks_from_their_archive(journal: Journal) -> None:
    for block in (archived(1, 1, 5), archived(2, 6, 6), archived(3, 7, 9)):
        journal.adopt(block)
    assert list(journal.blocks()) == [archived(3, 7, 9)]
    assert (journal.positions(), journal.kept_elsewhere()) == ({"edge-0": 9}, {"edge-0": 9})
    assert journal.plan([Stretch("edge-0", 10, 10)], 1).seq == 4


def test_a_planned_block_that_is_found_archived_is_loaded(journal: Journal) -> None:
    journal.plan([Stretch("edge-0", 1, 5)], 10)
    journal.adopt(archived(1, 1, 5))
    assert (journal.pending(), journal.unarchived()) == (None, [])
    assert list(journal.blocks()) == [archived(1, 1, 5)]


@pytest.mark.parametrize("block", [archived(1, 1, 4), archived(2, 6, 6), archived(3, 6, 6), archived(2, 7, 7)])
def test_a_block_that_does_not_fit_is_not_learnt(journal: Journal, block: Block) -> None:
    journal.plan([Stretch("edge-0", 1, 5)], 10)
    if block.stretches[0].first == 7:
        journal.loaded(1, 2)
    with pytest.raises(LogCorrupt, match="not"):
        journal.adopt(block)
    assert (journal.last_seq(), journal.positions()) == (1, {"edge-0": 5})


def test_what_was_planned_is_still_so_after_the_process_ended(path: Path, journal: Journal) -> None:
    block = journal.plan([Stretch("edge-0", 1, 5)], 1)
    with contextlib.closing(Journal(path)) as again:
        assert again.pending() == block
        again.loaded(1, 2)
    assert journal.pending() is None


def test_blocks_come_in_order_from_where_one_asks(journal: Journal) -> None:
    for seq in range(1, 1203):
        journal.plan([Stretch("edge-0", seq, seq)], seq)
        journal.loaded(seq, seq)
    assert [block.seq for block in journal.blocks()] == list(range(1, 1203))
    assert [block.seq for block in journal.blocks(after_seq=1200)] == [1201, 1202]


def test_any_thread_may_ask(journal: Journal) -> None:
    seen: list[dict[str, int]] = []
    threads = [threading.Thread(target=lambda: seen.append(journal.positions())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [{}] * 8


def test_a_journal_that_cannot_be_written_says_so_and_recovers(path: Path, journal: Journal) -> None:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LogUnavailable):
            journal.plan([Stretch("edge-0", 1, 5)], 1)
        other.execute("ROLLBACK")
    assert journal.pending() is None
    assert journal.plan([Stretch("edge-0", 1, 5)], 1).seq == 1


def test_a_journal_goes_on_after_it_was_closed(journal: Journal) -> None:
    journal.close()
    assert journal.plan([Stretch("edge-0", 1, 5)], 1).seq == 1


def test_a_damaged_journal_is_corrupt(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(LogCorrupt):
        Journal(path)


def test_a_journal_of_a_later_format_says_so(path: Path, journal: Journal) -> None:
    journal.close()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 9")
    with pytest.raises(LogCorrupt, match="format 9"):
        Journal(path)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("plan"), st.dictionaries(st.sampled_from("abc"), st.integers(1, 3), min_size=1)),
        st.tuples(st.sampled_from(["loaded", "archived", "reopen"]), st.just({})),
    ),
    max_size=30,
)


@given(steps)
@settings(max_examples=60, deadline=None)
def test_any_order_of_doings_leaves_every_row_in_just_one_block(done: list[tuple[str, dict[str, int]]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.db"
        journal = Journal(path)
        planned: list[Block] = []
        for step, counts in done:
            pending = journal.pending()
            if step == "plan" and pending is None:
                ends = journal.positions()
                planned.append(
                    journal.plan(
                        [Stretch(name, ends.get(name, 0) + 1, ends.get(name, 0) + n) for name, n in counts.items()], 1
                    )
                )
            elif step == "loaded" and pending is not None:
                journal.loaded(pending.seq, 2)
            elif step == "archived":
                journal.archived([block.seq for block in journal.unarchived()], "a.zst")
            elif step == "reopen":
                journal.close()
                journal = Journal(path)
        assert [block.seq for block in planned] == list(range(1, len(planned) + 1))
        assert journal.last_seq() == len(planned)
        for name, end in journal.positions().items():
            mine = [s for block in planned for s in block.stretches if s.partition == name]
            assert [offset for s in mine for offset in range(s.first, s.last + 1)] == list(range(1, end + 1))
        left = list(journal.blocks())
        assert [(block.seq, block.stretches) for block in left] == [
            (block.seq, block.stretches) for block in planned[len(planned) - len(left) :]
        ]
        assert [block.seq for block in left if block.loaded_at is None] in ([], [len(planned)])
        # of what is archived only the newest is left, until more is
        assert [block.seq for block in left if block.archive] in ([], [left[0].seq] if left else [])
        for name, end in journal.kept_elsewhere().items():
            waiting = [s.first for block in left if not block.archive for s in block.stretches if s.partition == name]
            assert end == min(waiting, default=journal.positions()[name] + 1) - 1
        journal.close()
