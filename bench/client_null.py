"""A server that reads requests and says yes to each without looking: what is left is the cost of the client."""

from __future__ import annotations

import asyncio

_BODY = b'{"code":200,"description":"all events were processed","events_received":0,"failed_events":[]}'
_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(_BODY), _BODY)


class Null(asyncio.Protocol):
    """One connection."""

    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is here."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.head = b""
        self.left = 0

    def data_received(self, data: bytes) -> None:
        """Some bytes of a request."""
        if not self.left:
            self.head += data
            head, end, rest = self.head.partition(b"\r\n\r\n")
            if not end:
                return
            self.head = b""
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            self.left = int(length.partition(b":")[2])
            data = rest
        self.left -= len(data)
        if not self.left:
            self.transport.write(_ANSWER)


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(Null, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
