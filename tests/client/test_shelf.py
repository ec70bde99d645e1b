"""What every shelf must do: the one in memory and the one in a file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headgate_client import SpillUnusable
from headgate_client._batch import Item
from headgate_client._shelf import MemoryShelf, Shelf
from headgate_client._spill import SpillShelf

Open = Callable[[], Shelf]


@pytest.fixture(params=["memory", "file"])
def open_shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    opened: list[Shelf] = []
    names = iter(range(10_000))

    def open_one() -> Shelf:
        opened.append(MemoryShelf() if request.param == "memory" else SpillShelf(tmp_path / f"{next(names)}.db", "g"))
        return opened[-1]

    yield open_one
    for shelf in opened:
        shelf.close()


def item(name: str, size: int = 10) -> Item:
    return Item(-1, name, b"x" * size)


def ids(items: list[Item]) -> list[str]:
    return [one.event_id for one in items]


def test_events_come_off_in_the_order_they_were_put(open_shelf: Open) -> None:
    shelf = open_shelf()
    for name in "abcde":
        shelf.add(item(name), now=1)
    assert ids(shelf.take(2, 1000)) == ["a", "b"]
    assert ids(shelf.take(10, 1000)) == ["c", "d", "e"]
    assert shelf.take(10, 1000) == []
    assert (shelf.count, shelf.waiting, shelf.bytes, shelf.waiting_bytes) == (5, 0, 50, 0)


def test_a_batch_holds_the_bytes_asked_for_with_its_commas_but_one_event_in_any_case(open_shelf: Open) -> None:
    shelf = open_shelf()
    for name in "abcd":
        shelf.add(item(name), now=1)
    assert ids(shelf.take(10, 21)) == ["a", "b"]
    assert ids(shelf.take(10, 20)) == ["c"]
    assert ids(shelf.take(10, 1)) == ["d"]


def test_what_is_put_back_comes_after_everything_else(open_shelf: Open) -> None:
    shelf = open_shelf()
    for name in "abc":
        shelf.add(item(name), now=1)
    first = shelf.take(1, 1000)
    shelf.put_back(first)
    assert shelf.waiting == 3
    assert [ids(shelf.take(1, 1000)) for _ in range(3)] == [["b"], ["c"], ["a"]]


def test_what_is_removed_is_gone_and_its_room_is_free(open_shelf: Open) -> None:
    shelf = open_shelf()
    shelf.add(item("a"), now=1)
    shelf.remove(shelf.take(1, 1000))
    assert (shelf.count, shelf.bytes, shelf.waiting) == (0, 0, 0)
    assert shelf.oldest() is None


def test_numbers_grow_and_the_last_one_is_known(open_shelf: Open) -> None:
    shelf = open_shelf()
    assert shelf.last == -1
    for name in "ab":
        shelf.add(item(name), now=1)
    first, second = shelf.take(2, 1000)
    assert first.index < second.index == shelf.last


def test_the_oldest_is_the_next_one(open_shelf: Open) -> None:
    shelf = open_shelf()
    shelf.add(item("a"), now=5)
    shelf.add(item("b"), now=7)
    assert shelf.oldest() == 5
    shelf.take(1, 1000)
    assert shelf.oldest() == 7


def test_a_shelf_that_ends_with_the_process_knows_what_is_lost(open_shelf: Open) -> None:
    shelf = open_shelf()
    for name in "ab":
        shelf.add(item(name), now=1)
    shelf.take(1, 1000)
    assert ids(shelf.rest()) == ([] if shelf.lasting else ["a", "b"])


def test_closing_twice_is_fine(open_shelf: Open) -> None:
    shelf = open_shelf()
    shelf.close()
    shelf.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(steps=st.lists(st.sampled_from(["add", "take", "remove", "back", "hold"]), max_size=30))
def test_no_event_is_handed_out_twice_at_a_time_or_lost(open_shelf: Open, steps: list[str]) -> None:
    shelf = open_shelf()
    taken: list[list[Item]] = []
    put, here = 0, set()
    held: set[str] = set()
    for step in steps:
        if step == "add":
            shelf.add(item(str(put)), now=1)
            here.add(str(put))
            put += 1
        elif step == "take":
            if not taken and (batch := shelf.take(3, 1000)):
                taken.append(batch)
        elif taken:
            batch = taken.pop()
            {"remove": shelf.remove, "back": shelf.put_back, "hold": shelf.hold}[step](batch)
            if step != "back":
                here -= set(ids(batch))
            if step == "hold" and shelf.lasting:
                held |= set(ids(batch))
    out = set(ids([one for batch in taken for one in batch]))
    assert shelf.count == len(here) + len(held)
    assert shelf.waiting == len(here) - len(out)
    for batch in taken:
        shelf.put_back(batch)
    found: list[str] = []
    while batch := shelf.take(2, 1000):
        found += ids(batch)
    assert sorted(found) == sorted(here)


def test_a_file_gives_what_was_not_removed_to_the_next_shelf(tmp_path: Path) -> None:
    path = tmp_path / "spill.db"
    first = SpillShelf(path, "g")
    for name in "abcd":
        first.add(item(name), now=1)
    first.remove(first.take(1, 1000))
    first.hold(first.take(1, 1000))
    first.take(1, 1000)
    first.close()
    second = SpillShelf(path, "g")
    assert (second.count, second.waiting, second.bytes) == (3, 3, 30)
    assert ids(second.take(10, 1000)) == ["b", "c", "d"]
    second.close()


def test_a_file_is_held_by_one_queue_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headgate_client._spill._PATIENCE", 0.05)
    first = SpillShelf(tmp_path / "spill.db", "g")
    with pytest.raises(SpillUnusable, match="held by another queue"):
        SpillShelf(tmp_path / "spill.db", "g")
    first.close()
    SpillShelf(tmp_path / "spill.db", "g").close()


def test_a_file_of_another_event_group_is_refused(tmp_path: Path) -> None:
    SpillShelf(tmp_path / "spill.db", "shop").close()
    with pytest.raises(SpillUnusable, match="'shop'"):
        SpillShelf(tmp_path / "spill.db", "app")


def test_what_is_no_spill_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("not a database at all, but long enough to be read as one\n" * 20)
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as database:
        database.execute("CREATE TABLE mine (x)")
    database.close()
    before = text.read_bytes()
    for path in (text, other, tmp_path, tmp_path / "no" / "folder" / "spill.db"):
        with pytest.raises(SpillUnusable):
            SpillShelf(path, "g")
    assert text.read_bytes() == before


def test_nobody_else_may_read_the_file(tmp_path: Path) -> None:
    SpillShelf(tmp_path / "spill.db", "g").close()
    assert (tmp_path / "spill.db").stat().st_mode & 0o077 == 0
