"""What happened to an event, as a timeline for each time that it was sent."""

from __future__ import annotations

from litestar import get

from headgate.desk.frame import FrameHere, Page
from headgate.reports.trace import trace

LONGEST = 500
#: occurrences shown; one id can have been sent any number of times
MOST = 50
WORDS = {
    "received": "Received",
    "validated": "Validated: it holds to the contract",
    "rejected": "Rejected",
    "hashed": "Hashed",
    "durable": "Durable in the log",
    "duplicate": "Recognised as a duplicate",
    "matchable": "Matchable",
    "stored": "Stored",
    "dead_letter": "Set aside as a dead letter",
}


@get("/accounts/{account_id:str}/groups/{group_id:str}/trace", sync_to_thread=True, include_in_schema=False)
def get_trace(frame: FrameHere) -> Page:
    """The form, and the timelines of the id that was asked for."""
    event_id = frame.request.query_params.get("event_id", "").strip()[:LONGEST]
    found = trace(frame.desk.store, event_id, frame.group.id)
    return frame.page(
        "trace.html",
        title="Event trace",
        event_id=event_id,
        occurrences=found[:MOST],
        count=len(found),
        words=WORDS,
    )


ROUTES = (get_trace,)
