"""A server that reads requests and answers that all is well: what is left is the cost of the sender."""

from __future__ import annotations

import asyncio
import socket
import sys
from typing import cast

import uvloop

_ANSWER = b'{"code":200,"description":"all events were processed","events_received":1,"failed_events":[]}'
_REPLY = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(_ANSWER), _ANSWER)


class _Connection(asyncio.Protocol):
    """Counts the bytes of a body, and does not keep them."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.head = b""
        self.left = 0

    def data_received(self, data: bytes) -> None:
        if not self.left:
            self.head += data
            end = self.head.find(b"\r\n\r\n")
            if end < 0:
                return
            length = self.head[:end].lower().partition(b"content-length:")[2].partition(b"\r")[0]
            self.left = int(length or b"0") + end + 4
            data, self.head = self.head, b""
        self.left -= len(data)
        if self.left <= 0:
            self.left = 0
            self.transport.write(_REPLY)


async def _main(bound: socket.socket) -> None:
    server = await asyncio.get_running_loop().create_server(_Connection, sock=bound)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_main(socket.socket(fileno=int(sys.argv[1]))))
