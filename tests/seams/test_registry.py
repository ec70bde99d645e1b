"""What the registry promises, on each database that it can be in."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, insert, text

from headgate.errors import AlreadyRegistered, RegistryError, SettingsError
from headgate.registry import accounts, event_groups, partners, tables
from headgate.registry.base import Registry
from headgate.registry.snapshot import Snapshot

NOW = 1_700_000_000


# --- tables ---


def test_the_migrations_arrive_at_the_tables(registry: Registry) -> None:
    with registry.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, tables.metadata) == []


def test_the_migrations_make_the_very_same_sqlite_tables(tmp_path: Path) -> None:
    def schema(path: Path) -> set[tuple[str, ...]]:
        query = "SELECT sql FROM sqlite_master WHERE name NOT LIKE '%alembic%' AND sql IS NOT NULL"
        connection = sqlite3.connect(path)
        rows = connection.execute(query).fetchall()
        connection.close()
        # the order of the constraints is of no account
        return {tuple(sorted(" ".join(sql.split()).removesuffix(" )").split(", "))) for (sql,) in rows}

    registry = Registry.at("", tmp_path / "migrated.db")
    registry.migrate()
    registry.close()
    engine = create_engine(f"sqlite:///{tmp_path}/made.db")
    tables.metadata.create_all(engine)
    engine.dispose()
    assert schema(tmp_path / "migrated.db") == schema(tmp_path / "made.db")


def test_migrating_again_changes_nothing(registry: Registry) -> None:
    before = registry.snapshot()
    registry.migrate()
    assert registry.snapshot() == before


def test_threads_that_start_together_can_all_migrate(open_registry: Callable[[], Registry]) -> None:
    registries = [open_registry() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(Registry.migrate, registries))
    assert [each.revision() for each in registries] == [0, 0, 0, 0]


def test_processes_that_start_together_can_all_migrate(registry_url: str, tmp_path: Path) -> None:
    go = tmp_path / "go"
    code = f"""
import pathlib, time
from headgate.registry.base import Registry
import headgate.registry.migration
registry = Registry({registry_url!r})
print("ready", flush=True)
while not pathlib.Path({str(go)!r}).exists():
    time.sleep(0.001)
registry.migrate()
print(registry.revision(), flush=True)
"""
    processes = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(3)]
    for each in processes:
        assert each.stdout
        assert each.stdout.readline() == "ready\n"
    go.touch()
    assert [each.communicate(timeout=30)[0] for each in processes] == ["0\n"] * 3


def test_a_registry_of_a_newer_version_is_refused(registry: Registry) -> None:
    with registry.change(by="ada", now=NOW) as change:
        change.connection.execute(text("UPDATE alembic_version SET version_num = 'v9999'"))
    with pytest.raises(RegistryError, match="newer version"):
        registry.migrate()


def test_a_key_of_both_or_neither_owner_cannot_be_stored(registry: Registry) -> None:
    row = {"id": "k", "name": "k", "created_at": NOW, "created_by": "ada"}
    with pytest.raises(RegistryError), registry.change(by="ada", now=NOW) as change:
        change.connection.execute(insert(tables.keys).values(row))


def test_an_account_of_no_organization_cannot_be_stored(registry: Registry) -> None:
    row = {"id": "a", "organization_id": "nowhere", "name": "a", "created_at": NOW}
    with pytest.raises(RegistryError), registry.change(by="ada", now=NOW) as change:
        change.connection.execute(insert(tables.accounts).values(row))


# --- changes ---


def test_a_new_registry_is_empty_at_revision_zero(open_registry: Callable[[], Registry]) -> None:
    registry = open_registry()
    registry.migrate()
    assert registry.snapshot() == Snapshot(revision=0, groups={}, keys={}, accounts={}, grants={})


def test_each_change_raises_the_revision_and_is_on_record(registry: Registry) -> None:
    before = registry.revision()
    with registry.change(by="grace", now=NOW + 1) as change:
        event_groups.create(change, "site", account_id="acme")
    with registry.change(by="grace", now=NOW + 2) as change:
        event_groups.update_entry(change, "site", identifiers="extended")
    assert registry.revision() == before + 2
    assert [tuple(act) for act in registry.acts(2)] == [
        (NOW + 2, "grace", "update event group", "site", "identifiers extended"),
        (NOW + 1, "grace", "create event group", "site", "account acme, identifiers article"),
    ]


def test_a_change_that_fails_leaves_nothing_behind(registry: Registry) -> None:
    before = (registry.snapshot(), registry.acts())

    def fail_halfway() -> None:
        with registry.change(by="ada", now=NOW) as change:
            partners.create(change, "agency")
            accounts.create(change, "acme", organization_id="org")

    with pytest.raises(AlreadyRegistered):
        fail_halfway()
    assert (registry.snapshot(), registry.acts()) == before
    with registry.reading() as connection:
        assert partners.entries(connection) == []


def test_no_change_is_lost_among_several_writers(registry: Registry, open_registry: Callable[[], Registry]) -> None:
    before = registry.revision()

    def write(number: int) -> None:
        mine = open_registry()
        for step in range(5):
            with mine.change(by=f"writer {number}", now=NOW) as change:
                partners.create(change, f"p{number}.{step}")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    assert registry.revision() == before + 20
    with registry.reading() as connection:
        assert len(partners.entries(connection)) == 20


def test_one_of_two_who_take_the_same_id_is_told_that_it_is_taken(
    registry: Registry, open_registry: Callable[[], Registry]
) -> None:
    del registry

    def take(_number: int) -> bool:
        try:
            with open_registry().change(by="ada", now=NOW) as change:
                event_groups.create(change, "site", account_id="acme")
        except AlreadyRegistered:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(take, range(4))) == [False, False, False, True]


def test_a_snapshot_is_of_one_revision_while_others_write(
    registry: Registry, open_registry: Callable[[], Registry]
) -> None:
    writer, done = open_registry(), threading.Event()
    base = registry.revision()

    def write() -> None:
        for number in range(40):
            with writer.change(by="ada", now=NOW) as change:
                accounts.create(change, f"a{number}", organization_id="org")
                event_groups.create(change, f"g{number}", account_id=f"a{number}")
        done.set()

    thread = threading.Thread(target=write)
    thread.start()
    while not done.is_set():
        snapshot = registry.snapshot()
        made = snapshot.revision - base
        assert (len(snapshot.accounts) - 2, len(snapshot.groups)) == (made, made)
    thread.join()
    assert len(registry.snapshot().groups) == 40


# --- where it is ---


@pytest.mark.parametrize(
    "bad", ["nonsense", "mysql://user:secret@host/db", "oracle+x://user:secret@host", "sqlite+no://"]
)
def test_a_url_that_it_cannot_be_at_is_refused_without_showing_a_password(bad: str) -> None:
    with pytest.raises(SettingsError, match=r"^registry: ") as caught:
        Registry(bad)
    assert "secret" not in str(caught.value)


def test_a_file_that_is_no_database_is_a_registry_error(tmp_path: Path) -> None:
    (tmp_path / "registry.db").write_bytes(b"nonsense" * 1000)
    registry = Registry.at("", tmp_path / "registry.db")
    for call in (registry.revision, registry.snapshot, registry.migrate):
        with pytest.raises(RegistryError, match="cannot be read or written"):
            call()
    registry.close()


def test_a_server_that_does_not_answer_is_a_registry_error(tmp_path: Path) -> None:
    registry = Registry(f"postgresql://user:secret@/db?host={tmp_path}")
    with pytest.raises(RegistryError, match="cannot be read or written") as caught:
        registry.revision()
    assert "secret" not in str(caught.value)


def test_a_path_may_have_any_characters(tmp_path: Path) -> None:
    folder = tmp_path / "100% a?b#c äé"
    folder.mkdir()
    registry = Registry.at("", folder / "registry.db")
    registry.migrate()
    registry.close()
    assert (folder / "registry.db").exists()
