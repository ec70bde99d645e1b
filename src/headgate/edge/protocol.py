"""uvicorn's HTTP protocol with what it lacks: time limits, size limits, and answers in JSON when there is no request.

A connection has a deadline whenever the next step is its sender's: to send a head, to send the rest of a body that
nobody waits for any more, to read an answer. One sweep a second or so ends those that are past it; that costs nothing
per request, unlike a timer. (The body of a request that is being served is timed where it is read, in `body.py`.)
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from http import HTTPStatus
from typing import Any, Literal, NamedTuple

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from headgate.edge.metrics import EdgeMetrics
from headgate.edge.reply import ANSWER, CLOSE, Headers, plain_reply
from headgate.edge.simulate import CUT, cutter

#: Bytes of request line and headers; more is no request of ours.
HEAD_LIMIT = 64 * 1024
#: Bytes of a body that are read and thrown away after it was refused, so that its sender gets to read why.
DISCARD_LIMIT = 64 * 1024 * 1024


class Patience(NamedTuple):
    """How long, in seconds, and how many."""

    #: for the head of a request to arrive
    head: float = 10.0
    #: for what is left of a body that was refused, and for an answer to be read
    rest: float = 30.0
    #: connections of one worker
    connections: int = 1000


class _Refusal(NamedTuple):
    status: HTTPStatus
    description: str
    headers: Headers


_MALFORMED = _Refusal(HTTPStatus.BAD_REQUEST, "This is not an HTTP request that can be read.", (CLOSE,))
_HEAD_TOO_LARGE = _Refusal(
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"The headers are over the limit of {HEAD_LIMIT} bytes.", (CLOSE,)
)
_FULL = _Refusal(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "There are too many connections; nothing was kept. Send the same request again.",
    (CLOSE, (b"retry-after", b"1")),
)


class EdgeProtocol(HttpToolsProtocol):
    """One connection of a sender."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        patience: Patience,
        metrics: EdgeMetrics,
        new_request_id: Callable[[], str],
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._patience = patience
        self._metrics = metrics
        self._new_request_id = new_request_id
        self._state: Literal["idle", "head", "body"] = "idle"
        #: the request that is being served; `cycle` is the newest that was read, which may have to wait for it
        self._serving: RequestResponseCycle | None = None
        #: since when the sender owes us a head, or the rest of a body; None while it owes nothing
        self._owed_since: float | None = None
        self._answered_at = 0.0
        self._unread_since: float | None = None
        #: of the present request
        self._head_bytes = 0
        self._discarded = 0

    # What the transport tells us.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in the base class
        """Start the clock; where the house is full, somebody has to go."""
        super().connection_made(transport)
        self.app_state = {CUT: cutter(transport), ANSWER: self._answer}
        self._owed_since = self.loop.time()
        if len(self.connections) > self._patience.connections:
            self._make_room()

    def data_received(self, data: bytes) -> None:
        """Read on, and hold the sender to the bounds of a head."""
        if self._owed_since is None:
            self._owed_since = self.loop.time()
        # a head that goes on from an earlier piece, and is still not at its end after this one
        scope = self.scope if self._state == "head" else None
        super().data_received(data)
        if self._state == "head" and self.scope is scope:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_LIMIT and not self.transport.is_closing():
                self._refuse(_HEAD_TOO_LARGE, "malformed")

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - ours says it in JSON
        """Answer what the parser cannot read."""
        if not self.transport.is_closing():
            self._refuse(_MALFORMED, "malformed")

    # What the parser tells us.

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._state = "head"
        self._owed_since = self.loop.time()
        self._head_bytes = self._discarded = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header. Trailers, which could go on for ever, mean nothing to us."""
        if self._state == "head":
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is here: the request begins."""
        super().on_headers_complete()
        self._state = "body"
        self._owed_since = self.loop.time()

    def on_body(self, body: bytes) -> None:
        """A piece of the body; one that nobody wants any more is thrown away, within bounds."""
        super().on_body(body)
        if self.cycle.response_complete:
            self._discarded += len(body)
            if self._discarded > DISCARD_LIMIT:
                self.transport.close()

    def on_message_complete(self) -> None:
        """The request is complete."""
        super().on_message_complete()
        self._state = "idle"
        self._owed_since = None

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._serving = cycle
        super()._start_asgi_task(cycle, app)

    def _answer(self, status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> bool:
        """Write a whole answer in one piece, for which the base class takes two, and a system call for each.

        False where it has to go the common way, since its sender does not read.
        """
        cycle = self._serving
        if cycle is None or cycle.response_started or self.flow.write_paused:
            return False
        if cycle.disconnected:
            return True
        if CLOSE in headers:
            cycle.keep_alive = False
        elif not cycle.keep_alive:
            headers = [*headers, CLOSE]
        lines = [STATUS_LINE[status]]
        for name, value in (*self.server_state.default_headers, *headers):
            lines += (name, b": ", value, b"\r\n")
        lines.append(b"\r\n")
        if cycle.scope["method"] != "HEAD":
            lines.append(body)
        self.transport.write(b"".join(lines))
        cycle.response_started = cycle.response_complete = True
        cycle.message_event.set()
        if not cycle.keep_alive:
            self.transport.close()
        cycle.on_response()
        return True

    def on_response_complete(self) -> None:
        """The answer is written. As in the base class, but for its timer, which `sweep` does without."""
        self.server_state.total_requests += 1
        self._answered_at = self.loop.time()
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        if self._state == "body" and self.expect_100_continue:
            # refused before the body was asked for: what comes next may be that body, or another request
            self.transport.close()

    # Time.

    def sweep(self, now: float) -> None:
        """End this connection if its sender is past a deadline."""
        reason = self._overdue(now)
        if reason is not None:
            self._metrics.closed(reason)
            self.transport.abort()
        elif self._is_idle() and now - self._answered_at > self.timeout_keep_alive:
            self.transport.close()

    def _overdue(self, now: float) -> Literal["slow", "unread"] | None:
        if self.transport.get_write_buffer_size() == 0:
            self._unread_since = None
        elif self._unread_since is None:
            self._unread_since = now
        elif now - self._unread_since > self._patience.rest:
            return "unread"
        if self._owed_since is None or self._is_serving():
            return None
        allowed = self._patience.rest if self._state == "body" else self._patience.head
        return "slow" if now - self._owed_since > allowed else None

    def _is_idle(self) -> bool:
        return self._owed_since is None and not self._is_serving()

    def _is_serving(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    # Space.

    def _make_room(self) -> None:
        """End the connection that has been without a complete request longest; where there is none, this one."""
        self._metrics.closed("full")
        others = [other for other in self.connections if isinstance(other, EdgeProtocol) and other is not self]
        waiting = [(since, id(other), other) for other in others if (since := other.waiting_since()) is not None]
        if waiting:
            min(waiting)[2].transport.abort()
        else:
            self._refuse(_FULL, None)

    def waiting_since(self) -> float | None:
        """Since when this connection has been without a complete request; None while one is being served."""
        if self._is_serving():
            return None
        return self._answered_at if self._owed_since is None else self._owed_since

    def _refuse(self, refusal: _Refusal, reason: Literal["malformed"] | None) -> None:
        if reason:
            self._metrics.closed(reason)
        reply = plain_reply(refusal.status, refusal.description, refusal.headers)
        self.transport.write(reply.as_http(refusal.status.phrase, self._new_request_id()))
        self.transport.close()


def sweep(connections: Iterable[object], now: float) -> None:
    """End all connections whose senders are past a deadline. `now`: the event loop's time, in seconds."""
    for connection in list(connections):
        if isinstance(connection, EdgeProtocol):
            connection.sweep(now)
