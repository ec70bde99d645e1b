"""What ends a command, and with which exit code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: every event was accepted; nothing was found
DONE = 0
#: some events were rejected; something was found
SOME_REJECTED = 1
#: the command was called in a way that cannot work
USAGE = 2
#: not everything was delivered: an outage, a refusal or an interruption
UNDELIVERED = 3


class Problem(Exception):
    """The command cannot go on; the message names the flag or file and the cure."""

    exit_code = USAGE


class Stopped(Problem):
    """The upload ended before its last row."""

    exit_code = UNDELIVERED


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Raise `Stopped` where a file of ours cannot be written: a full disk, most of the time."""
    try:
        yield
    except OSError as why:
        raise Stopped(f"{path} cannot be written: {why.strerror}; once it can, call it again with --resume") from None
