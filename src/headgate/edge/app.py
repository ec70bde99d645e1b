"""The public HTTP application: which path takes which method, and what becomes of what is raised on the way."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple

import structlog

from headgate.edge.body import Receive, SenderGone
from headgate.edge.cors import shared_with
from headgate.edge.exposure import Exposure
from headgate.edge.head import read_head
from headgate.edge.ingest import Ingest
from headgate.edge.limits import EdgeLimits
from headgate.edge.openapi import document
from headgate.edge.parts import Parts
from headgate.edge.pixel import Pixel
from headgate.edge.problems import ending, fault, problem
from headgate.edge.reply import ANSWER, Reply, plain_reply
from headgate.edge.request import Request
from headgate.edge.script import Script
from headgate.edge.simulate import ConnectionCut, cut
from headgate.errors import LogUnavailable, MethodNotAllowed, RequestError, UnknownPath

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

#: Seconds of a registry that cannot be read, after which this worker says that it is not ready.
STALE = 10.0
#: Microseconds between two log lines about a log that takes nothing; every refusal is in the metrics.
_COMPLAIN = 10_000_000

_GET, _POST, _READ = frozenset({"GET"}), frozenset({"POST"}), frozenset({"GET", "HEAD"})

log = structlog.get_logger()


class _Route(NamedTuple):
    methods: frozenset[str]
    serve: Callable[[Request], Awaitable[Reply]]
    #: whether it takes events: over HTTPS only
    takes_events: bool = False
    #: whether pages of any origin may ask, and read the answer
    for_pages: bool = False

    @property
    def allowed(self) -> str:
        """As the `Allow` header lists them."""
        return ", ".join(sorted(self.methods))


class EdgeApp:
    """The edge as a plain ASGI callable; serves `http` scopes only."""

    def __init__(self, parts: Parts, limits: EdgeLimits) -> None:
        self._parts = parts
        self._exposure = Exposure(limits.trusted_proxies)
        self._complained_at = 0
        self._openapi = Reply(HTTPStatus.OK, document(limits.body))
        ingest, pixel = Ingest(parts, limits, self._exposure), Pixel(parts, limits, self._exposure)
        self._routes = {
            "/v1/events": _Route(_POST, ingest.post_events, takes_events=True),
            "/v1/test_events": _Route(_POST, ingest.post_test_events, takes_events=True),
            "/v1/pixel": _Route(_POST, pixel.post_events, takes_events=True, for_pages=True),
            "/v1/pixel/settings": _Route(_GET, pixel.get_settings, for_pages=True),
            "/v1/pixel.gif": _Route(_GET, pixel.get_image, takes_events=True, for_pages=True),
            "/pixel.js": _Route(_READ, Script().get_script),
            "/healthz": _Route(_READ, self._get_health),
            "/readyz": _Route(_READ, self._get_readiness),
            "/openapi.json": _Route(_READ, self._get_openapi),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            raise NotImplementedError(f"the edge does not speak {scope['type']}")
        request_id = self._parts.new_request_id()
        headers, peer = scope["headers"], scope.get("client")
        request = Request(
            request_id,
            read_head(headers),
            receive,
            headers,
            scope.get("query_string", b""),
            peer[0] if peer else None,
        )
        # what else is asked for is nobody's business in a metric or a log line
        route = self._routes.get(scope["path"])
        label = scope["path"] if route is not None else "other"
        try:
            reply = await self._reply(route, label, scope, request)
        except SenderGone:
            return
        except ConnectionCut:
            await cut(scope, receive)
            return
        self._parts.metrics.answered(label, reply.status)
        answered = reply.all_headers(request_id)
        if route is not None and route.for_pages:
            answered += shared_with(headers, preflight=scope["method"] == "OPTIONS", methods=route.allowed)
        write = scope.get("state", {}).get(ANSWER)
        if write is None or not write(reply.status, answered, reply.body):
            await send({"type": "http.response.start", "status": reply.status, "headers": answered})
            await send({"type": "http.response.body", "body": reply.body})

    async def _reply(self, route: _Route | None, label: str, scope: Scope, request: Request) -> Reply:
        """The answer, whatever happens."""
        try:
            return await self._served(route, scope, request)
        except RequestError as error:
            if isinstance(error, LogUnavailable):
                self._complain(error)
            return problem(error)
        except (SenderGone, ConnectionCut):
            raise
        except asyncio.CancelledError:
            # the server ends and waited long enough
            return ending()
        except Exception as error:  # noqa: BLE001 - the last line: a sender gets JSON, the operator the place
            _report(error, request.id, label)
            return fault()

    async def _served(self, route: _Route | None, scope: Scope, request: Request) -> Reply:
        if route is None:
            raise UnknownPath
        method = scope["method"]
        if method == "OPTIONS":
            return Reply(HTTPStatus.NO_CONTENT, b"", ((b"allow", f"{route.allowed}, OPTIONS".encode("ascii")),))
        if method not in route.methods:
            raise MethodNotAllowed(route.allowed)
        if route.takes_events:
            self._exposure.check(scope["scheme"], request.peer, request.head.x_forwarded_proto)
        return await route.serve(request)

    async def _get_health(self, _request: Request) -> Reply:
        return plain_reply(HTTPStatus.OK, "alive")

    async def _get_readiness(self, _request: Request) -> Reply:
        """Whether an event sent now would be made durable, under rules that hold."""
        reason = self._parts.appender.ready()
        if reason is None and self._parts.registered.stale_for() > STALE:
            reason = "the registry cannot be read: keys and event groups may be out of date"
        if reason is None:
            return plain_reply(HTTPStatus.OK, "ready")
        return plain_reply(HTTPStatus.SERVICE_UNAVAILABLE, reason, ((b"retry-after", b"2"),))

    async def _get_openapi(self, _request: Request) -> Reply:
        return self._openapi

    def _complain(self, error: LogUnavailable) -> None:
        now = self._parts.clock()
        if now - self._complained_at >= _COMPLAIN:
            self._complained_at = now
            log.error("events are refused", reason=str(error))


def _report(error: Exception, request_id: str, path: str) -> None:
    """Say where it failed. Never the error's own words: they may hold what a sender wrote."""
    places = [
        f"{Path(frame.filename).name}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    log.error("request failed", request_id=request_id, path=path, error=type(error).__name__, places=places)
