from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from headgate.store.clickhouse import ClickHouseStore, open_embedded


@pytest.fixture(scope="session")
def open_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], ClickHouseStore]]:
    """Open a store on a database by name. The engine takes one folder a process, so that all tests share it."""
    folder: Path = tmp_path_factory.mktemp("engine")
    stores: list[ClickHouseStore] = []

    def open_one(name: str) -> ClickHouseStore:
        stores.append(open_embedded(folder, name))
        return stores[-1]

    open_one("keeps_the_engine_up")
    yield open_one
    for store in stores:
        store.close()


@pytest.fixture(scope="session")
def database_names() -> Iterator[str]:
    return (f"test_{number}" for number in count())


@pytest.fixture
def clickhouse(
    open_database: Callable[[str], ClickHouseStore], database_names: Iterator[str]
) -> Iterator[ClickHouseStore]:
    """A store of its own, in the real engine."""
    name = next(database_names)
    store = open_database(name)
    store.migrate()
    yield store
    store._command(f"DROP DATABASE {name}")
