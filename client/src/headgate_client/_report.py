"""What a queue says of the events that were put into it."""

from __future__ import annotations

from dataclasses import dataclass

from headgate_client._outcome import Rejected, Undelivered


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueReport:
    """What happened since the last report. Counts are exact; details are bounded, see `details_left_off`.

    Over all reports of a queue, `put` plus what its spill file held at the start equals accepted + rejected +
    undelivered + dropped, plus what the last report says is still `waiting` or `kept`.
    """

    #: events that were put, dropped ones included
    put: int
    accepted: int
    rejected_count: int
    undelivered_count: int
    dropped: int
    #: events that are in the queue now, in a request or waiting for one
    waiting: int
    #: events that stay in the spill file for the next queue on it
    kept: int
    rejected: tuple[Rejected, ...] = ()
    undelivered: tuple[Undelivered, ...] = ()
    #: rejected and undelivered events beyond those listed
    details_left_off: int = 0
