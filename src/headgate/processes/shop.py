"""The demo shop: static pages that carry the pixel, served on loopback beside a running server."""

from __future__ import annotations

import mimetypes
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from headgate.edge.pixel_script import base_code
from headgate.errors import HeadgateError, SettingsError
from headgate.processes.demo import EVENT_GROUP
from headgate.processes.folder import DataFolder
from headgate.registry import event_groups
from headgate.registry.base import Registry
from headgate.settings import Settings

#: a name of this machine that is not the one of the server's address, so that the pages are of another site
HOST = "localhost"


class NotServed(HeadgateError):
    """No server runs on this data folder: start one with `headgate serve`."""


def public_url(folder: DataFolder) -> str:
    """Where pages reach the public API: by the settings, or where the server of this folder listens. Raises `NotServed`."""
    settings = Settings.read(flags={"data": folder.root}, environ=os.environ)
    if settings.public_url:
        return settings.public_url
    running = folder.read_running()
    if running is None:
        raise NotServed(
            f"no server runs on {folder.root}: start one with `headgate serve`, or set public_url to its address"
        )
    return running.edge_url


@contextmanager
def open_shop(registry: Registry, folder: DataFolder, port: int) -> Iterator[tuple[str, Callable[[], None]]]:
    """The shop's URL, and what serves it until it is interrupted. Its origin is added to the demo's event group.

    Raises `NotServed`, `NotRegistered` where there is no demo, `SettingsError` where it cannot listen.
    """
    pages = _pages(base_code(public_url(folder), EVENT_GROUP))
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), _handler(pages))
    except OSError as error:
        raise SettingsError(f"cannot listen on port {port}: {error.strerror}; choose another --port") from None
    with server:
        url = f"http://{HOST}:{server.server_address[1]}"
        _let_in(registry, url)
        yield url, lambda: _serve(server)


def _serve(server: ThreadingHTTPServer) -> None:
    with suppress(KeyboardInterrupt):
        server.serve_forever()


def _let_in(registry: Registry, origin: str) -> None:
    with registry.change(by="headgate demo shop", now=int(time.time())) as change:
        group = event_groups.get(change.connection, EVENT_GROUP)
        if origin not in group.origins:
            event_groups.update_entry(change, EVENT_GROUP, origins=(*group.origins, origin))


def _pages(snippet: str) -> dict[str, tuple[str, bytes]]:
    """Path -> media type and content. All of them are known beforehand: no path of a request reaches the disk."""
    found = {}
    for path, entry in _entries(files("headgate") / "demo_shop", "/"):
        content = entry.read_bytes()
        kind = mimetypes.guess_type(entry.name)[0] or "application/octet-stream"
        if kind == "text/html":
            content = content.replace(b"{{snippet}}", snippet.encode())
        found[path] = (kind, content)
    found["/"] = found["/index.html"]
    return found


def _entries(folder: Traversable, path: str) -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _entries(entry, f"{path}{entry.name}/")
        else:
            yield f"{path}{entry.name}", entry


def _handler(pages: dict[str, tuple[str, bytes]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = pages.get(self.path.partition("?")[0])
            kind, content = found or ("text/plain", b"There is no such page in this shop.\n")
            self.send_response(HTTPStatus.OK if found else HTTPStatus.NOT_FOUND)
            self.send_header("Content-Type", f"{kind}; charset=utf-8" if kind.startswith("text/") else kind)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
            """Say nothing: the pages' own panel shows what happens."""

    return Handler
