"""An edge worker process: the public API on an inherited socket, and one partition of the log.

Started by the supervisor; its configuration comes over standard input.
"""

from __future__ import annotations

import asyncio
import functools
import gc
import itertools
import os
import socket
import sys
import time
import uuid
from collections.abc import Callable

import prometheus_client
import structlog
import uvloop

from headgate.edge.limits import EdgeLimits
from headgate.edge.metrics import EdgeMetrics
from headgate.edge.parts import Parts
from headgate.edge.protocol import Patience
from headgate.edge.server import Serving, edge_server
from headgate.errors import HeadgateError, RegistryError
from headgate.log.base import Appender
from headgate.log.sqlite import OnCommit, SqliteAppender
from headgate.processes import child
from headgate.processes.clock import now_microseconds
from headgate.processes.folder import DataFolder
from headgate.processes.logging import set_up
from headgate.processes.shared_metrics import share_metrics
from headgate.processes.supervisor import end_with_parent, read_config
from headgate.registry.base import Registry
from headgate.registry.tokens import read_signing_key, verify
from headgate.registry.watch import Watch
from headgate.settings import Settings

log = structlog.get_logger()

#: seconds for which a thread may keep the others waiting; the log's writer gets its turn sooner than by default
SWITCH_INTERVAL = 0.001

#: bytes of receipts that may wait for the log; with the bodies being read, this is what bounds a worker's memory
WAITING_BYTES = 24 * 1024 * 1024

MakeAppender = Callable[[child.ChildConfig, OnCommit], Appender]


def main(make_appender: MakeAppender | None = None) -> None:
    """Run until SIGTERM, or until the supervisor is gone."""
    config = child.decode(read_config())
    set_up(config.name, config.settings.log_level)
    share_metrics(config.name, os.environ.get("PROMETHEUS_MULTIPROC_DIR"))
    sys.setswitchinterval(SWITCH_INTERVAL)
    try:
        uvloop.run(_run(config, make_appender or embedded_appender))
    except HeadgateError as error:
        log.critical("the edge cannot start", reason=str(error))
        sys.exit(1)


def embedded_appender(config: child.ChildConfig, on_commit: OnCommit) -> Appender:
    """The worker's partition of the embedded log."""
    return SqliteAppender(
        DataFolder(config.settings.data).log,
        config.name,
        clock=now_microseconds,
        byte_cap=config.settings.log_byte_cap,
        roll_bytes=config.settings.log_roll_bytes,
        waiting_bytes=WAITING_BYTES,
        on_commit=on_commit,
    )


def request_ids() -> Callable[[], str]:
    """Ids that no other request has: a random part for this process, and a number. Random for each would cost more."""
    process, numbers = uuid.uuid4().hex[:20], itertools.count(1)
    return lambda: f"{process}{next(numbers):012x}"


async def _run(config: child.ChildConfig, make_appender: MakeAppender) -> None:
    settings = config.settings
    folder = DataFolder(settings.data)
    metrics = EdgeMetrics(prometheus_client.REGISTRY)
    registry = Registry.at(settings.registry, folder.registry)
    watch = Watch(registry, clock=time.monotonic, on_error=_complain)
    watch.start()
    appender = make_appender(config, metrics.committed)
    public_key = read_signing_key(folder.signing_key).public_key()
    parts = Parts(
        appender=appender,
        registered=watch,
        verify=functools.partial(verify, public_key=public_key),
        metrics=metrics,
        clock=now_microseconds,
        new_request_id=request_ids(),
    )
    server = edge_server(parts, _limits(settings), _serving(config))
    _spare_the_collector()
    loop = asyncio.get_running_loop()
    end_with_parent(lambda: loop.call_soon_threadsafe(setattr, server, "should_exit", True))
    try:
        await server.serve(sockets=[socket.socket(fileno=config.descriptor)])
    finally:
        await appender.close()
        watch.close()
        registry.close()


def _spare_the_collector() -> None:
    """Leave out of every collection what was made by now and stays; requests leave few cycles behind to look for."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _limits(settings: Settings) -> EdgeLimits:
    return EdgeLimits(
        body=settings.body_limit,
        body_patience=settings.body_timeout,
        events_per_second=settings.events_per_second,
        rejected_per_minute=settings.rejected_events_per_minute,
        pixel_events_per_second=settings.pixel_events_per_second,
        trusted_proxies=settings.trusted_proxies,
    )


def _serving(config: child.ChildConfig) -> Serving:
    settings = config.settings
    return Serving(
        patience=Patience(
            head=settings.header_timeout, rest=settings.body_timeout, connections=settings.max_connections
        ),
        drain=settings.drain_timeout,
        cert=config.cert,
        key=config.key,
    )


def _complain(error: RegistryError) -> None:
    log.error("the registry cannot be read; the last known rules hold", reason=str(error))


if __name__ == "__main__":
    main()
