"""Making the store again: an embedded one beside the old one, then put in its place."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from headgate.errors import HeadgateError
from headgate.log import archive
from headgate.log.journal import Journal
from headgate.log.sqlite_reader import SqliteReader
from headgate.processes.assembly import open_store
from headgate.processes.folder import DataFolder
from headgate.settings import Settings
from headgate.stream.block import Taken
from headgate.stream.consistency import last_known, last_loaded
from headgate.stream.rebuild import rebuild

Tell = Callable[[Taken, int], None]


def rebuild_store(settings: Settings, tell: Tell) -> int:
    """Rebuild; gives the number of blocks. `tell` is told of each, with how many there are in all.

    A server's database is filled where it is, so it has to be empty, or a part of what it should be. Raises
    `AlreadyRunning` while a server or core holds the folder, and `LogCorrupt` when log or archive lack a block: then an
    embedded store is still the old one.
    """
    folder = DataFolder(settings.data)
    if not folder.log.exists():
        raise HeadgateError(f"there is no log in {folder.root} to rebuild from; name the server's folder with --data")
    with folder.hold("server"), folder.hold("core"):
        reader, journal = SqliteReader(folder.log), Journal(folder.journal)
        try:
            if settings.store:
                return _fill(settings, folder, journal, reader, None, tell)
            return _replace(settings, folder, journal, reader, tell)
        finally:
            reader.close()
            journal.close()


def _replace(settings: Settings, folder: DataFolder, journal: Journal, reader: SqliteReader, tell: Tell) -> int:
    fresh, old = folder.root / "store.rebuild", folder.root / "store.old"
    if folder.store.exists() and not last_known(journal, folder.archive):
        raise HeadgateError(
            "neither journal nor archive know of a block: there is nothing to rebuild the store from. If the log is there "
            "from its first row on, move the folder `store` aside; the next start loads all of the log"
        )
    shutil.rmtree(fresh, ignore_errors=True)
    blocks = _fill(settings, folder, journal, reader, fresh, tell)
    # three renames, each leaving a folder that the next start can work with, or refuses
    shutil.rmtree(old, ignore_errors=True)
    if folder.store.exists():
        folder.store.rename(old)
    fresh.rename(folder.store)
    shutil.rmtree(old, ignore_errors=True)
    return blocks


def _fill(
    settings: Settings, folder: DataFolder, journal: Journal, reader: SqliteReader, path: Path | None, tell: Tell
) -> int:
    total = max(last_loaded(journal), archive.newest(folder.archive))
    store = open_store(settings, folder, path)
    try:
        return rebuild(
            folder.archive,
            journal,
            reader,
            store,
            lambda taken: tell(taken, total),
            memory_keys=settings.dedup_memory_keys,
        )
    finally:
        store.close()
