"""What became of events: each of them is accepted, rejected or undelivered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from headgate_client._errors import NotAccepted
from headgate_contract.event import Event

#: what `send` takes: a typed event, or the contract's JSON object as a dict
AnyEvent = Event | Mapping[str, Any]

#: why an event was not delivered
Reason = Literal[
    "unreachable",  # no connection, or it broke before the answer
    "overloaded",  # 429 to the last
    "server_error",  # 408 or 5xx to the last
    "unreadable",  # a 2xx that is no answer of an Events API: something else answers there
    "unclear",  # an answer that contradicts itself or the request: some of these may have been accepted
    "unauthorized",  # 401: the key is missing, malformed or revoked
    "forbidden",  # 403: the key is not for this event group, or the partner is not allowed
    "not_found",  # 404: unknown event group or path
    "too_large",  # 413: the server takes smaller bodies than `Options.body_limit`
    "refused",  # any other answer that takes no events
    "closed",  # the queue was closed before there was an answer
]
REASONS: tuple[Reason, ...] = get_args(Reason)
#: the same events may be accepted later, with nothing changed on this side
PASSING: frozenset[Reason] = frozenset({"unreachable", "overloaded", "server_error", "unreadable", "closed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """An event that will not be accepted as it is: by the server, or because it cannot be a request's event at all."""

    #: place in the events given, from 0
    index: int
    event_id: str
    #: field path -> reason
    errors: Mapping[str, str]
    #: the event as given; not shown, as it may hold personal data
    event: AnyEvent = field(repr=False)
    #: `X-Request-Id` of the answer; empty where the server was not asked
    request_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undelivered:
    """An event without a verdict: whether it arrived is not known, or it certainly did not."""

    #: place in the events given, from 0
    index: int
    event_id: str
    reason: Reason
    #: what the server or the network said
    detail: str
    #: the event as given, with its `event_id`; not shown, as it may hold personal data
    event: AnyEvent = field(repr=False)
    #: attempts that were made with it
    attempts: int = 0
    #: HTTP status of the last answer; None where there was none
    status: int | None = None
    request_id: str = ""

    @property
    def may_pass(self) -> bool:
        """Whether sending the same event again later can help. Its `event_id` keeps it from counting twice."""
        return self.reason in PASSING


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of the events of one `send`: `received == accepted + len(rejected) + len(undelivered)`."""

    #: events given
    received: int
    #: events that the server took
    accepted: int
    #: in the order given
    rejected: tuple[Rejected, ...] = ()
    #: in the order given
    undelivered: tuple[Undelivered, ...] = ()
    #: the id of every event, given or made, in the order given: what the pixel needs for deduplication
    event_ids: tuple[str, ...] = field(default=(), repr=False)
    #: requests that went out, retries included
    requests: int = 0

    @property
    def all_accepted(self) -> bool:
        """Whether nothing was rejected or undelivered."""
        return self.accepted == self.received

    def accepted_indexes(self) -> list[int]:
        """Places of the accepted events, in the order given."""
        others = {one.index for one in self.rejected} | {one.index for one in self.undelivered}
        return [index for index in range(self.received) if index not in others]

    def summary(self) -> str:
        """One line for a log: counts and reasons, nothing of the events."""
        parts = [f"{self.accepted} of {self.received} events accepted"]
        if self.rejected:
            first = self.rejected[0]
            told = "; ".join(f"{name}: {reason}" for name, reason in first.errors.items())
            parts.append(f"{len(self.rejected)} rejected (event {first.index}: {told})")
        if self.undelivered:
            first_lost = self.undelivered[0]
            parts.append(f"{len(self.undelivered)} undelivered ({first_lost.reason}: {first_lost.detail})")
        return ", ".join(parts)

    def require_accepted(self) -> None:
        """Raise `NotAccepted` unless every event was accepted."""
        if not self.all_accepted:
            raise NotAccepted(self)
