"""The reports as JSON. Long ones come as a stream of lines, one JSON object each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Annotated, Any

import msgspec
import structlog
from litestar import Controller, get
from litestar.datastructures import State
from litestar.params import QueryParameter
from litestar.response import Stream

from headgate.errors import HeadgateError
from headgate.reports import events, reconcile, rejections, trace

log = structlog.get_logger()

NDJSON = "application/x-ndjson"
LINES_A_CHUNK = 500
_encode = msgspec.json.Encoder(decimal_format="number").encode

Group = Annotated[str, QueryParameter(description="Event group.")]
SomeGroup = Annotated[
    str | None, QueryParameter(description="Event group. Only the operator may leave it out, and gets all.")
]
Since = Annotated[
    int, QueryParameter(ge=0, le=2**63 - 1, description="Received from then on: microseconds since 1970, UTC.")
]
EventId = Annotated[str, QueryParameter(description="As the sender gave it, or as it is stored.")]
Status = Annotated[events.Status | None, QueryParameter(description="Only these.")]
Limit = Annotated[int, QueryParameter(ge=0, le=10**9, description="At most so many, the newest; 0 for all.")]


class Reports(Controller):
    """What the command line reads too."""

    path = "/api"

    @get("/events", sync_to_thread=True, media_type=NDJSON)
    def get_events(
        self, state: State, group: Group, since: Since = 0, status: Status = None, limit: Limit = 100
    ) -> Stream:
        """Accepted events of a group, newest first."""
        return _lines(events.events(state.desk.store, group, since=since, status=status, limit=limit))

    @get("/rejections", sync_to_thread=True, media_type=NDJSON)
    def get_rejections(self, state: State, group: SomeGroup = None, since: Since = 0, limit: Limit = 100) -> Stream:
        """Rejected events, newest first, without personal data."""
        return _lines(rejections.rejections(state.desk.store, group, since=since, limit=limit))

    @get("/trace", sync_to_thread=True)
    def get_trace(self, state: State, event_id: EventId, group: SomeGroup = None) -> list[trace.Occurrence]:
        """What happened to an event, each time that it was sent."""
        return trace.trace(state.desk.store, event_id, group)

    @get("/reconcile", sync_to_thread=True)
    def get_reconcile(self, state: State, group: SomeGroup = None, since: Since = 0) -> list[reconcile.Line]:
        """Whether every event is accounted for, by group, key and hour."""
        return reconcile.reconcile(state.desk.store, group, since=since)


def _lines(rows: Iterable[dict[str, Any]]) -> Stream:
    chunks = _chunks(iter(rows))
    # asked for before there is a status: what is wrong from the start is an answer, not a stream that breaks off
    first = next(chunks, b"")
    return Stream(_told(chain([first], chunks)), media_type=NDJSON)


def _told(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Say what breaks a stream off: its reader sees no more than that it did."""
    try:
        yield from chunks
    except HeadgateError as error:
        log.error("a report broke off", reason=str(error))
        raise


def _chunks(rows: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    """Many lines at a time: each chunk costs a change of threads."""
    while lines := [_encode(row) for row in islice(rows, LINES_A_CHUNK)]:
        yield b"\n".join(lines) + b"\n"
