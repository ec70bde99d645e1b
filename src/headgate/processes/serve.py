"""`headgate serve`: prepare the data folder, bind the sockets, start edge and core, and keep them alive."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import socket
import ssl
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import httpx
import msgspec
import structlog

from headgate.edge.exposure import check_exposure, is_loopback
from headgate.errors import SettingsError
from headgate.processes import child
from headgate.processes.demo import Prepared, prepare_demo
from headgate.processes.dev_tls import Certificate, dev_certificate
from headgate.processes.first_user import first_link
from headgate.processes.folder import DataFolder, Running
from headgate.processes.scale_out import check_scale_out
from headgate.processes.supervisor import Role, Supervisor
from headgate.settings import Settings

log = structlog.get_logger()

BACKLOG = 2048
#: seconds that we wait for the children before saying that they are slow
START_PATIENCE = 60.0


class Started(NamedTuple):
    """What there is to tell once the server is up."""

    running: Running
    folder: DataFolder
    demo: Prepared | None
    certificate: Certificate | None
    #: link that makes the first admin; None where there is a user
    first_link: str | None = None


def serve(settings: Settings, announce: Callable[[Started], None]) -> None:
    """Run until SIGTERM or SIGINT. `announce` is called once, when edge and core are ready.

    Raises `AlreadyRunning` when the folder has a server, `SettingsError` when it may not or cannot listen there.
    """
    folder = DataFolder(settings.data)
    check_scale_out(settings)
    certificate = _certificate(settings, folder)
    check_exposure(settings.edge_host, tls=certificate is not None, trusted_proxies=settings.trusted_proxies)
    _check_desk(settings)
    folder.make()
    _allow_connections(settings)
    with folder.hold("server"):
        folder.clear_scratch()
        edge_socket = _listen(settings.edge_host, settings.edge_port, "edge_port")
        desk_socket = _listen(settings.desk_host, settings.desk_port, "desk_port")
        with closing(edge_socket), closing(desk_socket):
            scheme = "https" if certificate else "http"
            running = Running(os.getpid(), _url(scheme, edge_socket), _url("http", desk_socket))
            folder.read_operator_token()
            demo = prepare_demo(settings, folder, running)
            folder.write_private(folder.running, msgspec.json.encode(running).decode())
            started = Started(running, folder, demo, certificate, first_link(settings, folder, running))
            try:
                asyncio.run(
                    _supervise(settings, _roles(settings, edge_socket, desk_socket, certificate), started, announce)
                )
            finally:
                folder.running.unlink(missing_ok=True)


def _allow_connections(settings: Settings) -> None:
    """Let the children open as many files as their connections want, as far as the system lets us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = settings.max_connections + 256
    if soft < wanted:
        resource.setrlimit(
            resource.RLIMIT_NOFILE, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard)
        )


def _certificate(settings: Settings, folder: DataFolder) -> Certificate | None:
    if settings.dev_tls:
        folder.make()
        return dev_certificate(folder, settings.edge_host)
    if settings.tls_cert and settings.tls_key:
        for path in (settings.tls_cert, settings.tls_key):
            if not path.is_file():
                raise SettingsError(f"there is no file {path} to serve TLS with")
        _check_pair(settings.tls_cert, settings.tls_key)
        return Certificate(settings.tls_cert.absolute(), settings.tls_key.absolute())
    return None


def _check_pair(cert: Path, key: Path) -> None:
    """Load them once: a worker that cannot would be started again and again."""
    try:
        # the empty password keeps OpenSSL from asking the terminal for one
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key, password="")
    except OSError as error:
        odd = "not PEM, locked with a password, or not each other's"
        reason = odd if isinstance(error, ssl.SSLError) else error.strerror
        raise SettingsError(f"TLS cannot be served with {cert} and {key}: {reason}") from None


def _check_desk(settings: Settings) -> None:
    """The desk has no TLS of its own."""
    if not settings.trusted_proxies and not is_loopback(settings.desk_host):
        raise SettingsError(
            f"others can reach {settings.desk_host}, and the desk speaks plain HTTP: its token and reports would travel "
            "readable for all. Leave desk_host at 127.0.0.1, or name in trusted_proxies the proxy that ends TLS before it."
        )


def _listen(host: str, port: int, setting: str) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        made = socket.socket(family, kind, protocol)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
    except OSError as error:
        raise SettingsError(
            f"cannot listen on {host} port {port}: {error.strerror}; choose another {setting}"
        ) from None
    made.listen(BACKLOG)
    made.set_inheritable(True)
    return made


def _url(scheme: str, bound: socket.socket) -> str:
    host, port = bound.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"{scheme}://{shown}:{port}"


def _roles(
    settings: Settings, edge_socket: socket.socket, desk_socket: socket.socket, certificate: Certificate | None
) -> Sequence[Role]:
    """The children, in the order in which they are ended: first who receives, then who keeps."""
    folder = DataFolder(settings.data)
    edges = [
        (f"edge-{number}", "headgate.processes.edge", edge_socket, certificate)
        for number in range(settings.edge_workers)
    ]
    environment = {"PROMETHEUS_MULTIPROC_DIR": str(folder.metrics)}
    return [
        Role(
            name,
            module,
            child.encode(
                child.ChildConfig(
                    settings=settings,
                    name=name,
                    descriptor=bound.fileno(),
                    cert=tls.cert if tls else None,
                    key=tls.key if tls else None,
                )
            ),
            (bound.fileno(),),
            environment,
        )
        for name, module, bound, tls in (*edges, ("core", "headgate.processes.core", desk_socket, None))
    ]


async def _supervise(
    settings: Settings, roles: Sequence[Role], started: Started, announce: Callable[[Started], None]
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    # a child that drains for the whole of drain_timeout still gets a moment to close its files
    supervising = asyncio.create_task(Supervisor(roles).run(stop, settings.drain_timeout + 2))
    announcing = asyncio.create_task(_announce(started, announce))
    try:
        await supervising
    finally:
        announcing.cancel()


async def _announce(started: Started, announce: Callable[[Started], None]) -> None:
    """Tell when both sides answer that they are ready; complain, once, when that takes long."""
    # our own children, over loopback: no certificate could add anything
    async with httpx.AsyncClient(verify=False, timeout=5) as client:  # noqa: S501
        for url in (started.running.edge_url, started.running.desk_url):
            try:
                async with asyncio.timeout(START_PATIENCE):
                    while not await _is_ready(client, url):
                        await asyncio.sleep(0.05)
            except TimeoutError:
                log.error("not ready yet; the lines above may say why", url=url, seconds=START_PATIENCE)
                return
    announce(started)


async def _is_ready(client: httpx.AsyncClient, url: str) -> bool:
    try:
        answer = await client.get(f"{url}/readyz", headers={"X-Forwarded-Proto": "https"})
    except httpx.HTTPError:
        return False
    return answer.status_code == httpx.codes.OK
