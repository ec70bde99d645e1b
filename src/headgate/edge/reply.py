"""What goes back to a sender, before it is ASGI messages or bytes on a socket."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

Headers = tuple[tuple[bytes, bytes], ...]

_JSON = (b"content-type", b"application/json")
#: a connection that is not worth keeping after this answer
CLOSE = (b"connection", b"close")


class Reply(NamedTuple):
    """An answer: every one is JSON, or has no body at all."""

    status: int
    #: JSON text; empty only for 204
    body: bytes
    #: beside content type, length and request id
    headers: Headers = ()

    def all_headers(self, request_id: str) -> list[tuple[bytes, bytes]]:
        """Every header of the answer, in lower case, without the date."""
        headers = [(b"x-request-id", request_id.encode("ascii")), *self.headers]
        if self.body:
            headers += (_JSON, (b"content-length", b"%d" % len(self.body)))
        return headers

    def as_http(self, phrase: str, request_id: str) -> bytes:
        """The whole answer as HTTP/1.1, for what is answered before there is a request."""
        lines = [b"HTTP/1.1 %d %s" % (self.status, phrase.encode("ascii"))]
        lines += [name + b": " + value for name, value in self.all_headers(request_id)]
        return b"\r\n".join([*lines, b"", self.body])


def plain_reply(status: int, description: str, headers: Headers = ()) -> Reply:
    """An answer of `code` and `description`."""
    return Reply(status, msgspec.json.encode({"code": status, "description": description}), headers)
