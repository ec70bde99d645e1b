from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import NamedTuple

import pytest

from headgate.store.clickhouse import ClickHouseStore
from stored_rows import Row, conversions, load, rejections


class Loaded(NamedTuple):
    store: ClickHouseStore
    conversions: list[Row]
    rejections: list[Row]


@pytest.fixture(scope="session", params=range(2))
def loaded(
    request: pytest.FixtureRequest, open_database: Callable[[str], ClickHouseStore], database_names: Iterator[str]
) -> Loaded:
    """A store with events made by chance, each block of them loaded twice, as after a crash. Only read from it."""
    store = open_database(next(database_names))
    store.migrate()
    chance = Random(request.param)
    some = conversions(chance, 500)
    bad = rejections(chance, 60)
    load(store, "conversions", some, times=2)
    load(store, "rejections", bad, times=2)
    return Loaded(store, some, bad)
