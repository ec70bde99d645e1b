from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator, Iterator
from itertools import count
from pathlib import Path
from typing import TypeVar

import pytest

from headgate.store.clickhouse import ClickHouseStore, open_embedded

# processes that tests give no room on disk would leave halves of compiled files behind, for all others to stumble over
os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
sys.dont_write_bytecode = True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a test that was skipped has failed: what it needs is there, or it is not a test."""
    return _unskipped((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a file that was skipped as a whole."""
    return _unskipped((yield))


Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


def _unskipped(report: Report) -> Report:
    # an expected failure is reported as skipped too
    if os.environ.get("CI") and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome, report.longrepr = "failed", f"nothing is skipped in CI: {reason}"
    return report


@pytest.fixture(scope="session")
def open_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., ClickHouseStore]]:
    """Open a store on a database by name, and what else `open_embedded` takes. The engine takes one folder a process, so that all tests share it."""
    folder: Path = tmp_path_factory.mktemp("engine")
    stores: list[ClickHouseStore] = []

    def open_one(name: str, **more: int) -> ClickHouseStore:
        stores.append(open_embedded(folder, name, **more))
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
