"""How far an upload came: a small file beside the input, written so that a crash leaves the old or the new one."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import msgspec

from headgate_client.cli.problems import Problem, writing

#: seconds between two writes; a crash sends at most what came since then once more, under the same ids
EVERY = 0.5
_VERSION = 1


class Counts(msgspec.Struct):
    """Rows by what became of them."""

    rows: int = 0
    accepted: int = 0
    rejected: int = 0
    requests: int = 0
    #: seconds of all runs
    seconds: float = 0.0
    #: reason -> how many rows
    reasons: dict[str, int] = {}


class Progress(msgspec.Struct):
    """What a checkpoint says. All rows before it have their verdict."""

    #: SHA-256 of the whole input
    fingerprint: str
    #: where it goes
    url: str
    event_group_id: str
    #: a digest of it
    mapping: str
    counts: Counts = msgspec.field(default_factory=Counts)
    #: lines of the file behind which to go on
    lines: int = 0
    #: bytes of the file behind which to go on
    position: int = 0
    #: bytes of the file of rejected rows that belong to the rows before
    rejected_bytes: int = 0
    done: bool = False
    version: int = _VERSION


def fingerprint(path: Path) -> str:
    """SHA-256 of a file, as 64 hexadecimal digits. All of it is read: ids of rows are made of this."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Checkpoint:
    """The checkpoint of one upload, on disk. `path` None: there is none, as nothing can be read a second time."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._written = 0.0

    def read(self) -> Progress | None:
        """What an earlier run left. Raises `Problem` when it cannot be read."""
        if self.path is None or not self.path.exists():
            return None
        try:
            progress = msgspec.json.decode(self.path.read_bytes(), type=Progress)
        except (msgspec.DecodeError, OSError) as why:
            raise Problem(f"{self.path} is no checkpoint that can be read ({why}); delete it to begin anew") from None
        if progress.version != _VERSION:
            raise Problem(f"{self.path} was written by another version; delete it to begin anew")
        return progress

    def write(self, progress: Progress, *, now: bool = False) -> None:
        """Make this durable; not more often than every `EVERY` seconds unless it has to be now."""
        if self.path is None or not (now or self.is_due()):
            return
        self._written = time.monotonic()
        with writing(self.path):
            fresh = self.path.with_name(f"{self.path.name}.new")
            with fresh.open("wb") as file:
                file.write(msgspec.json.format(msgspec.json.encode(progress)))
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self.path)
            handle = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    def is_due(self) -> bool:
        """Whether enough time has passed since the last write."""
        return time.monotonic() - self._written >= EVERY


def require_same(found: Progress, wanted: Progress, path: Path) -> None:
    """Raise `Problem` unless the upload that was interrupted is the one that shall go on."""
    changed = [
        name
        for name, old, new in (
            ("the file's content", found.fingerprint, wanted.fingerprint),
            ("the URL", found.url, wanted.url),
            ("the event group", found.event_group_id, wanted.event_group_id),
            ("the mapping or the way of reading the file", found.mapping, wanted.mapping),
        )
        if old != new
    ]
    if changed:
        again = ""
        if found.fingerprint != wanted.fingerprint and found.counts.accepted:
            again = "; then rows that bring no event_id of their own count a second time"
        raise Problem(
            f"cannot resume: {' and '.join(changed)} changed since the interruption at row {found.counts.rows}. "
            f"Call it as before, or add --restart to begin anew ({path.name} is replaced{again})"
        )
