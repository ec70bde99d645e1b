"""What a store promises: one suite for the engine and for its twin in memory; then what only the engine can show."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from headgate.errors import RowsRefused, StoreFailed, StoreUnavailable
from headgate.store import sql
from headgate.store.base import EVER, Kept, Store
from headgate.store.clickhouse import ClickHouseStore
from headgate.store.memory import MemoryStore

NOW = 1_763_900_000
BIG = 2**127 + 12345


def refuses(_table: str, row: dict[str, Any]) -> str | None:
    return "too big" if row.get("custom_data", {}).get("value") == 1e30 else None


@pytest.fixture(params=["memory", "clickhouse"])
def store(request: pytest.FixtureRequest) -> Store:
    if request.param == "memory":
        return MemoryStore(refuses)
    store: ClickHouseStore = request.getfixturevalue("clickhouse")
    return store


def row(block: int = 1, place: int = 0, **more: Any) -> bytes:
    return json.dumps(
        {
            "block": block,
            "row": place,
            "received_at": f"{NOW}.000001",
            "request_id": "r1",
            "event_group_id": "g1",
            "status": "kept",
            "dedup_key": str(BIG + place),
            "event_name": "PURCHASE",
            "event_time": NOW,
            **more,
        }
    ).encode()


def as_set(kept: Kept) -> set[tuple[int, int]]:
    return {
        (high << 64 | low, time)
        for high, low, time in zip(kept.high.tolist(), kept.low.tolist(), kept.time.tolist(), strict=True)
    }


def test_the_same_token_changes_nothing(store: Store) -> None:
    lines = [row(place=0), row(place=1)]
    store.load("conversions", lines, "conversions:1")
    store.load("conversions", lines, "conversions:1")
    assert store.rows_of("conversions", 1) == 2


def test_another_token_loads_the_same_rows_once_more(store: Store) -> None:
    store.load("conversions", [row()], "conversions:1")
    store.load("conversions", [row()], "conversions:2")
    assert store.rows_of("conversions", 1) == 2


def test_a_token_holds_for_its_table_only(store: Store) -> None:
    store.load("conversions", [row()], "1")
    store.load("dead_letters", [row()], "1")
    assert (store.rows_of("conversions", 1), store.rows_of("dead_letters", 1)) == (1, 1)


def test_no_lines_are_no_load(store: Store) -> None:
    store.load("conversions", [], "conversions:1")
    assert store.rows_of("conversions", 1) == 0


def test_a_block_that_is_not_there_has_no_rows(store: Store) -> None:
    assert store.rows_of("conversions", 99) == 0


def test_one_bad_row_refuses_all_of_them(store: Store) -> None:
    with pytest.raises(RowsRefused):
        store.load("conversions", [row(), row(custom_data={"value": 1e30}), row()], "conversions:1")
    assert store.rows_of("conversions", 1) == 0


def test_a_refused_load_leaves_its_token_free(store: Store) -> None:
    with pytest.raises(RowsRefused):
        store.load("conversions", [row(), b'{"block":'], "conversions:1")
    store.load("conversions", [row()], "conversions:1")
    assert store.rows_of("conversions", 1) == 1


def test_the_refused_rows_are_found_and_nothing_is_loaded(store: Store) -> None:
    lines = [row(place=place) for place in range(37)]
    lines[5] = row(custom_data={"value": 1e30})
    lines[36] = b'{"block":1'
    assert set(store.refused("conversions", lines)) == {5, 36}
    assert store.rows_of("conversions", 1) == 0


def test_good_rows_are_not_refused(store: Store) -> None:
    assert store.refused("conversions", [row()]) == {}


def test_kept_keys_are_found_by_key_and_time(store: Store) -> None:
    store.load("conversions", [row(place=place, event_time=NOW + place) for place in range(10)], "a")
    found = store.kept_keys([BIG + 3, BIG + 4, BIG + 9, 7], NOW + 3, NOW + 8, 2)
    assert as_set(found) == {(BIG + 3, NOW + 3), (BIG + 4, NOW + 4)}


def test_a_block_does_not_meet_its_own_kept_keys(store: Store) -> None:
    store.load("conversions", [row(block=4)], "a")
    assert as_set(store.kept_keys([BIG], 0, NOW, 4)) == set()
    assert as_set(store.kept_keys([BIG], 0, NOW, 5)) == {(BIG, NOW)}
    assert as_set(store.newest_kept(10, 4)) == set()


def test_duplicates_and_conversions_without_an_id_are_no_kept_keys(store: Store) -> None:
    store.load("conversions", [row(status="duplicate"), row(dedup_key="0")], "a")
    assert as_set(store.kept_keys([BIG], 0, NOW, 5)) == set()
    assert as_set(store.newest_kept(10, 5)) == set()


def test_times_out_of_every_range_may_be_asked_for(store: Store) -> None:
    store.load("conversions", [row(event_time=0), row(place=1, event_time=2**32 - 1)], "a")
    found = store.kept_keys([BIG, BIG + 1], -600, 2**32 + 600, 5)
    assert as_set(found) == {(BIG, 0), (BIG + 1, 2**32 - 1)}


def test_newest_kept_says_from_when_on_none_is_left_out(store: Store) -> None:
    store.load("conversions", [row(place=place, event_time=NOW + 60 * place) for place in range(10)], "a")
    everything = store.newest_kept(10, 2)
    assert everything.since == EVER
    assert len(everything.time) == 10
    some = store.newest_kept(4, 2)
    assert len(some.time) == 4
    assert {time for _, time in as_set(some)} == {NOW + 60 * place for place in (6, 7, 8, 9)}
    assert NOW + 60 * 5 < some.since <= NOW + 60 * 6


def test_newest_kept_takes_no_part_of_a_minute(store: Store) -> None:
    store.load("conversions", [row(place=place, event_time=NOW) for place in range(5)], "a")
    none = store.newest_kept(4, 2)
    assert len(none.time) == 0
    assert NOW < none.since <= NOW + 60


def test_an_empty_store_has_kept_nothing(store: Store) -> None:
    assert store.newest_kept(5, 1).since == EVER
    assert as_set(store.kept_keys([1], 0, NOW, 1)) == set()


def test_many_keys_may_be_asked_for_at_once(store: Store) -> None:
    store.load("conversions", [row()], "a")
    assert as_set(store.kept_keys([*range(1, 45_000), BIG], 0, NOW, 5)) == {(BIG, NOW)}


@pytest.mark.parametrize("table", ["conversions", "dead_letters", "tallies"])
def test_the_newest_block_is_found_in_any_lasting_table(store: Store, table: str) -> None:
    assert store.newest_block() == 0
    store.load("tallies", [row(block=3), row(block=7)], "a")
    assert store.newest_block() == 7
    store.load(table, [row(block=8), row(block=2)], "b")
    store.load("rejections", [row(block=9)], "c")
    assert store.newest_block() == 8


def test_a_block_is_whole_once_it_has_a_tally(store: Store) -> None:
    store.load("conversions", [row(block=1), row(block=2), row(block=3)], "a")
    assert store.whole_blocks(3) == 0
    store.load("tallies", [row(block=1), row(block=1), row(block=3), row(block=4)], "b")
    assert [store.whole_blocks(last) for last in (0, 1, 2, 3, 9)] == [0, 1, 1, 2, 3]


# what only the engine can show


def test_a_failure_of_no_known_kind_is_the_rows_only_where_the_table_takes_others(clickhouse: ClickHouseStore) -> None:
    clickhouse._command("ALTER TABLE conversions ADD COLUMN odd UInt8 DEFAULT throwIf(event_id = 'poison')")
    lines = [row(place=0), row(place=1, event_id="poison"), row(place=2)]
    with pytest.raises(StoreFailed, match="ClickHouse code 395"):
        clickhouse.load("conversions", lines, "conversions:1")
    assert list(clickhouse.refused("conversions", lines)) == [1]
    clickhouse._command("ALTER TABLE conversions MODIFY COLUMN odd UInt8 DEFAULT throwIf(block >= 0)")
    with pytest.raises(StoreFailed, match="ClickHouse code 395"):
        clickhouse.refused("conversions", lines)
    assert clickhouse.rows_of("conversions", 1) == 0


def stored(store: ClickHouseStore, expression: str) -> list[Any]:
    return [
        value for (value,) in store._loading.query(f"SELECT {expression} FROM conversions ORDER BY row").result_rows
    ]


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("99.99", "99.99"),
        ("1E+5", "100000"),
        ("0.30000000000000004", "0.30000000000000004"),
        ("-12.5", "-12.5"),
        ("1e15", "1000000000000000"),
        ('"12.5"', "12.5"),
        ("999999999999999.123456789012345678", "999999999999999.123456789012345678"),
        ("1E-18", "0.000000000000000001"),
    ],
)
def test_money_is_kept_exactly(clickhouse: ClickHouseStore, written: str, kept: str) -> None:
    line = row()[:-1] + b',"custom_data":{"value":%b,"contents":[{"id":7,"quantity":1,"price":%b}]}}' % (
        (written.encode(),) * 2
    )
    clickhouse.load("conversions", [line], "a")
    assert stored(clickhouse, "custom_data.value") == [Decimal(kept)]
    assert stored(clickhouse, "custom_data.contents.price[1]") == [Decimal(kept)]


def test_decimals_behind_the_eighteenth_are_cut(clickhouse: ClickHouseStore) -> None:
    clickhouse.load("conversions", [row()[:-1] + b',"custom_data":{"value":0.1234567890123456789}}'], "a")
    assert stored(clickhouse, "custom_data.value") == [Decimal("0.123456789012345678")]


def test_text_comes_back_as_it_was(clickhouse: ClickHouseStore) -> None:
    text = 'NUL \0, newline \n, quote ", backslash \\, emoji 😀, \u2028'
    clickhouse.load("conversions", [row(event_id=text, user_data={"ct": text}, unknown={text: text})], "a")
    assert stored(clickhouse, "event_id") == [text]
    assert stored(clickhouse, "user_data.ct") == [text]
    assert stored(clickhouse, "unknown") == [{text: text}]


def test_ints_and_booleans_become_text_where_the_column_is_text(clickhouse: ClickHouseStore) -> None:
    clickhouse.load(
        "conversions", [row(opt_out=True, custom_data={"content_ids": [1, "b"], "contents": [{"id": 5}]})], "a"
    )
    assert stored(clickhouse, "opt_out") == ["true"]
    assert stored(clickhouse, "custom_data.content_ids") == [["1", "b"]]
    assert stored(clickhouse, "custom_data.contents.id") == [["5"]]


def test_absent_is_not_zero(clickhouse: ClickHouseStore) -> None:
    clickhouse.load("conversions", [row(place=0), row(place=1, custom_data={"value": 0})], "a")
    assert stored(clickhouse, "custom_data.value") == [None, Decimal(0)]


def test_fields_that_have_no_column_are_skipped(clickhouse: ClickHouseStore) -> None:
    clickhouse.load("conversions", [row(surprise=1, user_data={"surprise": {}})], "a")
    assert clickhouse.rows_of("conversions", 1) == 1


def test_times_are_kept_to_the_microsecond(clickhouse: ClickHouseStore) -> None:
    clickhouse.load("conversions", [row()], "a")
    assert stored(clickhouse, "toUnixTimestamp64Micro(received_at)") == [NOW * 1_000_000 + 1]


def test_a_large_block_becomes_one_part(clickhouse: ClickHouseStore) -> None:
    noise = "x" * 1500
    lines = [row(place=place, event_source_url=f"{place}{noise}") for place in range(70_000)]
    clickhouse.load("conversions", lines, "a")
    clickhouse.load("conversions", lines, "a")
    query = (
        "SELECT rows, part_type, level FROM system.parts"
        " WHERE active AND table = 'conversions' AND database = currentDatabase()"
    )
    assert clickhouse._loading.query(query).result_rows == [(70_000, "Compact", 0)]


def test_a_block_over_the_end_of_a_month_is_loaded_once(clickhouse: ClickHouseStore) -> None:
    lines = [row(place=0, received_at="1764547199.999999"), row(place=1, received_at="1764547200.000000")]
    clickhouse.load("conversions", lines, "a")
    clickhouse.load("conversions", lines, "a")
    assert clickhouse.rows_of("conversions", 1) == 2


def test_a_refusal_does_not_quote_the_row(clickhouse: ClickHouseStore) -> None:
    lines = [
        row(received_at="jane@example.com"),
        row(status="jane@example.com"),
        row(custom_data={"value": "jane@example.com"}),
        row(unknown="jane@example.com"),
    ]
    reasons = clickhouse.refused("conversions", lines)
    assert set(reasons) == {0, 1, 2, 3}
    assert "jane" not in str(reasons)


def test_a_missing_table_is_no_fault_of_the_rows(clickhouse: ClickHouseStore) -> None:
    with pytest.raises(StoreUnavailable, match="code 60"):
        clickhouse.load("no_such_table", [row()], "a")


def test_a_failed_query_says_so_in_our_own_words(clickhouse: ClickHouseStore) -> None:
    clickhouse._command("DROP TABLE conversions")
    with pytest.raises(StoreUnavailable):
        clickhouse.query("event_blocks", {"event_group_id": "g", "since": 0, "status": ""})


def shape(store: ClickHouseStore) -> list[tuple[str, str]]:
    query = "SELECT name, create_table_query FROM system.tables WHERE database = currentDatabase() ORDER BY name"
    database = store._loading.database
    return [(name, text.replace(f"{database}.", "")) for name, text in store._loading.query(query).result_rows]


@pytest.fixture
def empty(open_database: Callable[[str], ClickHouseStore], database_names: Iterator[str]) -> Iterator[ClickHouseStore]:
    name = next(database_names)
    store = open_database(name)
    yield store
    store._command(f"DROP DATABASE {name}")


def test_the_migrations_arrive_at_the_schema(clickhouse: ClickHouseStore, empty: ClickHouseStore) -> None:
    for migration in sql.MIGRATIONS:
        for statement in migration.statements:
            empty._command(statement)
    assert shape(empty) == shape(clickhouse)
    assert [migration.version for migration in sql.MIGRATIONS] == list(range(1, len(sql.MIGRATIONS) + 1))


def test_a_new_migration_runs_once(clickhouse: ClickHouseStore) -> None:
    newest = sql.MIGRATIONS[-1].version + 1
    later = [*sql.MIGRATIONS, sql.Migration(newest, ["ALTER TABLE tallies ADD COLUMN tests UInt64"])]
    clickhouse.migrate(later)
    clickhouse.migrate(later)
    assert clickhouse._version() == newest


def test_a_migration_that_was_cut_short_is_taken_up_again(empty: ClickHouseStore) -> None:
    empty._command(sql.SCHEMA[0])
    empty._command(sql.SCHEMA[1])
    empty.migrate()
    assert empty._version() == sql.MIGRATIONS[-1].version
    assert {name for name, _ in shape(empty)} >= {"conversions", "dead_letters", "tallies", "rejections"}


def test_every_query_has_a_name_and_runs(clickhouse: ClickHouseStore) -> None:
    numbers = dict.fromkeys(("since", "first_block", "last_block", "before_block", "block", "row", "shard"), 0)
    parameters = {
        **numbers, "first": 0, "last": 0, "event_group_id": "", "status": "", "event_id": "", "dedup_key": "0", "keys": [1],
        "table": "", **_asked_by_the_console(),
    }  # fmt: skip
    nothing_to_add_up = {"added_up": [{"conversions": 1, "dead_letters": 1, "rejections": 1}]}
    no_receipt = {"newest_receipt": [{"received_at": 0}]}
    numbers_of_nothing = {
        **nothing_to_add_up,
        **no_receipt,
        "newest_block": [{"newest": 0}],
        "whole_blocks": [{"blocks": 0}],
    }
    assert {name: clickhouse.query(name, parameters) for name in sql.QUERIES} == {
        name: numbers_of_nothing.get(name, []) for name in sql.QUERIES
    }


def _asked_by_the_console() -> dict[str, Any]:
    numbers = ("bucket", "window", "day", "hour", "now", "until", "before_at", "before_row", "with_key", "without_key")
    texts = ("event_name", "source", "account_id", "key_id", "limited", "digest", "field", "reason", "timely")
    return {
        **dict.fromkeys((*numbers, "after_block", "after_row"), 0), **dict.fromkeys(texts, ""), "bucket": 900, "zone": "UTC", "key_count": 20,
        "weights": [0.5], "event_group_ids": ["g"], "digests": ["d"], "limit": 1, "delay": -1, "sample": 16,
    }  # fmt: skip


def mutations(store: ClickHouseStore) -> int:
    query = "SELECT count() FROM system.mutations WHERE database = currentDatabase() AND table = 'rejections'"
    return int(store._command(query))


def test_rejections_live_as_long_as_the_setting_says(
    open_database: Callable[..., ClickHouseStore], database_names: Iterator[str]
) -> None:
    name = next(database_names)
    days_old = [row(block=days, received_at=f"{int(time.time()) - days * 86400 - 3600}.0") for days in (3, 8, 29)]
    for days, left in ((30, 3), (30, 3), (7, 1), (2, 0)):
        store = open_database(name, rejections_days=days)
        store.migrate()
        if days == 30:
            store.load("rejections", days_old, "a")
        store._command("OPTIMIZE TABLE rejections FINAL")
        assert store._command("SELECT count() FROM rejections") == left
    before = mutations(store)
    store.migrate()
    assert mutations(store) == before
    assert f"toIntervalDay({days})" in dict(shape(store))["rejections"]
    store._command(f"DROP DATABASE {name}")


def test_a_key_is_known_by_its_last_use_and_by_the_address_it_came_from(clickhouse: ClickHouseStore) -> None:
    def tally(block: int, key_id: str, **last: str) -> bytes:
        row = {"block": block, "event_group_id": "g", "account_id": "a", "key_id": key_id, "source": "api"}
        return msgspec.json.encode({**row, "hour": 3600, "received": 1, "accepted": 1, "rejected": 0, **last})

    first = tally(1, "k1", last_received_at="1700000000.5", last_address="192.0.2.1")
    clickhouse.load("tallies", [first, tally(1, "k2")], "a")
    clickhouse.load("tallies", [tally(2, "k1", last_received_at="1700000900.25", last_address="192.0.2.2")], "b")
    found = {row["key_id"]: row for row in clickhouse.query("keys_used", {"account_id": "a"})}
    assert found["k1"] == {"key_id": "k1", "used_at": 1_700_000_900, "used_from": "192.0.2.2"}
    # of before these columns the hour is known
    assert found["k2"] == {"key_id": "k2", "used_at": 3600, "used_from": ""}
