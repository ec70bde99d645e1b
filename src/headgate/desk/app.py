"""The inside port: the console, its API, health and metrics, put together.

`/healthz`, `/readyz` and `/metrics` are open to whoever reaches the port; who may use what else is in `access.py`.
"""

from __future__ import annotations

from functools import cache

from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.types import ControllerRouterHandler

from headgate.desk import assets, operating
from headgate.desk.access import check_access
from headgate.desk.api import accounts as api_accounts
from headgate.desk.api import users as api_users
from headgate.desk.api.document import document, get_document
from headgate.desk.api.measures import Measures
from headgate.desk.api.reports import Reports
from headgate.desk.bodies import DeskRequest
from headgate.desk.forgery import check_forgery
from headgate.desk.frame import provide_frame
from headgate.desk.headers import add_headers
from headgate.desk.pages import (
    account_settings,
    audit,
    connect,
    diagnostics,
    event_groups,
    events,
    groups,
    home,
    keys,
    overview,
    partners,
    profile,
    sign_in,
    test_events,
    trace,
    users,
    welcome,
)
from headgate.desk.parts import Console, Desk
from headgate.desk.problems import answer_failure, answer_problem
from headgate.errors import HeadgateError

__all__ = ["Console", "Desk", "desk_app"]

OPERATING = (operating.get_health, operating.get_readiness, operating.get_metrics)
REPORTS: tuple[ControllerRouterHandler, ...] = (Reports, Measures)
#: what needs the registry
API: tuple[ControllerRouterHandler, ...] = (*api_accounts.ROUTES, *api_users.ROUTES, get_document)
_PAGES = (sign_in, welcome, profile, home, groups, keys, partners, users, audit, account_settings)
_DATA_PAGES = (event_groups, overview, test_events, diagnostics, trace, events, connect)
PAGES: tuple[ControllerRouterHandler, ...] = (
    assets.get_asset,
    *(route for page in (*_PAGES, *_DATA_PAGES) for route in page.ROUTES),
)


def desk_app(desk: Desk) -> Litestar:
    """The application. Pages, and all that is about users, only where the desk has a console."""
    # by way of one router: an application that is given two handlers of a path, one after the other, registers the first
    # one twice, and then never waits for what it gives back
    everything = Router("/", route_handlers=[*OPERATING, *REPORTS, *((*API, *PAGES) if desk.console else ())])
    return Litestar(
        route_handlers=[everything],
        state=State({"desk": desk, "document": cache(lambda: document((*REPORTS, *API)))}),
        request_class=DeskRequest,
        guards=[check_access],
        before_request=check_forgery,
        before_send=[add_headers],
        dependencies={"frame": Provide(provide_frame, sync_to_thread=False)},
        # what describes the desk is for who may use it: `/api/openapi.json`, which is made of the same handlers
        openapi_config=None,
        exception_handlers={HeadgateError: answer_problem, HTTPException: answer_problem, Exception: answer_failure},
        logging_config=None,
        debug=False,
    )
