"""What ends a command, and with which exit code."""

from __future__ import annotations

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
