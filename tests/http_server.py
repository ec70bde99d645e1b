"""A small real HTTP server on loopback that answers by script: what the client's drivers are tested against."""

from __future__ import annotations

import gzip
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Reply(NamedTuple):
    """What to answer; `cut` closes the connection with a reset instead, before or after the status line."""

    status: int = 200
    body: bytes | None = None
    headers: Mapping[str, str] = {}
    cut: bool = False


#: number of the request, from 0, and its events -> the reply
Script = Callable[[int, list[dict[str, Any]]], Reply]


class EventsServer:
    """What it got, and where it is."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.lock = threading.Lock()
        self.paths: list[str] = []
        self.headers: list[Mapping[str, str]] = []
        self.batches: list[list[dict[str, Any]]] = []
        #: ids of events that were accepted, in order, doubled ones included
        self.accepted: list[str] = []
        self.url = ""

    def answer(self, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        if headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        events = json.loads(body)["events"]
        with self.lock:
            number = len(self.batches)
            self.paths.append(path)
            self.headers.append(headers)
            self.batches.append(events)
        reply = self.script(number, events)
        if reply.body is None and not reply.cut and reply.status == 200:
            with self.lock:
                self.accepted += [event["event_id"] for event in events]
        return reply

    def received(self) -> int:
        with self.lock:
            return len(self.batches)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.server.events.answer(self.path, headers, body)
        if reply.cut:
            # a reset, not an orderly end
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
            return
        sent = self.server.events.batches[-1]
        told = reply.body
        if told is None:
            told = json.dumps(
                {"code": reply.status, "description": "", "events_received": len(sent), "failed_events": []}
            ).encode()
        self.send_response(reply.status)
        for name, value in {"content-type": "application/json", **reply.headers}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, *_: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    events: EventsServer

    def handle_error(self, *_: Any) -> None:
        pass


@contextmanager
def events_server(script: Script = lambda _number, _events: Reply()) -> Iterator[EventsServer]:
    """A server for as long as the block lasts."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.events = EventsServer(script)
        server.events.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server.events
        finally:
            server.shutdown()
            thread.join()
