"""The inside port: health, metrics, and the reports as JSON for the command line and for scripts.

`/healthz`, `/readyz` and `/metrics` are open to whoever reaches the port; everything under `/api` wants the operator's token.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, islice
from typing import Annotated, Any

import msgspec
import prometheus_client
import structlog
from litestar import Controller, Litestar, MediaType, Request, Response, get
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.exceptions import HTTPException, NotAuthorizedException
from litestar.handlers import BaseRouteHandler
from litestar.params import QueryParameter
from litestar.response import Stream
from prometheus_client import Metric, multiprocess
from prometheus_client.core import GaugeMetricFamily

from headgate.errors import HeadgateError, LogUnavailable, StoreUnavailable
from headgate.reports import events, reconcile, rejections, trace
from headgate.store.base import Store

log = structlog.get_logger()

NDJSON = "application/x-ndjson"
LINES_A_CHUNK = 500
_encode = msgspec.json.Encoder(decimal_format="number").encode

Group = Annotated[str, QueryParameter(description="Event group.")]
SomeGroup = Annotated[str | None, QueryParameter(description="Event group; all of them when left out.")]
Since = Annotated[
    int, QueryParameter(ge=0, le=2**63 - 1, description="Received from then on: microseconds since 1970, UTC.")
]
EventId = Annotated[str, QueryParameter(description="As the sender gave it, or its digest where it held an address.")]
Status = Annotated[events.Status | None, QueryParameter(description="Only these.")]
Limit = Annotated[int, QueryParameter(ge=0, le=10**9, description="At most so many, the newest; 0 for all.")]


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
        # what describes the desk is for who may use it; the public API has its document on the public port
        openapi_config=None,
        exception_handlers={HeadgateError: _say, HTTPException: _say, Exception: _fail},
        logging_config=None,
        debug=False,
    )


def _say(_request: Request[Any, Any, Any], error: Exception) -> Response[dict[str, Any]]:
    status, text = 500, str(error)
    if isinstance(error, HTTPException):
        status, text = error.status_code, error.detail
        if isinstance(error.extra, list):
            # what was wrong with which parameter, rather than the address that it came in
            text = " ".join(f"{problem.get('key', '')}: {problem.get('message', '')}." for problem in error.extra)
    elif isinstance(error, (StoreUnavailable, LogUnavailable)):
        status = 503
    headers = {"Retry-After": "2"} if status == 503 else {}  # noqa: PLR2004 - as two lines above
    return Response({"code": status, "description": text}, status_code=status, headers=headers)


def _fail(_request: Request[Any, Any, Any], error: Exception) -> Response[dict[str, Any]]:
    log.error("the desk failed", exc_info=error)
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
    registry.register(_Behind(desk))
    return Response(
        prometheus_client.generate_latest(registry), headers={"Content-Type": prometheus_client.CONTENT_TYPE_LATEST}
    )


class _Behind:
    """The lag, asked for when it is shown: a gauge of the library's would leave that of each former core in the file."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def collect(self) -> Iterator[Metric]:
        """What the library asks for."""
        help_text = "Rows of the log that are durable and not in the store"
        with suppress(LogUnavailable):
            yield GaugeMetricFamily("headgate_core_rows_behind", help_text, value=self._desk.behind())


class Reports(Controller):
    """The reports. Long ones come as a stream of lines, one JSON object each."""

    path = "/api"
    guards = [operator_only]  # noqa: RUF012 - how a controller says it

    @get("/events", sync_to_thread=True)
    def get_events(
        self, state: State, group: Group, since: Since = 0, status: Status = None, limit: Limit = 100
    ) -> Stream:
        """Accepted events of a group, newest first."""
        return _lines(events.events(state.desk.store, group, since=since, status=status, limit=limit))

    @get("/rejections", sync_to_thread=True)
    def get_rejections(self, state: State, group: SomeGroup = None, since: Since = 0, limit: Limit = 100) -> Stream:
        """Rejected events, newest first, without personal data."""
        return _lines(rejections.rejections(state.desk.store, group, since=since, limit=limit))

    @get("/trace", sync_to_thread=True)
    def get_trace(self, state: State, event_id: EventId, group: SomeGroup = None) -> list[trace.Occurrence]:
        """What happened to an event, each time that it was sent."""
        return trace.trace(state.desk.store, event_id, group)

    @get("/reconcile", sync_to_thread=True)
    def get_reconcile(self, state: State, group: SomeGroup = None, since: Since = 0) -> list[reconcile.Line]:
        """Whether every event is accounted for, by group, key and hour."""
        return reconcile.reconcile(state.desk.store, group, since=since)


def _lines(rows: Iterable[dict[str, Any]]) -> Stream:
    chunks = _chunks(iter(rows))
    # asked for before there is a status: what is wrong from the start is an answer, not a stream that breaks off
    first = next(chunks, b"")
    return Stream(_told(chain([first], chunks)), media_type=NDJSON)


def _told(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Say what breaks a stream off: its reader sees no more than that it did."""
    try:
        yield from chunks
    except HeadgateError as error:
        log.error("a report broke off", reason=str(error))
        raise


def _chunks(rows: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    """Many lines at a time: each chunk costs a change of threads."""
    while lines := [_encode(row) for row in islice(rows, LINES_A_CHUNK)]:
        yield b"\n".join(lines) + b"\n"
