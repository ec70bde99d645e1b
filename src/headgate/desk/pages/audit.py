"""Settings: the record of what was done in an account, or in an organization."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from litestar import get
from litestar.params import QueryParameter

from headgate.desk.frame import FrameHere, Page
from headgate.desk.places import place_of
from headgate.registry import audit, users

A_PAGE = 50
AUDIT = ("/accounts/{account_id:str}/settings/audit", "/organizations/{organization_id:str}/audit")
Text = Annotated[str, QueryParameter(max_length=200)]
Before = Annotated[str, QueryParameter(pattern=r"^\d{0,18}\Z")]


def get_audit(frame: FrameHere, act: Text = "", text: Text = "", before: Before = "") -> Page:
    """Acts, newest first, a page at a time."""
    place = place_of(frame.admitted)
    asked = place.acts(act=act, text=text.strip(), before=int(before) if before else None, limit=A_PAGE + 1)
    with frame.reading() as connection:
        lines = audit.lines(connection, asked)
        kinds = audit.kinds(connection, asked)
        emails = {each.id: each.email for each in users.entries(connection)}
    older = urlencode({"act": act, "text": text, "before": lines[A_PAGE - 1].id}) if len(lines) > A_PAGE else ""
    return frame.page(
        "audit.html",
        title="Audit log",
        lines=lines[:A_PAGE],
        kinds=kinds,
        emails=emails,
        act=act,
        text=text,
        older=older,
        is_first=not before,
        is_filtered=bool(act or text.strip()),
    )


ROUTES = tuple(get(path, sync_to_thread=True, include_in_schema=False)(get_audit) for path in AUDIT)
