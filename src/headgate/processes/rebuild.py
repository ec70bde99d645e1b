"""Making the embedded store again, beside the old one, and putting it in its place."""

from __future__ import annotations

import shutil
from collections.abc import Callable

from headgate.errors import HeadgateError, SettingsError
from headgate.log.journal import Journal
from headgate.log.sqlite_reader import SqliteReader
from headgate.processes.assembly import open_store
from headgate.processes.folder import DataFolder
from headgate.settings import Settings
from headgate.stream.block import Taken
from headgate.stream.rebuild import rebuild


def rebuild_store(settings: Settings, tell: Callable[[Taken, int], None]) -> int:
    """Rebuild; gives the number of blocks. `tell` is told of each, with how many there are in all.

    Raises `AlreadyRunning` while a server or core holds the folder, `LogCorrupt` when log or archive lack a block: then the
    old store is still there.
    """
    if settings.store:
        raise SettingsError(
            "rebuild works on the embedded store; for a server, point `store` at a new database and start"
        )
    folder = DataFolder(settings.data)
    if not folder.journal.exists():
        raise HeadgateError(f"there is no log in {folder.root} to rebuild from; name the server's folder with --data")
    fresh, old = folder.root / "store.rebuild", folder.root / "store.old"
    with folder.hold("server"), folder.hold("core"):
        shutil.rmtree(fresh, ignore_errors=True)
        reader, journal = SqliteReader(folder.log), Journal(folder.journal)
        try:
            total = sum(block.loaded_at is not None for block in journal.blocks())
            store = open_store(settings, folder, fresh)
            try:
                blocks = rebuild(
                    folder.archive,
                    journal,
                    reader,
                    store,
                    lambda taken: tell(taken, total),
                    memory_keys=settings.dedup_memory_keys,
                )
            finally:
                store.close()
        finally:
            reader.close()
            journal.close()
        # three renames, each leaving a folder that the next start can work with
        shutil.rmtree(old, ignore_errors=True)
        if folder.store.exists():
            folder.store.rename(old)
        fresh.rename(folder.store)
        shutil.rmtree(old, ignore_errors=True)
        return blocks
