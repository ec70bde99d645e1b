"""Whether all is well: for who keeps the server running, and for their machines. Open to whoever reaches the port."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import prometheus_client
from litestar import MediaType, Response, get
from litestar.datastructures import State
from prometheus_client import Metric, multiprocess
from prometheus_client.core import GaugeMetricFamily

from headgate.desk.parts import Desk
from headgate.errors import LogUnavailable


@get("/healthz", sync_to_thread=False, include_in_schema=False)
def get_health() -> dict[str, Any]:
    """Alive."""
    return {"code": 200, "description": "alive"}


@get("/readyz", sync_to_thread=True, include_in_schema=False)
def get_readiness(state: State) -> Response[dict[str, Any]]:
    """Whether the log is being taken into the store, and how far that is behind."""
    desk: Desk = state.desk
    trouble = desk.trouble()
    body = {"code": 503 if trouble else 200, "description": trouble or "ready", "rows_behind": desk.behind()}
    return Response(body, status_code=503 if trouble else 200, headers={"Retry-After": "2"} if trouble else {})


@get("/metrics", media_type=MediaType.TEXT, sync_to_thread=True, include_in_schema=False)
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
