"""How to send events to a group: requests to copy."""

from __future__ import annotations

from litestar import get

from headgate.desk.frame import FrameHere, Page
from headgate.desk.snippets import NO_EDGE, snippets


@get("/accounts/{account_id:str}/groups/{group_id:str}/connect", sync_to_thread=True, include_in_schema=False)
def get_connect(frame: FrameHere) -> Page:
    """The snippets, filled in with this group."""
    edge_url = frame.console.edge_url or NO_EDGE
    return frame.page(
        "connect.html",
        title="Connect",
        edge_url=edge_url,
        base_code=frame.console.base_code(edge_url, frame.group.id),
        snippets=snippets(edge_url, frame.group.id, frame.console.clock()),
    )


ROUTES = (get_connect,)
