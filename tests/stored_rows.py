"""Rows of the store made by chance, for reports to be held against a plain reading of the same rows."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from headgate.reports.match_keys import KEYS
from headgate.store.clickhouse import ClickHouseStore

#: the beginning of a day, far enough ahead that nothing is deleted by age
NOW = 4_000_000_000 // 86_400 * 86_400
GROUP = "g"
NAMES = ("PURCHASE", "LEAD", "PAGE_VIEW")
SOURCES = ("api", "pixel")
Row = dict[str, Any]


def conversions(chance: Random, count: int, *, seconds: int = 3 * 86_400) -> list[Row]:
    """Conversions received within so many seconds before `NOW`, in the order of their receipt."""
    times = sorted(chance.randrange(NOW - seconds, NOW) * 1_000_000 + chance.randrange(1_000_000) for _ in range(count))
    return [_conversion(chance, place, received_at) for place, received_at in enumerate(times)]


def _conversion(chance: Random, place: int, received_at: int) -> Row:
    number = chance.randrange(40)
    late = chance.choice((-30, -1, 0, 5, 10, 59, 60, 599, 600, 3600, 86_399, 86_400, 700_000, chance.randrange(2000)))
    keys = chance.sample(KEYS, chance.randrange(5))
    return {
        "block": place // 100 + 1,
        "row": place % 100,
        "received_at": received_at,
        "request_id": f"r{place}",
        "event_group_id": GROUP if chance.random() < 0.9 else "another",
        "account_id": "a",
        "key_id": chance.choice(("k1", "k2")),
        "source": chance.choice(SOURCES),
        "status": "kept" if chance.random() < 0.7 else "duplicate",
        "dedup_key": number * 2**64 + chance.choice((0, 16, number)),
        "limited_data_use": chance.random() < 0.2,
        "event_id": chance.choice(("", f"id{number}")),
        "event_name": chance.choice(NAMES),
        "event_time": received_at // 1_000_000 - late,
        "user_data": {key: f"{key} of {chance.randrange(3)}" for key in keys},
        "custom_data": {
            **({"order_id": f"order {chance.randrange(8)}"} if chance.random() < 0.5 else {}),
            **({"value": chance.randrange(3), "currency": "USD"} if chance.random() < 0.5 else {}),
        },
    }


def rejections(chance: Random, count: int) -> list[Row]:
    """Rejected events of the last three days."""
    errors = (
        {"event_time": "looks like milliseconds or finer; send seconds since 1970 in UTC"},
        {"custom_data.contents[3].price": "price is required", "user_data": "must be an object"},
        {"custom_data.contents[0].price": "price is required"},
        {"event_name": "Invalid event name: Purchased. Event name must be one of the supported values."},
        {"event_name": "Invalid event name: Sale. Event name must be one of the supported values."},
    )
    times = sorted(chance.randrange((NOW - 3 * 86_400) * 1_000_000, NOW * 1_000_000) for _ in range(count))
    return [
        {
            "block": place // 20 + 1,
            "row": place % 20,
            "received_at": received_at,
            "request_id": f"rejected {place}",
            "event_group_id": GROUP,
            "account_id": "a",
            "key_id": "k1",
            "source": chance.choice(SOURCES),
            "event_index": 0,
            "event_id": f"bad{place}",
            "event_name": chance.choice((*NAMES, "Purchased", "")),
            "errors": chance.choice(errors),
            "event": "{}",
        }
        for place, received_at in enumerate(times)
    ]


def load(store: ClickHouseStore, table: str, rows: list[Row], *, times: int = 1) -> None:
    """Load rows block by block, each so many times."""
    for block in sorted({row["block"] for row in rows}):
        lines = [_line(row) for row in rows if row["block"] == block]
        for _ in range(times):
            store.load(table, lines, f"{table}:{block}")


def _line(row: Row) -> bytes:
    whole, part = divmod(row["received_at"], 1_000_000)
    return json.dumps(
        {**row, "received_at": f"{whole}.{part:06}"}
        | ({"dedup_key": str(row["dedup_key"])} if "dedup_key" in row else {})
    ).encode()
