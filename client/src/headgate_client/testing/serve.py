"""The emulator on a real loopback port, for programs that bring their own HTTP client."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
import time
from http import HTTPStatus
from types import TracebackType

import h11

from headgate_client.testing.reception import Reception

_PIECE = 64 * 1024
#: seconds for which an idle connection is kept
_IDLE = 30.0


class Served:
    """`with emulator.serve() as url:` - HTTP/1.1 on a free port of 127.0.0.1, one thread a connection."""

    def __init__(self, reception: Reception, tls: ssl.SSLContext | None = None) -> None:
        self._reception = reception
        self._tls = tls
        self._open: set[socket.socket] = set()

    def __enter__(self) -> str:
        """Start; gives the base URL."""
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._thread = threading.Thread(target=self._accept, name="headgate-emulator", daemon=True)
        self._thread.start()
        scheme = "https" if self._tls else "http"
        return f"{scheme}://127.0.0.1:{self._listening.getsockname()[1]}"

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening and end all connections."""
        # a blocked accept is woken by shutdown, not by close
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(10)
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self._open.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(_IDLE)
        try:
            with contextlib.suppress(OSError, h11.RemoteProtocolError), self._secured(connection) as spoken:
                protocol = h11.Connection(h11.SERVER)
                while self._exchange(spoken, protocol):
                    protocol.start_next_cycle()
        finally:
            connection.close()
            self._open.discard(connection)

    def _secured(self, connection: socket.socket) -> socket.socket:
        return self._tls.wrap_socket(connection, server_side=True) if self._tls else connection

    def _exchange(self, connection: socket.socket, protocol: h11.Connection) -> bool:
        """One request and its answer; whether the connection goes on."""
        request: h11.Request | None = None
        body = b""
        while not isinstance(event := protocol.next_event(), h11.EndOfMessage):
            if event is h11.NEED_DATA:
                if protocol.they_are_waiting_for_100_continue:
                    connection.sendall(protocol.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
                protocol.receive_data(connection.recv(_PIECE))
            elif isinstance(event, h11.Request):
                request = event
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            else:
                return False
        assert request is not None  # noqa: S101 - h11 gives no end of message before its beginning
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers]
        path = request.target.decode("latin-1").partition("?")[0]
        if "://" in path:
            # a proxy is sent the whole address
            path = f"/{path.partition('://')[2].partition('/')[2]}"
        outcome = self._reception.handle(request.method.decode(), path, headers, body)
        time.sleep(outcome.slow)
        given = outcome.answer
        if given is None:
            # closed with a reset, as a crashed server's connection is
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        phrase = HTTPStatus(given.status).phrase if given.status in list(HTTPStatus) else "Partial Success"
        headers = [*given.all_headers(), ("date", self._reception.date())]
        answer = h11.Response(status_code=given.status, headers=headers, reason=phrase.encode())
        head = protocol.send(answer) or b""
        data = protocol.send(h11.Data(data=given.body)) or b"" if request.method != b"HEAD" else b""
        connection.sendall(head + data + (protocol.send(h11.EndOfMessage()) or b""))
        return protocol.our_state is h11.DONE and protocol.their_state is h11.DONE
