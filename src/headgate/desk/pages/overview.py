"""The overview of an event group: what came, what became of it, and how good it is."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import msgspec
from litestar import get

from headgate.desk.chart_options import delays_option, events_option, label, outcomes_option
from headgate.desk.filters import RANGES, read_filters
from headgate.desk.frame import FrameHere, Page
from headgate.desk.rendering import as_json
from headgate.reports.coverage import coverage
from headgate.reports.delay import delays
from headgate.reports.over_time import events_over_time, outcomes_over_time
from headgate.reports.overlap import overlap
from headgate.reports.totals import choices, totals

#: match keys that are shown although no event carries them
ALWAYS = ("em", "ph", "external_id", "client_ip_address", "client_user_agent", "aFC")


@get("/accounts/{account_id:str}/groups/{group_id:str}", sync_to_thread=True, include_in_schema=False)
def get_overview(frame: FrameHere) -> Page:
    """The reports of a group over a range."""
    store, zone = frame.desk.store, frame.account.time_zone
    filters = read_filters(frame.request.query_params, frame.group.id, frame.console.clock())
    asked = filters.asked
    # comparing ids takes its time over a long range: it comes after the rest of the page, or without scripts by a link
    part = frame.request.query_params.get("part", "")
    if part == "overlap":
        return frame.page("overview_part.html", title=frame.group.name, filters=filters, overlap=overlap(store, asked))
    sums = totals(store, asked)
    events = events_over_time(store, asked, time_zone=zone)
    outcomes = outcomes_over_time(store, asked, time_zone=zone)
    late = delays(store, asked)
    covered = coverage(store, asked)
    shown = [one for one in covered[0].match_keys if one.events or one.match_key in ALWAYS]
    everything = msgspec.structs.replace(asked, first=0, event_name="", source="")
    return frame.page(
        "overview.html",
        title=frame.group.name,
        filters=filters,
        ranges=RANGES,
        available=choices(store, asked),
        totals=sums,
        events=events,
        outcomes=outcomes,
        delays=late,
        coverage=shown,
        sources=covered[1:],
        overlap=overlap(store, asked) if part == "all" else None,
        label=lambda at: label(at, events.bucket, ZoneInfo(zone)),
        charts={
            "events": as_json(events_option(events, asked)),
            "outcomes": as_json(outcomes_option(outcomes, asked)),
            "delays": as_json(delays_option(late)),
        },
        is_new=not sums.received and not totals(store, everything).received,
    )


ROUTES = (get_overview,)
