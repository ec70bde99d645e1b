"""A server that counts the events of a request and says yes to them without looking: what is left is the client's cost."""

from __future__ import annotations

import asyncio
import zlib

_BODY = b'{"code":200,"description":"all events were processed","events_received":%d,"failed_events":[]}'
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
_GZIP = 16 + zlib.MAX_WBITS
#: stands in each event once
_MARK = b'"event_name":'


class Null(asyncio.Protocol):
    """One connection."""

    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is here."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.head = b""
        self.pieces: list[bytes] = []
        self.left = 0
        self.is_packed = False

    def data_received(self, data: bytes) -> None:
        """Some bytes of a request."""
        if not self.left:
            self.head += data
            head, end, rest = self.head.partition(b"\r\n\r\n")
            if not end:
                return
            self.head = b""
            lines = head.lower().split(b"\r\n")
            length = next(line for line in lines if line.startswith(b"content-length:"))
            self.left = int(length.partition(b":")[2])
            self.is_packed = b"content-encoding: gzip" in lines
            data = rest
        self.left -= len(data)
        self.pieces.append(data)
        if not self.left:
            self.answer(b"".join(self.pieces))
            self.pieces = []

    def answer(self, body: bytes) -> None:
        """Say yes."""
        events = (zlib.decompress(body, _GZIP) if self.is_packed else body).count(_MARK)
        told = _BODY % events
        self.transport.write(_HEAD % len(told) + told)


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(Null, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
