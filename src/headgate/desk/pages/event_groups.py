"""The event groups of an account, and how each does."""

from __future__ import annotations

from litestar import get

from headgate.desk.frame import FrameHere, Page
from headgate.registry import event_groups
from headgate.reports.group_status import group_status


@get("/accounts/{account_id:str}", sync_to_thread=True, include_in_schema=False)
def get_account(frame: FrameHere) -> Page:
    """The event groups of an account, each with the last day."""
    with frame.reading() as connection:
        groups = [each for each in event_groups.entries(connection) if each.account_id == frame.account.id]
    found = group_status(frame.desk.store, [group.id for group in groups], now=frame.console.clock()) if groups else []
    return frame.page("account.html", title="Event groups", groups=list(zip(groups, found, strict=True)))


ROUTES = (get_account,)
