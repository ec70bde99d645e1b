"""The edge's HTTP server: uvicorn as we want it."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, cast

import uvicorn

from headgate.edge.app import EdgeApp
from headgate.edge.limits import EdgeLimits
from headgate.edge.metrics import EdgeMetrics
from headgate.edge.parts import Parts
from headgate.edge.protocol import EdgeProtocol, Patience, sweep

#: connections that the system holds until we take them
BACKLOG = 2048
#: seconds for which an idle connection is kept; longer than the pools of common senders' load balancers keep theirs
KEEP_ALIVE = 75
#: uvicorn ticks ten times a second; deadlines are looked at twice
_SWEEP_TICKS = 5
#: and metrics shown five times
_FLUSH_TICKS = 2


class Serving(NamedTuple):
    """How to serve, beside what to take."""

    patience: Patience = Patience()
    #: seconds for which a stopping server finishes what it began
    drain: float = 10.0
    #: files of a certificate chain and its key; plain HTTP without
    cert: Path | None = None
    key: Path | None = None


class EdgeServer(uvicorn.Server):
    """A uvicorn server that also ends connections past their deadline.

    `await serve(sockets=[…])` runs until SIGTERM, SIGINT or `should_exit`; it closes the sockets, lets running requests
    finish, and leaves the appender open for who made it to close.
    """

    def __init__(self, config: uvicorn.Config, metrics: EdgeMetrics) -> None:
        super().__init__(config)
        self._metrics = metrics

    async def on_tick(self, counter: int) -> bool:
        """What is done now and then."""
        if counter % _FLUSH_TICKS == 0:
            self._metrics.flush()
        if counter % _SWEEP_TICKS == 0:
            sweep(self.server_state.connections, asyncio.get_running_loop().time())
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let running requests finish, and count them."""
        await super().shutdown(sockets)
        self._metrics.flush()


def edge_server(parts: Parts, limits: EdgeLimits, serving: Serving) -> EdgeServer:
    """A server of the events API, to be given its listening sockets."""
    return EdgeServer(_config(EdgeApp(parts, limits), parts, serving), parts.metrics)


def _config(app: EdgeApp, parts: Parts, serving: Serving) -> uvicorn.Config:
    protocol: Callable[..., EdgeProtocol] = partial(
        EdgeProtocol, patience=serving.patience, metrics=parts.metrics, new_request_id=parts.new_request_id
    )
    return uvicorn.Config(
        app=cast(Any, app),
        http=cast(Any, protocol),
        loop="uvloop",
        ws="none",
        lifespan="off",
        interface="asgi3",
        # log lines are for the operator: not one a request, and none that a sender can cause at will
        log_config=None,
        log_level=logging.ERROR,
        access_log=False,
        server_header=False,
        # the proxy's word is weighed in `exposure.py`
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=max(1, int(serving.drain)),
        ssl_certfile=serving.cert,
        ssl_keyfile=serving.key,
    )
