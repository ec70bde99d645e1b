"""What this package raises on purpose.

ClientError
├── InvalidOption        an argument or option that cannot work; the message names it and the cure (also a ValueError)
├── InvalidEvent         a builder was given a value that the contract refuses (also a ValueError)
├── Closed               the client or queue was closed before
├── NotAccepted          `Outcome.require_accepted`: some events were rejected or undelivered
├── QueueFull            no room in the queue within the time allowed
├── MissingExtra         what was asked for takes an extra that is not installed; the message names it
├── SpillUnusable        the spill file cannot be used: another process holds it, or it is no spill file
└── TransportError       a request got no answer: raised by transports, never by a client, which reports it
    ├── ConnectFailed    no connection: name, address, port, TLS
    └── NoAnswer         the connection broke or timed out before the whole answer was there

The docstring of a class is its message where none is given.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headgate_client._outcome import Outcome


class ClientError(Exception):
    """Something went wrong in the Events API client."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or inspect.getdoc(type(self)) or type(self).__name__)


class InvalidOption(ClientError, ValueError):
    """An option has a value that cannot work."""


class InvalidEvent(ClientError, ValueError):
    """The event is not one that the contract accepts."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{field}: {reason}" for field, reason in errors.items()))
        #: field path -> reason and cure
        self.errors = dict(errors)


class Closed(ClientError):
    """This was closed; make a new one."""


class NotAccepted(ClientError):
    """Some events were not accepted."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.summary())
        self.outcome = outcome


class QueueFull(ClientError):
    """The queue is full, and no room was made in time."""


class MissingExtra(ClientError):
    """This takes an extra that is not installed."""


class SpillUnusable(ClientError):
    """The spill file cannot be used."""


class TransportError(ClientError):
    """The request got no answer."""


class ConnectFailed(TransportError):
    """No connection could be made."""


class NoAnswer(TransportError):
    """The connection broke, or timed out, before the whole answer was there."""
