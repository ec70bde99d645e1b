"""What is wrong with the events of a group, and what to do about it."""

from __future__ import annotations

from litestar import get

from headgate.desk.filters import RANGES, read_filters
from headgate.desk.frame import FrameHere, Page
from headgate.reports.clocks import clocks
from headgate.reports.digests import digests
from headgate.reports.match_keys import WEIGHTS
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


#: parts of the page that come one after the other, as each takes its time over a long range; without scripts, by links
PARTS = ("near", "senders", "quality")


@get("/accounts/{account_id:str}/groups/{group_id:str}/diagnostics", sync_to_thread=True, include_in_schema=False)
def get_diagnostics(frame: FrameHere) -> Page:
    """Rejections first; `part` asks for nearly caught duplicates, clocks and digests, match quality, or `all`."""
    store, query = frame.desk.store, frame.request.query_params
    filters = read_filters(query, frame.group.id, frame.console.clock())
    asked = filters.asked
    wanted = query.get("part", "")
    parts = PARTS if wanted == "all" else tuple(part for part in PARTS if part == wanted)
    # row by row, so of the newest part only
    newest = newest_part(store, asked) if {"near", "senders"} & set(parts) else asked
    is_first = wanted == "all" or not parts
    return frame.page(
        "diagnostics.html",
        title="Diagnostics",
        filters=filters,
        ranges=RANGES,
        available=choices(store, asked),
        parts=parts,
        is_first=is_first,
        totals=totals(store, asked) if is_first else None,
        reasons=rejection_reasons(store, asked) if is_first else [],
        near=near_duplicates(store, newest) if "near" in parts else None,
        near_titles=TITLES,
        clocks=clocks(store, newest) if "senders" in parts else None,
        digests=digests(store, newest) if "senders" in parts else None,
        quality=match_quality(store, asked) if "quality" in parts else [],
        weights=sorted(WEIGHTS.items(), key=lambda item: (-item[1], item[0])),
    )


ROUTES = (get_diagnostics,)
