"""The console's reports as JSON: what the pages show, for scripts. What each is asked for is in `ranges`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from litestar import Controller, Request, get
from litestar.datastructures import State
from litestar.params import QueryParameter

from headgate.desk.access import Admitted
from headgate.desk.api.ranges import RANGES, Between, Group, OfName, Over, now
from headgate.reports import clocks as clock_report
from headgate.reports import digests as digest_report
from headgate.reports import event_list, live
from headgate.reports import match_quality as quality_report
from headgate.reports import near_duplicates as near_report
from headgate.reports import rejection_reasons as reason_report
from headgate.reports.coverage import Coverage, coverage
from headgate.reports.delay import Delay, delays
from headgate.reports.group_status import GroupStatus, group_status
from headgate.reports.over_time import Outcomes, OverTime, events_over_time, outcomes_over_time
from headgate.reports.overlap import Overlaps, overlap
from headgate.reports.recent import newest_part
from headgate.reports.totals import Choices, Totals, choices, totals

Text = Annotated[str, QueryParameter(max_length=1000)]
Delayed = Annotated[int, QueryParameter(ge=-1, le=20, description="Place among the delays of /api/reports/delays.")]
Limit = Annotated[int, QueryParameter(ge=1, le=1000, description="Events of a page.")]
Pairs = Annotated[int, QueryParameter(ge=1, le=1000, description="The newest pairs of a kind.")]
Limited = Annotated[Literal["", "true", "false"], QueryParameter(description="Whether their use is limited.")]
Status = Annotated[
    event_list.Status, QueryParameter(description="What became of them; accepted: kept and duplicate; received: all.")
]
Timely = Annotated[
    Literal["", "true"],
    QueryParameter(
        description="true: only those that name a time no more than a day before `first`, as diagnostics do."
    ),
]
Behind = Annotated[int, QueryParameter(ge=0, le=2**62, description="Only of blocks behind this one.")]
AnyRequest = Request[Any, Any, Any]


def _zone(request: AnyRequest) -> str:
    admitted: Admitted = request.state.admitted
    return admitted.account.time_zone if admitted.account else "UTC"


class Measures(Controller):
    """Reports over a range."""

    path = "/api/reports"
    dependencies = RANGES

    @get("/totals", sync_to_thread=True)
    def get_totals(self, state: State, over: Over) -> Totals:
        """What was received and what became of it."""
        return totals(state.desk.store, over)

    @get("/choices", sync_to_thread=True)
    def get_choices(self, state: State, between: Between) -> Choices:
        """The event names and sources that there are."""
        return choices(state.desk.store, between)

    @get("/events-over-time", sync_to_thread=True)
    def get_events_over_time(self, request: AnyRequest, state: State, over: Over) -> OverTime:
        """Kept events by name and source, in buckets of the account's time zone."""
        return events_over_time(state.desk.store, over, time_zone=_zone(request))

    @get("/outcomes-over-time", sync_to_thread=True)
    def get_outcomes_over_time(self, request: AnyRequest, state: State, over: Over) -> Outcomes:
        """All events by what became of them, in buckets of the account's time zone."""
        return outcomes_over_time(state.desk.store, over, time_zone=_zone(request))

    @get("/overlap", sync_to_thread=True)
    def get_overlap(self, state: State, of_name: OfName) -> Overlaps:
        """How far sources confirm each other."""
        return overlap(state.desk.store, of_name)

    @get("/coverage", sync_to_thread=True)
    def get_coverage(self, state: State, over: Over) -> list[Coverage]:
        """Which match keys kept events carry."""
        return coverage(state.desk.store, over)

    @get("/delays", sync_to_thread=True)
    def get_delays(self, state: State, over: Over) -> list[Delay]:
        """How late kept events came."""
        return delays(state.desk.store, over)

    @get("/match-quality", sync_to_thread=True)
    def get_match_quality(self, state: State, over: Over) -> list[quality_report.Quality]:
        """Scores by event name, and what would raise them."""
        return quality_report.match_quality(state.desk.store, over)

    @get("/rejections", sync_to_thread=True)
    def get_rejections(self, state: State, over: Over) -> list[reason_report.Reason]:
        """Rejections by field and reason, with what to do."""
        return reason_report.rejection_reasons(state.desk.store, over)

    @get("/near-duplicates", sync_to_thread=True)
    def get_near_duplicates(self, state: State, of_name: OfName, limit: Pairs = 50) -> near_report.NearDuplicates:
        """Pairs that look like one event sent twice and were not caught."""
        store = state.desk.store
        return near_report.near_duplicates(store, newest_part(store, of_name), limit=limit)

    @get("/clocks", sync_to_thread=True)
    def get_clocks(self, state: State, over: Over) -> clock_report.Clocks:
        """Clock skew by key."""
        return clock_report.clocks(state.desk.store, newest_part(state.desk.store, over))

    @get("/digests", sync_to_thread=True)
    def get_digests(self, state: State, over: Over) -> digest_report.Digests:
        """Findings about stored digests."""
        return digest_report.digests(state.desk.store, newest_part(state.desk.store, over))

    @get("/status", sync_to_thread=True)
    def get_status(self, state: State, group: Group) -> GroupStatus:
        """How a group does: its sources and the last 24 hours."""
        return group_status(state.desk.store, [group], now=now(state.desk))[0]

    @get("/tests", sync_to_thread=True)
    def get_tests(self, request: AnyRequest, state: State, group: Group) -> list[live.Seen]:
        """Events sent to be tested in the last 24 hours, newest first."""
        admitted: Admitted = request.state.admitted
        return live.newest_tests(state.desk.store, admitted.account.id, group) if admitted.account else []

    @get("/live", sync_to_thread=True)
    def get_live(self, state: State, group: Group, after: Behind = 0) -> list[live.Seen]:
        """A sample of what came in the last two minutes: the newest accepted and the newest rejected events."""
        return live.newest_live(state.desk.store, group, now=now(state.desk), after=after)

    @get("/events", sync_to_thread=True)
    def get_events(
        self,
        state: State,
        over: Over,
        status: Status = "accepted",
        key_id: Text = "",
        limited_data_use: Limited = "",
        delay: Delayed = -1,
        with_key: Text = "",
        without_key: Text = "",
        digest: Text = "",
        timely: Timely = "",
        field: Text = "",
        reason: Text = "",
        after: Text = "",
        limit: Limit = 50,
    ) -> event_list.Page:
        """The events behind a number, newest first; `following` of a page is `after` of the next."""
        narrowed = event_list.Narrowed(
            status=status,
            key_id=key_id,
            limited_data_use=limited_data_use,
            delay=delay,
            with_key=with_key,
            without_key=without_key,
            digest=digest,
            timely=timely,
            field=field,
            reason=reason,
        )
        return event_list.event_list(
            state.desk.store, over, narrowed, after=event_list.read_place(after) if after else None, limit=limit
        )
