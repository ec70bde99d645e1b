"""Whether log, journal, archive and store tell the same story: asked before anything is loaded or replaced.

Files can be deleted, restored from a backup or mounted wrongly. Going on over that would load rows twice, pass rows
over, or forget what deduplication must know; so each contradiction is an error that says what to do.
"""

from __future__ import annotations

from pathlib import Path

from headgate.errors import CoreStopped, LogCorrupt
from headgate.log import archive
from headgate.log.base import Reader
from headgate.log.journal import Journal
from headgate.store.base import Store


def check_all(reader: Reader, journal: Journal, archive_folder: Path, store: Store) -> None:
    """Hold every part against the others. Changes nothing.

    Raises `LogCorrupt` or `CoreStopped` for a contradiction; `LogUnavailable` or `StoreUnavailable` when it cannot be
    told just now.
    """
    check_journal(journal, archive_folder, store)
    check_log(reader, journal)
    check_store(journal, store)


def check_journal(journal: Journal, archive_folder: Path, store: Store) -> None:
    """Raise `LogCorrupt` when archive or store hold blocks that the journal does not know."""
    last = journal.last_seq()
    for holder, newest in (("archive", archive.newest(archive_folder)), ("store", store.newest_block())):
        if newest > last:
            raise LogCorrupt(
                f"the {holder} holds blocks up to {newest}, but the journal ends at block {last}: log/journal.db was "
                "deleted or comes from a backup. Put the newer file back; without it, stop the server and run "
                "`headgate rebuild`"
            )


def check_log(reader: Reader, journal: Journal) -> None:
    """Raise `LogCorrupt` when a partition of the log ends before what was planned, or lacks what comes next."""
    positions, ends = journal.positions(), reader.ends()
    for partition, position in positions.items():
        if position > (end := ends.get(partition, 0)):
            raise LogCorrupt(
                f"partition {partition!r} of the log ends at row {end}, but rows up to {position} were taken from it: "
                "files of the log were deleted or replaced. Stop the server and put them back; where they are lost, "
                "move log, archive and store aside together to begin anew"
            )
    for partition, end in ends.items():
        if (following := positions.get(partition, 0) + 1) <= end:
            try:
                reader.read(partition, following, following, limit=1)
            except LogCorrupt as error:
                raise LogCorrupt(
                    f"what comes next cannot be read: {error}. Put the log's files, and log/journal.db, back as they were"
                ) from error


def check_store(journal: Journal, store: Store) -> None:
    """Raise `CoreStopped` when the store lacks blocks that the journal calls loaded."""
    loaded = last_loaded(journal)
    if (whole := store.whole_blocks(loaded)) < loaded:
        raise CoreStopped(
            f"the store holds {whole} of the {loaded} blocks that were loaded: it is missing, new or an older copy, and "
            "deduplication would forget the rest. Stop the server and run `headgate rebuild`"
        )


def last_known(journal: Journal, archive_folder: Path) -> int:
    """The number of the newest block that journal or archive know of, 0 before the first."""
    return max(journal.last_seq(), archive.newest(archive_folder))


def last_loaded(journal: Journal) -> int:
    """The number of the newest block that was loaded, 0 before the first."""
    pending = journal.pending()
    return pending.seq - 1 if pending else journal.last_seq()
