"""The data folder: what lies where, who may read it, and who may hold it."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from headgate.errors import AlreadyRunning, SettingsError


class Running(msgspec.Struct, frozen=True):
    """Where a running server can be reached: `running.json`."""

    pid: int
    edge_url: str
    desk_url: str


class DataFolder:
    """Paths of one installation. Everything in it is for the user who runs the server only."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.log = self.root / "log"
        self.journal = self.log / "journal.db"
        self.archive = self.root / "archive"
        self.store = self.root / "store"
        self.registry = self.root / "registry.db"
        self.signing_key = self.root / "signing-key.pem"
        self.operator_token = self.root / "operator-token"
        self.metrics = self.root / "metrics"
        #: where the store puts the blocks it is about to load
        self.scratch = self.root / "scratch"
        self.tls = self.root / "tls"
        self.demo = self.root / "demo.json"
        self.running = self.root / "running.json"

    def make(self) -> None:
        """Create the folders that are missing. Raises `SettingsError` where that cannot be.

        A folder that holds something of another's, which the server would empty, is not taken for ours.
        """
        if not self.log.exists():
            for foreign in (self.scratch, self.metrics):
                if foreign.exists():
                    raise SettingsError(
                        f"the folder {self.root} is not of a server, and holds {foreign.name}, which a server empties at "
                        "its start: name a new or an empty folder"
                    )
        for folder in (self.root, self.log, self.archive):
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            except OSError as error:
                raise SettingsError(f"the data folder {folder} cannot be made: {error.strerror}") from None

    def clear_scratch(self) -> None:
        """Empty what a former run left behind of temporary files and metrics."""
        for folder in (self.scratch, self.metrics):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(mode=0o700)

    @contextmanager
    def hold(self, what: str) -> Iterator[None]:
        """Be the only process that is `what` (`server`, `core`) in this folder. Raises `AlreadyRunning`.

        The lock is the operating system's: it goes with the process, however that ends.
        """
        with (self.root / f"{what}.lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise AlreadyRunning(
                    f"another {what} holds {self.root}; stop it, or name another folder with --data"
                ) from None
            yield

    def write_private(self, path: Path, text: str) -> None:
        """Write a file that only its owner may read, all of it or nothing."""
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def read_operator_token(self) -> str:
        """The secret that the command line shows the desk; made at first use."""
        if not self.operator_token.exists():
            self.write_private(self.operator_token, secrets.token_urlsafe(32))
        return self.operator_token.read_text().strip()

    def read_running(self) -> Running | None:
        """Where the server that uses this folder listens, or listened last."""
        try:
            return msgspec.json.decode(self.running.read_bytes(), type=Running)
        except (OSError, msgspec.MsgspecError):
            return None
