"""The core process: takes the log into the store, and serves the desk on the inside port.

Started by the supervisor; its configuration comes over standard input.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import prometheus_client
import structlog
import uvicorn

from headgate.desk.app import Console, Desk, desk_app
from headgate.desk.passwords import Passwords
from headgate.edge.pixel_script import base_code
from headgate.errors import HeadgateError
from headgate.log.journal import Journal
from headgate.log.sqlite_reader import SqliteReader
from headgate.processes import child
from headgate.processes.assembly import CoreParts, core_parts
from headgate.processes.core_loop import CoreLoop
from headgate.processes.core_metrics import CoreMetrics
from headgate.processes.folder import DataFolder
from headgate.processes.logging import set_up
from headgate.processes.shared_metrics import share_metrics
from headgate.processes.supervisor import end_with_parent, read_config
from headgate.registry.base import Registry
from headgate.registry.tokens import read_signing_key
from headgate.stream.intake import behind

log = structlog.get_logger()


def main() -> None:
    """Run until SIGTERM, or until the supervisor is gone."""
    config = child.decode(read_config())
    set_up(config.name, config.settings.log_level)
    share_metrics(config.name, os.environ.get("PROMETHEUS_MULTIPROC_DIR"))
    folder = DataFolder(config.settings.data)
    try:
        with (
            core_parts(config.settings, folder, CoreMetrics(prometheus_client.REGISTRY).tell) as parts,
            _console(config, folder) as console,
        ):
            loop = CoreLoop(parts.worker)
            loop.start()
            try:
                asyncio.run(_serve(config, folder, parts, loop, console))
            finally:
                loop.close()
    except HeadgateError as error:
        log.critical("the core cannot start", reason=str(error))
        sys.exit(1)


@contextmanager
def _console(config: child.ChildConfig, folder: DataFolder) -> Iterator[Console]:
    registry = Registry.at(config.settings.registry, folder.registry)
    try:
        registry.migrate()
        yield Console(
            registry=registry,
            signing_key=read_signing_key(folder.signing_key),
            passwords=Passwords(),
            clock=lambda: int(time.time()),
            secret=lambda: secrets.token_urlsafe(32),
            edge_url=config.settings.public_url or (running.edge_url if (running := folder.read_running()) else ""),
            base_code=base_code,
        )
    finally:
        registry.close()


async def _serve(
    config: child.ChildConfig, folder: DataFolder, parts: CoreParts, loop: CoreLoop, console: Console
) -> None:
    reader = _Guarded(folder)
    desk = Desk(
        store=parts.store,
        operator_token=folder.read_operator_token(),
        behind=lambda: reader.behind(parts.journal),
        trouble=lambda: loop.trouble,
        metrics_folder=os.environ.get("PROMETHEUS_MULTIPROC_DIR", ""),
        console=console,
    )
    proxies = list(config.settings.trusted_proxies)
    server = uvicorn.Server(
        uvicorn.Config(
            desk_app(desk),
            access_log=False,
            log_config=None,
            server_header=False,
            # the scheme and address that a proxy tells are taken from those that are trusted only
            proxy_headers=bool(proxies),
            forwarded_allow_ips=proxies,
            timeout_graceful_shutdown=int(config.settings.drain_timeout),
        )
    )
    running = asyncio.get_running_loop()
    end_with_parent(lambda: running.call_soon_threadsafe(setattr, server, "should_exit", True))
    await server.serve(sockets=[socket.socket(fileno=config.descriptor)])


class _Guarded:
    """A reader of the log beside the worker's, which is for one thread only; this one takes turns."""

    def __init__(self, folder: DataFolder) -> None:
        self._reader = SqliteReader(folder.log)
        self._lock = threading.Lock()

    def behind(self, journal: Journal) -> int:
        """How many rows of the log are durable and not loaded."""
        with self._lock:
            return behind(self._reader, journal)


if __name__ == "__main__":
    main()
