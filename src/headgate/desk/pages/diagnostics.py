"""What is wrong with the events of a group, and what to do about it."""

from __future__ import annotations

from litestar import get

from headgate.desk.filters import RANGES, read_filters
from headgate.desk.frame import FrameHere, Page
from headgate.reports.clocks import clocks
from headgate.reports.digests import digests
from headgate.reports.match_quality import match_quality
from headgate.reports.near_duplicates import near_duplicates
from headgate.reports.recent import newest_part
from headgate.reports.rejection_reasons import rejection_reasons
from headgate.reports.totals import choices, totals

TITLES = {
    "same_order": "Same order, other id",
    "same_person": "Same person and value, other id",
    "other_name": "Same id, other event name",
    "past_window": "Same id, past the window",
}


@get("/accounts/{account_id:str}/groups/{group_id:str}/diagnostics", sync_to_thread=True, include_in_schema=False)
def get_diagnostics(frame: FrameHere) -> Page:
    """Rejections, nearly caught duplicates, clocks, digests and match quality."""
    store = frame.desk.store
    filters = read_filters(frame.request.query_params, frame.group.id, frame.console.clock())
    asked = filters.asked
    # row by row, so of the newest part only
    part = newest_part(store, asked)
    return frame.page(
        "diagnostics.html",
        title="Diagnostics",
        filters=filters,
        ranges=RANGES,
        available=choices(store, asked),
        totals=totals(store, asked),
        reasons=rejection_reasons(store, asked),
        near=near_duplicates(store, part),
        near_titles=TITLES,
        clocks=clocks(store, part),
        digests=digests(store, part),
        quality=match_quality(store, asked),
    )


ROUTES = (get_diagnostics,)
