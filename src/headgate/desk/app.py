"""The inside port: health, metrics, and the reports as JSON for the command line and for scripts.

`/healthz`, `/readyz` and `/metrics` are open to whoever reaches the port; everything under `/api` wants the operator's token.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, Any

import msgspec
import prometheus_client
import structlog
from litestar import Controller, Litestar, MediaType, Request, Response, get
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.exceptions import HTTPException, NotAuthorizedException
from litestar.handlers import BaseRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.params import Parameter
from litestar.response import Stream
from prometheus_client import multiprocess

from headgate.errors import HeadgateError, StoreUnavailable
from headgate.reports import events, reconcile, rejections, trace
from headgate.store.base import Store

log = structlog.get_logger()

NDJSON = "application/x-ndjson"
LINES_A_CHUNK = 500
_encode = msgspec.json.Encoder(decimal_format="number").encode

Group = Annotated[str, Parameter(description="Event group.")]
SomeGroup = Annotated[str | None, Parameter(description="Event group; all of them when left out.")]
Since = Annotated[int, Parameter(ge=0, description="Received from then on: microseconds since 1970, UTC.")]
Limit = Annotated[int, Parameter(ge=0, le=10**9, description="At most so many, the newest; 0 for all.")]


@dataclass(frozen=True)
class Desk:
    """What the desk shows."""

    store: Store
    #: the secret of whoever may read the data folder
    operator_token: str
    #: rows of the log that are durable and not in the store
    behind: Callable[[], int]
    #: why nothing is being loaded, or None
    trouble: Callable[[], str | None]
    #: where all processes keep their metrics
    metrics_folder: str


def desk_app(desk: Desk) -> Litestar:
    """The application."""
    return Litestar(
        route_handlers=[get_health, get_readiness, get_metrics, Reports],
        state=State({"desk": desk}),
        openapi_config=OpenAPIConfig(title="Headgate desk", version="1", path="/schema"),
        exception_handlers={HeadgateError: _say, HTTPException: _say, Exception: _fail},
        logging_config=None,
        debug=False,
    )


def _say(_request: Request[Any, Any, Any], error: Exception) -> Response[dict[str, Any]]:
    status, text = 500, str(error)
    if isinstance(error, HTTPException):
        status, text = error.status_code, error.detail
        # what was wrong with which parameter
        for problem in error.extra if isinstance(error.extra, list) else []:
            text += f" {problem.get('key', '')}: {problem.get('message', '')}."
    elif isinstance(error, StoreUnavailable):
        status = 503
    headers = {"Retry-After": "2"} if status == 503 else {}  # noqa: PLR2004 - as two lines above
    return Response({"code": status, "description": text}, status_code=status, headers=headers)


def _fail(_request: Request[Any, Any, Any], error: Exception) -> Response[dict[str, Any]]:
    log.error("the desk failed", error=type(error).__name__)
    return Response(
        {"code": 500, "description": "Something went wrong here; the server's log says what."}, status_code=500
    )


def operator_only(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
    """Let in who shows the operator's token."""
    shown = connection.headers.get("authorization", "").removeprefix("Bearer ").encode()
    if not hmac.compare_digest(shown, connection.app.state.desk.operator_token.encode()):
        raise NotAuthorizedException(
            "Show the token from the file operator-token in the data folder: Authorization: Bearer …"
        )


@get("/healthz", sync_to_thread=False)
def get_health() -> dict[str, Any]:
    """Alive."""
    return {"code": 200, "description": "alive"}


@get("/readyz", sync_to_thread=True)
def get_readiness(state: State) -> Response[dict[str, Any]]:
    """Whether the log is being taken into the store, and how far that is behind."""
    desk: Desk = state.desk
    trouble = desk.trouble()
    body = {"code": 503 if trouble else 200, "description": trouble or "ready", "rows_behind": desk.behind()}
    return Response(body, status_code=503 if trouble else 200, headers={"Retry-After": "2"} if trouble else {})


@get("/metrics", media_type=MediaType.TEXT, sync_to_thread=True)
def get_metrics(state: State) -> Response[bytes]:
    """The metrics of all processes, for Prometheus."""
    desk: Desk = state.desk
    registry = prometheus_client.CollectorRegistry()
    if desk.metrics_folder:
        multiprocess.MultiProcessCollector(registry, desk.metrics_folder)  # type: ignore[no-untyped-call]
    behind = prometheus_client.Gauge(
        "headgate_core_rows_behind", "Rows of the log that are durable and not in the store", registry=registry
    )
    behind.set(desk.behind())
    return Response(
        prometheus_client.generate_latest(registry), headers={"Content-Type": prometheus_client.CONTENT_TYPE_LATEST}
    )


class Reports(Controller):
    """The reports. Long ones come as a stream of lines, one JSON object each."""

    path = "/api"
    guards = [operator_only]  # noqa: RUF012 - how a controller says it

    @get("/events", sync_to_thread=True)
    def get_events(
        self, state: State, group: Group, since: Since = 0, status: events.Status | None = None, limit: Limit = 100
    ) -> Stream:
        """Accepted events of a group, newest first."""
        return _lines(events.events(state.desk.store, group, since=since, status=status, limit=limit))

    @get("/rejections", sync_to_thread=True)
    def get_rejections(self, state: State, group: SomeGroup = None, since: Since = 0, limit: Limit = 100) -> Stream:
        """Rejected events, newest first, without personal data."""
        return _lines(rejections.rejections(state.desk.store, group, since=since, limit=limit))

    @get("/trace", sync_to_thread=True)
    def get_trace(self, state: State, event_id: str, group: SomeGroup = None) -> list[trace.Occurrence]:
        """What happened to an event, each time that it was sent."""
        return trace.trace(state.desk.store, event_id, group)

    @get("/reconcile", sync_to_thread=True)
    def get_reconcile(self, state: State, group: SomeGroup = None, since: Since = 0) -> list[reconcile.Line]:
        """Whether every event is accounted for, by group, key and hour."""
        return reconcile.reconcile(state.desk.store, group, since=since)


def _lines(rows: Iterable[dict[str, Any]]) -> Stream:
    return Stream(_chunks(iter(rows)), media_type=NDJSON)


def _chunks(rows: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    """Many lines at a time: each chunk costs a change of threads."""
    while lines := [_encode(row) for row in islice(rows, LINES_A_CHUNK)]:
        yield b"\n".join(lines) + b"\n"
