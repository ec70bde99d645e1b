"""What goes back to a sender, before it is ASGI messages or bytes on a socket."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

Headers = tuple[tuple[bytes, bytes], ...]

#: where a request's state has what writes a whole answer at once, if the server has such a thing:
#: `(status, headers, body) -> whether it was written`
ANSWER = "headgate.answer"

#: a connection that is not worth keeping after this answer
CLOSE = (b"connection", b"close")


class Reply(NamedTuple):
    """An answer: JSON, or no body at all, but for what a page loads: a script, an image."""

    status: int
    #: empty only for 204
    body: bytes
    #: beside content type, length and request id
    headers: Headers = ()
    content_type: bytes = b"application/json"

    def all_headers(self, request_id: str) -> list[tuple[bytes, bytes]]:
        """Every header of the answer, in lower case, without the date."""
        headers = [(b"x-request-id", request_id.encode("ascii")), *self.headers]
        if self.body:
            headers += ((b"content-type", self.content_type), (b"content-length", b"%d" % len(self.body)))
        return headers

    def as_http(self, phrase: str, request_id: str) -> bytes:
        """The whole answer as HTTP/1.1, for what is answered before there is a request."""
        lines = [b"HTTP/1.1 %d %s" % (self.status, phrase.encode("ascii"))]
        lines += [name + b": " + value for name, value in self.all_headers(request_id)]
        return b"\r\n".join([*lines, b"", self.body])


def plain_reply(status: int, description: str, headers: Headers = ()) -> Reply:
    """An answer of `code` and `description`."""
    return Reply(status, msgspec.json.encode({"code": status, "description": description}), headers)
