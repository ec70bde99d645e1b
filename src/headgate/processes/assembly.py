"""The core's parts put together: for the core process, and for the command line when no server runs."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from headgate.log.journal import Journal
from headgate.log.sqlite_reader import SqliteReader
from headgate.processes.clock import now_microseconds
from headgate.processes.folder import DataFolder
from headgate.processes.scale_out import check_scale_out
from headgate.settings import Settings
from headgate.store.clickhouse import ClickHouseStore, open_embedded, open_server
from headgate.stream.block import Taken
from headgate.stream.worker import Limits, Worker


class CoreParts(NamedTuple):
    """What the core works with."""

    worker: Worker
    store: ClickHouseStore
    journal: Journal
    reader: SqliteReader


def open_store(settings: Settings, folder: DataFolder, path: Path | None = None) -> ClickHouseStore:
    """The store that the settings name; `path` puts an embedded one elsewhere. Temporary files stay in the data folder."""
    folder.scratch.mkdir(mode=0o700, exist_ok=True)
    tempfile.tempdir = str(folder.scratch)
    if settings.store:
        return open_server(settings.store, settings.rejections_days)
    return open_embedded(path or folder.store, rejections_days=settings.rejections_days)


@contextmanager
def core_parts(
    settings: Settings, folder: DataFolder, tell: Callable[[Taken], None] = lambda _taken: None
) -> Iterator[CoreParts]:
    """Hold the core's place in this folder and open all its parts. Raises `AlreadyRunning` while another core runs."""
    check_scale_out(settings)
    folder.make()
    with folder.hold("core"):
        store = open_store(settings, folder)
        try:
            store.migrate()
            reader, journal = SqliteReader(folder.log), Journal(folder.journal)
            try:
                limits = Limits(memory_keys=settings.dedup_memory_keys)
                worker = Worker(reader, journal, store, now_microseconds, folder.archive, limits, tell=tell)
                yield CoreParts(worker, store, journal, reader)
            finally:
                reader.close()
                journal.close()
        finally:
            store.close()
