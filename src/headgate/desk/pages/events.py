"""The events behind a number."""

from __future__ import annotations

from litestar import get

from headgate.desk.filters import RANGES, narrowed_query, read_filters, read_narrowed
from headgate.desk.frame import FrameHere, Page
from headgate.reports.delay import LABELS
from headgate.reports.event_list import Narrowed, event_list, read_place
from headgate.reports.match_keys import KEYS
from headgate.reports.totals import choices


@get("/accounts/{account_id:str}/groups/{group_id:str}/events", sync_to_thread=True, include_in_schema=False)
def get_events(frame: FrameHere) -> Page:
    """A page of events, newest first."""
    query = frame.request.query_params
    filters = read_filters(query, frame.group.id, frame.console.clock())
    narrowed = read_narrowed(query)
    after = read_place(query.get("after", ""))
    page = event_list(frame.desk.store, filters.asked, narrowed, after=after)
    kept = narrowed_query(narrowed)
    return frame.page(
        "events.html",
        title="Events",
        filters=filters,
        ranges=RANGES,
        available=choices(frame.desk.store, filters.asked),
        narrowed=narrowed,
        words=_words(narrowed),
        hidden={name: value for name, value in kept.items() if value and name != "status"},
        keys=KEYS,
        page=page,
        following=filters.fixed(**kept, after=page.following or ""),
        start=filters.fixed(**kept) if after else "",
    )


def _words(narrowed: Narrowed) -> list[str]:
    """What the events have in common beside status, name and source."""
    found = {
        "limited data use": {"true": "yes", "false": "no"}.get(narrowed.limited_data_use, ""),
        "arrived": LABELS[narrowed.delay] if 0 <= narrowed.delay < len(LABELS) else "",
        "with": narrowed.with_key,
        "without": narrowed.without_key,
        "digest": narrowed.digest,
        "key": narrowed.key_id,
        "event time": "within a day before the range" if narrowed.timely else "",
        "field": narrowed.field,
        "reason": narrowed.reason,
    }
    return [f"{name}: {value}" for name, value in found.items() if value]


ROUTES = (get_events,)
