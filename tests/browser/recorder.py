"""Two small servers on loopback: one gives pages, the other is the event server's side of the wire and records it.

Browser tests that want the real server put its origin in the place of the recorder's; the pages stay the same.
"""

from __future__ import annotations

import base64
import hashlib
import json
import ssl
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qs, urlsplit

from server import until

SCRIPTS = files("headgate") / "edge" / "pixel_script"
VERSION = "0.1.0"
GROUP = "shop"
#: an answer of the recorder that is none: the connection ends
HANG_UP = 0


@dataclass(frozen=True)
class Request:
    """What came over the wire."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: str

    def everything(self) -> str:
        """All its text, to search for what must not be there."""
        return "\n".join([self.path, *self.query.values(), *self.headers.values(), self.body])


class Quiet(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_: object) -> None:
        """A browser that goes away in the middle is nothing to print."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def read(self) -> Request:
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        return Request(self.command, url.path, query, dict(self.headers.items()), body)

    def answer(self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def running(handler: type[Handler], tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """A server on a free port of loopback, for as long as the block lasts."""
    server = Quiet(("127.0.0.1", 0), handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Recorder:
    """The event server: what it shall answer, and what it was sent."""

    origin: str = ""
    #: event group -> its pixel settings; any other group is unknown
    settings: dict[str, dict[str, bool]] = field(
        default_factory=lambda: {GROUP: {"cookie": True, "advanced_matching": False}}
    )
    #: status and headers of the next answers to batches; afterwards all are taken
    answers: deque[tuple[int, dict[str, str]]] = field(default_factory=deque)
    requests: list[Request] = field(default_factory=list)
    #: clear one to hold back the script, or the settings
    script_gate: threading.Event = field(default_factory=threading.Event)
    settings_gate: threading.Event = field(default_factory=threading.Event)
    taken: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.script_gate.set()
        self.settings_gate.set()

    def bodies(self) -> list[dict[str, Any]]:
        """The batches that were taken."""
        return [json.loads(request.body) for request in list(self.taken)]

    def events(self, group: str = GROUP) -> list[dict[str, Any]]:
        """Events of a group that were taken, in their order."""
        return [event for body in self.bodies() if body["event_group_id"] == group for event in body["events"]]

    def names(self, group: str = GROUP) -> list[str]:
        return [event["event_name"] for event in self.events(group)]

    def await_events(self, count: int, group: str = GROUP) -> list[dict[str, Any]]:
        """The events of a group, once there are that many."""
        until(lambda: len(self.events(group)) >= count)
        return self.events(group)

    def asked(self, path: str) -> list[Request]:
        return [request for request in list(self.requests) if request.path == path]


CORS = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "Retry-After"}


@contextmanager
def recording() -> Iterator[Recorder]:
    """An event server as the pixel knows it."""
    recorder = Recorder()

    class Events(Handler):
        def do_GET(self) -> None:
            recorder.requests.append(request := self.read())
            # the server may be behind a path of its own
            if request.path.endswith("/pixel.js"):
                recorder.script_gate.wait(20)
                script = (SCRIPTS / f"{request.query['v']}.js").read_bytes()
                self.answer(200, script, {**CORS, "Content-Type": "text/javascript", "Cache-Control": "max-age=3600"})
            elif request.path.endswith("/v1/pixel/settings"):
                recorder.settings_gate.wait(20)
                settings = recorder.settings.get(request.query["event_group_id"])
                self.answer(200 if settings else 204, json.dumps(settings).encode() if settings else b"", CORS)
            else:
                self.answer(200, b"GIF89a", {"Content-Type": "image/gif"})

        def do_POST(self) -> None:
            recorder.requests.append(request := self.read())
            status, headers = recorder.answers.popleft() if recorder.answers else (204, {})
            if status == HANG_UP:
                self.close_connection = True
                return
            if status == 204:
                recorder.taken.append(request)
            self.answer(status, b"", {**CORS, **headers})

        def do_OPTIONS(self) -> None:
            recorder.requests.append(self.read())
            self.answer(204, b"", CORS)

    with running(Events) as port:
        recorder.origin = f"http://events.localhost:{port}"
        yield recorder
        # whoever waits at a gate shall not outlive the test
        recorder.script_gate.set()
        recorder.settings_gate.set()


@dataclass
class Pages:
    """Pages under any host name: path -> the document, and the headers that go with it."""

    port: int = 0
    scheme: str = "http"
    documents: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)

    def url(self, path: str = "/", host: str = "shop.localhost") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"


@contextmanager
def pages_served(tls: ssl.SSLContext | None = None) -> Iterator[Pages]:
    """A site of its own."""
    pages = Pages(scheme="https" if tls else "http")
    types = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}

    class Site(Handler):
        def do_GET(self) -> None:
            pages.requests.append(request := self.read())
            document = pages.documents.get(request.path)
            content_type = types.get(request.path.rpartition(".")[2], "text/html")
            found = {"Content-Type": f"{content_type}; charset=utf-8", **pages.headers}
            self.answer(404 if document is None else 200, (document or "").encode(), found)

    with running(Site, tls) as pages.port:
        yield pages


def snippet(origin: str, group: str = GROUP, *, nonce: str = "", integrity: str | None = None) -> str:
    """The base code, filled in for an event server."""
    digest = base64.b64encode(hashlib.sha384((SCRIPTS / f"{VERSION}.js").read_bytes()).digest()).decode()
    filled = {
        "src": f"{origin}/pixel.js?v={VERSION}",
        "integrity": integrity or f"sha384-{digest}",
        "group": group,
        "gif": f"{origin}/v1/pixel.gif?event_group_id={group}&amp;event_name=PAGE_VIEW",
        "nonce": f' nonce="{nonce}"' if nonce else "",
    }
    text = (SCRIPTS / "snippet.html").read_text()
    for name, value in filled.items():
        text = text.replace(f"{{{{{name}}}}}", value)
    return text


def document(head: str, body: str = "<h1>Shop</h1>") -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Shop</title><link rel="icon" href="data:,">'
        f"{head}</head><body>{body}</body></html>"
    )
