"""How a process follows the registry, on each database that it can be in."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text, update

from headgate.errors import RegistryError
from headgate.registry import event_groups, tables
from headgate.registry.base import Registry
from headgate.registry.watch import Watch

NOW = 1_700_000_000


class Clock:
    """Stands still until told otherwise."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_watch_follows_a_change_of_another_process_within_a_second(
    registry: Registry, open_registry: Callable[[], Registry]
) -> None:
    watch = Watch(open_registry(), clock=time.monotonic)
    watch.start()
    try:
        assert watch.current == registry.snapshot()
        with registry.change(by="ada", now=NOW) as change:
            event_groups.create(change, "site", account_id="acme")
        changed = time.monotonic()
        while "site" not in watch.current.groups:
            assert time.monotonic() < changed + 1
            time.sleep(0.01)
        assert watch.stale_for() == 0
    finally:
        watch.close()


def test_a_watch_keeps_its_snapshot_and_says_so_while_the_registry_cannot_be_read(registry: Registry) -> None:
    def rename(old: str, new: str) -> None:
        with registry.change(by="ada", now=NOW) as change:
            change.connection.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))

    clock, errors = Clock(), list[RegistryError]()
    watch = Watch(registry, clock=clock, on_error=errors.append)
    before = watch.current
    rename("event_groups", "elsewhere")
    for seconds in (0.2, 1.0, 5.0):
        clock.now = 100 + seconds
        watch.poll()
    assert watch.current is before
    assert len(errors) == 3
    assert watch.stale_for() == 5.0

    rename("elsewhere", "event_groups")
    watch.poll()
    assert watch.stale_for() == 0
    assert watch.current.revision == before.revision + 2
    assert len(errors) == 3


def test_a_watch_that_does_not_come_to_look_is_stale_too(registry: Registry) -> None:
    clock = Clock()
    watch = Watch(registry, clock=clock)
    clock.now += 0.9
    assert watch.stale_for() == 0
    clock.now += 59.1
    assert watch.stale_for() == 60


def test_a_watch_reads_nothing_more_while_nothing_changes(registry: Registry) -> None:
    watch = Watch(registry, clock=Clock())
    before = watch.current
    watch.poll()
    assert watch.current is before


def test_a_watch_follows_a_registry_that_was_put_back_to_an_older_state(registry: Registry) -> None:
    watch = Watch(registry, clock=Clock())
    with registry.change(by="ada", now=NOW) as change:
        change.connection.execute(update(tables.revision).values(number=0))
    watch.poll()
    assert watch.current.revision == 0


def test_a_watch_does_not_begin_without_a_registry(tmp_path: Path) -> None:
    registry = Registry.at("", tmp_path / "registry.db")
    with pytest.raises(RegistryError):
        Watch(registry, clock=Clock())
    registry.close()
