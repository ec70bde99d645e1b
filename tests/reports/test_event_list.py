"""The list of events over several tables, each of which numbers its rows by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from headgate.reports.event_list import Narrowed, event_list, read_place
from headgate.reports.span import asked
from headgate.store.base import Store

TABLES = ("listed_conversions", "listed_dead_letters", "listed_rejections")
FIRST = 1_800_000_000


class Tables:
    """A store with rows (microseconds from the first, block, row) in three tables."""

    def __init__(self, rows: Mapping[str, set[tuple[int, int, int]]]) -> None:
        self._rows = rows

    def query(self, name: str, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
        before = (asked["before_at"], asked["before_block"], asked["before_row"])
        places = [(FIRST * 1_000_000 + at, block, row) for at, block, row in self._rows[name]]
        found = [place for place in places if place < before and asked["since"] <= place[0] < asked["until"]]
        told = {"status": name, "event_name": "", "source": "", "request_id": "", "key_id": ""}
        return [
            {"received_at": at, "block": block, "row": row, "event_id": f"{name} {at} {block} {row}", **told}
            for at, block, row in sorted(found, reverse=True)[: asked["limit"]]
        ]


few = st.integers(0, 2)


@given(
    st.fixed_dictionaries({name: st.sets(st.tuples(few, few, few), max_size=12) for name in TABLES}), st.integers(1, 7)
)
def test_what_came_at_once_in_several_tables_is_listed_once_each(
    rows: dict[str, set[tuple[int, int, int]]], limit: int
) -> None:
    store = cast("Store", Tables(rows))
    over, narrowed = asked("g", FIRST, FIRST + 900), Narrowed(status="received")
    seen: list[str] = []
    following: str | None = ""
    while following is not None:
        page = event_list(store, over, narrowed, after=read_place(following), limit=limit)
        seen += [event.event_id for event in page.events]
        following = page.following
    assert len(seen) == len(set(seen)) == sum(map(len, rows.values()))
