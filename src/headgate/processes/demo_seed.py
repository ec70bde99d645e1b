"""`headgate demo seed`: writes believable events into the log as the edge would, and takes them into the store as the core would."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import islice

from msgspec import Struct

from headgate.errors import HeadgateError
from headgate.log import frames, tail
from headgate.log.sqlite_reader import SqliteReader
from headgate.processes.assembly import core_parts
from headgate.processes.demo_events import DAY, PLACES, SLOT, slots
from headgate.processes.folder import DataFolder
from headgate.registry import accounts, event_groups, keys, organizations
from headgate.registry.base import Registry
from headgate.registry.tokens import read_signing_key
from headgate.settings import Settings
from headgate.stream.block import Taken

#: the partition that the events are in; no edge writes it
PARTITION = "seed-0"
ORGANIZATION = "demo"
#: slots that are written in one transaction
AT_ONCE = 200
ROLL_BYTES = 256 * 1024 * 1024
MICROSECONDS = 1_000_000
#: told of events that were written, or taken into the store
Tell = Callable[[int], None]


class Seeded(Struct, frozen=True):
    """What was made, and how fast: seconds of making and writing, and of loading."""

    events: int
    making: float
    loading: float
    event_groups: list[str]


def seed_demo(settings: Settings, *, days: int, events: int, seed: int, made: Tell, loaded: Tell) -> Seeded:
    """Fill the data folder. The newest events are of the present slot; with the same seed they are alike in all but time.

    Raises `AlreadyRunning` while a server runs, and `HeadgateError` when the folder was seeded before.
    """
    folder = DataFolder(settings.data)
    folder.make()
    with folder.hold("server"):
        _refuse_twice(folder)
        _register(settings, folder)
        began = time.perf_counter()
        count = _write(folder, days=days, events=events, seed=seed, made=made)
        written = time.perf_counter()

        def tell(taken: Taken) -> None:
            loaded(taken.records + taken.rejected)

        with core_parts(settings, folder, tell) as parts:
            parts.worker.drain()
        return Seeded(count, written - began, time.perf_counter() - written, [place.event_group_id for place in PLACES])


def _refuse_twice(folder: DataFolder) -> None:
    reader = SqliteReader(folder.log)
    try:
        if reader.ends().get(PARTITION):
            raise HeadgateError(
                f"{folder.root} holds demo events already; name another folder with --data, or remove this one to begin anew"
            )
    finally:
        reader.close()


def _register(settings: Settings, folder: DataFolder) -> None:
    registry = Registry.at(settings.registry, folder.registry)
    try:
        registry.migrate()
        signing_key = read_signing_key(folder.signing_key)
        with registry.change(by="headgate demo seed", now=int(time.time())) as change:
            connection = change.connection
            if organizations.find(connection, ORGANIZATION) is None:
                organizations.create(change, ORGANIZATION, name="Demo organization")
            for place in PLACES:
                if accounts.find(connection, place.account_id) is None:
                    accounts.create(change, place.account_id, organization_id=ORGANIZATION, name=place.account_name)
                if event_groups.find(connection, place.event_group_id) is None:
                    event_groups.create(
                        change, place.event_group_id, account_id=place.account_id, name=place.group_name,
                        identifiers="extended",
                    )  # fmt: skip
                key_id = f"{place.account_id}-server"
                if keys.find(connection, key_id) is None:
                    # its token is thrown away: the events need its name, nobody needs to send with it
                    keys.create(change, signing_key, key_id, account_id=place.account_id, name="Demo server")
    finally:
        registry.close()


def _write(folder: DataFolder, *, days: int, events: int, seed: int, made: Tell) -> int:
    first = (int(time.time()) // SLOT - days * DAY // SLOT) * SLOT
    rows = slots(first=first, days=days, events=events, seed=seed)
    partition = tail.Tail(folder.log, PARTITION, ROLL_BYTES)
    count = 0
    try:
        while some := list(islice(rows, AT_ONCE)):
            connection = partition.open()
            connection.execute("BEGIN")
            written = 0
            for end, receipts in some:
                if receipts:
                    partition.write(frames.encode(receipts), end * MICROSECONDS)
                    written += sum(receipt.received for receipt in receipts)
            connection.execute("COMMIT")
            partition.roll()
            count += written
            made(written)
    finally:
        partition.close()
    return count
