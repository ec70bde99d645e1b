"""Where one arrives: the accounts that one may see."""

from __future__ import annotations

from litestar import Response, get
from litestar.response import Redirect

from headgate.desk.frame import FrameHere
from headgate.registry import accounts, organizations


@get("/", sync_to_thread=True, include_in_schema=False)
def get_start(frame: FrameHere) -> Redirect:
    """On to the account, where there is one only."""
    with frame.reading() as connection:
        mine = frame.visitor.sees(accounts.entries(connection))
    return frame.go(f"/accounts/{mine[0].id}" if len(mine) == 1 else "/accounts")


@get("/accounts", sync_to_thread=True, include_in_schema=False)
def get_accounts(frame: FrameHere) -> Response[str]:
    """All accounts that the visitor has a role in, by organization."""
    with frame.reading() as connection:
        mine = frame.visitor.sees(accounts.entries(connection))
        known = organizations.entries(connection)
    by_organization = [(each, [account for account in mine if account.organization_id == each.id]) for each in known]
    shown = [
        (each, inside, frame.visitor.role_in_organization(each.id))
        for each, inside in by_organization
        if inside or frame.visitor.role_in_organization(each.id) is not None
    ]
    return frame.page("accounts.html", title="Accounts", organizations=shown)


ROUTES = (get_start, get_accounts)
