"""The file of rejected rows: row number and every reason, and nothing personal."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import msgspec

from headgate_client.cli.checkpoint import Counts
from headgate_client.cli.problems import Problem, writing
from headgate_client.cli.rows import Row
from headgate_contract import redact

#: reasons that are told apart in the summary
_REASONS = 200
_SHOWN = 120


class RejectedFile:
    """`FILE.rejected.ndjson`, made when there is something to write. `keep`: bytes of an earlier run that stay.

    `done`: the upload is at its end, and the file is the sender's to move or delete.
    """

    def __init__(self, path: Path, keep: int = 0, *, done: bool = False) -> None:
        self.path = path
        self.bytes = keep
        self._file: IO[bytes] | None = None
        if done:
            return
        if keep:
            if not path.exists() or path.stat().st_size < keep:
                raise Problem(f"cannot resume: {path} is missing or shorter than it was; add --restart to begin anew")
            # what was written behind the checkpoint is written again
            os.truncate(path, keep)
        elif path.exists():
            path.unlink()

    def write(self, row: Row, event: Mapping[str, Any], errors: Mapping[str, str], counts: Counts) -> None:
        """Add a row, and count its reasons."""
        if self._file is None:
            with writing(self.path):
                self._file = self.path.open("ab")
        told = {redact.scrub(field): redact.text(reason) for field, reason in errors.items()}
        where = {"row": row.number, "line": row.line} if row.line else {"row": row.number}
        kept = msgspec.Raw(redact.event(dict(event)).encode())
        line = msgspec.json.encode({**where, "errors": told, "event": kept if event else None}) + b"\n"
        with writing(self.path):
            self._file.write(line)
        self.bytes += len(line)
        for field, reason in told.items():
            kind = f"{field}: {reason}"[:_SHOWN]
            if kind not in counts.reasons and len(counts.reasons) >= _REASONS:
                kind = "other reasons"
            counts.reasons[kind] = counts.reasons.get(kind, 0) + 1

    def sync(self) -> None:
        """Make it durable: before the checkpoint that counts on it."""
        if self._file is not None:
            with writing(self.path):
                self._file.flush()
                os.fsync(self._file.fileno())

    def close(self) -> None:
        """Write what is left."""
        if self._file is not None:
            with writing(self.path):
                self._file.close()
            self._file = None
