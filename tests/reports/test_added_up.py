"""What the store adds up is exact, whatever is loaded twice, cut short or there already."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any, get_args

import pytest

from headgate.reports.delay import LIMITS
from headgate.reports.match_keys import KEYS, WEIGHTS
from headgate.store import sql
from headgate.store.clickhouse import ClickHouseStore
from headgate_contract.event import UserData
from headgate_contract.vocabulary import EventName
from stored_rows import conversions, load, rejections

VIEWS = (
    "quarter_hours_of_conversions",
    "key_sets_of_conversions",
    "sampled_ids_of_conversions",
    "quarter_hours_of_rejections",
)


def added_up(store: ClickHouseStore) -> list[Any]:
    """All of it."""
    queries = (
        (
            "SELECT * EXCEPT (events, last_received_at, newest_block), sum(events), max(last_received_at), max(newest_block)"
            " FROM quarter_hours GROUP BY ALL ORDER BY ALL"
        ),
        "SELECT * EXCEPT (events, newest_block), sum(events), max(newest_block) FROM key_sets GROUP BY ALL ORDER BY ALL",
        "SELECT * FROM sampled_ids ORDER BY ALL",
    )
    return [list(store._loading.query(query).result_rows) for query in queries]


@pytest.fixture
def once(clickhouse: ClickHouseStore) -> ClickHouseStore:
    """A store that was loaded without trouble."""
    load(clickhouse, "conversions", conversions(Random(7), 200))
    load(clickhouse, "rejections", rejections(Random(8), 40))
    return clickhouse


@pytest.fixture
def other(open_database: Callable[[str], ClickHouseStore], database_names: Iterator[str]) -> Iterator[ClickHouseStore]:
    name = next(database_names)
    store = open_database(name)
    yield store
    store._command(f"DROP DATABASE {name}")


@pytest.mark.parametrize("view", VIEWS)
def test_a_load_that_was_cut_short_before_a_view_is_made_whole(
    once: ClickHouseStore, other: ClickHouseStore, view: str
) -> None:
    other.migrate()
    some, bad = conversions(Random(7), 200), rejections(Random(8), 40)
    newest = max(row["block"] for row in some)
    table, rows = ("rejections", bad) if "rejections" in view else ("conversions", some)
    load(other, "rejections" if table == "conversions" else "conversions", bad if table == "conversions" else some)
    newest = max(row["block"] for row in rows)
    load(other, table, [row for row in rows if row["block"] < newest])
    assert other.added_up(table, newest - 1)
    other._command(f"DETACH TABLE {view}")
    load(other, table, [row for row in rows if row["block"] == newest])
    assert not other.added_up(table, newest)
    other._command(f"ATTACH TABLE {view}")
    load(other, table, [row for row in rows if row["block"] == newest], times=2)
    assert other.added_up(table, newest)
    assert added_up(other) == added_up(once)


def test_an_older_store_is_added_up_when_it_is_brought_up_to_date(
    once: ClickHouseStore, other: ClickHouseStore
) -> None:
    for migration in sql.MIGRATIONS[:2]:
        for statement in migration.statements:
            other._command(statement)
        other._note(migration.version)
    some = conversions(Random(7), 200)
    load(other, "conversions", some)
    load(other, "rejections", rejections(Random(8), 40))
    cut_short = max(row["block"] for row in some)
    for block in range(1, cut_short):
        other.load("tallies", [b'{"block":%d,"hour":4000000000}' % block], f"tallies:{block}")
    other.migrate()
    assert not other.added_up("conversions", cut_short)
    # the newest block has no tally: the core loads it again, and with it come the sums
    load(other, "conversions", [row for row in some if row["block"] == cut_short])
    if len({row["block"] for row in rejections(Random(8), 40)}) >= cut_short:
        load(other, "rejections", [row for row in rejections(Random(8), 40) if row["block"] >= cut_short])
    assert added_up(other) == added_up(once)


def test_what_python_and_sql_both_name_agrees() -> None:
    schema = "\n".join(sql.SCHEMA)
    assert str(list(LIMITS)) in schema
    assert all(str(list(LIMITS)) in sql.QUERIES[name] for name in ("listed_conversions",))
    bits = [f"{2**place} * (user_data.{key} != '')" for place, key in enumerate(KEYS)]
    assert all(bit in schema for bit in bits)
    listed = sql.QUERIES["listed_conversions"]
    order = [listed.index(f"user_data.{key}", listed.index("arrayElement([")) for key in KEYS]
    assert order == sorted(order)
    assert set(WEIGHTS) == set(KEYS)
    assert set(KEYS) == set(UserData.__struct_fields__) - {"is_hashed"}
    view = next(text for text in sql.SCHEMA if "quarter_hours_of_rejections" in text)
    assert all(f"'{name}'" in view for name in get_args(EventName))
