"""Settings: the partners of an account."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Response, get, post
from litestar.params import PathParameter
from msgspec import Struct

from headgate.desk import partnerships
from headgate.desk.forms import Form
from headgate.desk.frame import Frame, FrameHere, Page
from headgate.errors import RegistryError

PARTNERS = "/accounts/{account_id:str}/settings/partners"
PartnerId = Annotated[str, PathParameter()]


class Names(Struct):
    """The form: a name a line."""

    names: str = ""


@get(PARTNERS, sync_to_thread=True, include_in_schema=False)
def get_partners(frame: FrameHere) -> Page:
    """Who may send, and under which names."""
    return _page(frame, "\n".join(frame.account.allowed_partners))


@post(f"{PARTNERS}/allowed", status_code=200, sync_to_thread=True, include_in_schema=False)
def post_allowed(frame: FrameHere, data: Form[Names]) -> Response[Any]:
    """Change the names."""
    try:
        partnerships.allow(frame, [line.strip() for line in data.names.splitlines() if line.strip()])
    except RegistryError as error:
        return _page(frame, data.names, error)
    return frame.go(f"/accounts/{frame.account.id}/settings/partners", "saved")


@post(f"{PARTNERS}/{{partner_id:str}}/grant", status_code=200, sync_to_thread=True, include_in_schema=False)
def post_grant(frame: FrameHere, partner_id: PartnerId) -> Response[Any]:
    """Let a partner's keys send."""
    partnerships.grant(frame, partner_id)
    return frame.go(f"/accounts/{frame.account.id}/settings/partners", "granted")


@post(f"{PARTNERS}/{{partner_id:str}}/withdraw", status_code=200, sync_to_thread=True, include_in_schema=False)
def post_withdraw(frame: FrameHere, partner_id: PartnerId) -> Response[Any]:
    """Let them no longer."""
    partnerships.withdraw(frame, partner_id)
    return frame.go(f"/accounts/{frame.account.id}/settings/partners", "withdrawn")


def _page(frame: Frame, names: str, error: RegistryError | None = None) -> Page:
    return frame.page(
        "partners.html",
        title="Partners",
        status=400 if error else 200,
        lines=partnerships.list_partners(frame),
        names=names,
        error=str(error or ""),
    )


ROUTES = (get_partners, post_allowed, post_grant, post_withdraw)
