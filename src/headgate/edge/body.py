"""Reading a request's body: under a cap, in time, within the worker's memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, MutableMapping
from typing import Any

from headgate.edge.decode import decode
from headgate.edge.memory import Share
from headgate.edge.negotiate import Encoding
from headgate.errors import BodyTooLarge, BodyTooSlow, InvalidEnvelope

Message = MutableMapping[str, Any]
Receive = Callable[[], Coroutine[Any, Any, Message]]

#: Bodies up to this many bytes are not counted, so long as they come in one piece and unpacked.
SMALL = 16 * 1024
#: How often a reader that waits looks whether memory has become short, in seconds.
LOOK = 1.0
#: When memory is short, a body that was waited for this long, in seconds…
PATIENCE_PRESSED = 2.0
#: …must have come at this rate, in bytes a second, to be waited for any longer.
RATE_PRESSED = 16 * 1024


class SenderGone(Exception):
    """The connection was closed before the body was complete: there is nobody to answer."""


def announced_length(values: list[bytes]) -> int:
    """The body's length in bytes by its header; 0 when it has none. Raises `InvalidEnvelope` when it is no number."""
    try:
        return int(values[0]) if values else 0
    except ValueError:
        raise InvalidEnvelope("Content-Length must be a number") from None


class BodyReader:
    """Reads bodies, one call a request.

    `cap` bounds a body in bytes, packed and unpacked. `patience` is how long to wait for all of it, in seconds; the
    time for which we make the sender wait does not count.
    """

    def __init__(self, cap: int, patience: float) -> None:
        self._cap = cap
        self._patience = patience

    async def read(self, receive: Receive, length: int, encoding: Encoding | None, share: Share) -> bytes:
        """The body, unpacked. `length` is what its header announces; `share` counts its bytes.

        Raises `BodyTooLarge`, `BodyTooSlow`, `InvalidEnvelope` when the encoding is broken, and `SenderGone`.
        """
        if length > self._cap:
            raise self._too_large()
        first = _ready(receive)
        if first is not None and encoding is None and _is_small(first):
            return bytes(first.get("body", b""))
        body = await self._read_all(receive, first, share)
        if encoding is not None:
            await share.room()
            body = decode(body, encoding, self._cap)
            share.hold(len(body))
        share.done_reading()
        return body

    async def _read_all(self, receive: Receive, message: Message | None, share: Share) -> bytes:
        """The body as sent. `message`: the first one, if it is here."""
        chunks: list[bytes] = []
        size = 0
        waited = 0.0
        loop = asyncio.get_running_loop()
        while True:
            if message is None:
                asked = loop.time()
                message = await self._next(receive, share, waited, size)
                waited += loop.time() - asked
            if message["type"] != "http.request":
                raise SenderGone
            if chunk := message.get("body"):
                chunks.append(chunk)
                size += len(chunk)
                if size > self._cap:
                    raise self._too_large()
                share.hold(size)
            if not message.get("more_body"):
                return chunks[0] if len(chunks) == 1 else b"".join(chunks)
            await share.room()
            message = _ready(receive)

    async def _next(self, receive: Receive, share: Share, waited: float, size: int) -> Message:
        """The next message. `waited`: seconds spent so far; `size`: bytes that they brought."""
        while True:
            look = min(LOOK, self._patience - waited)
            if look > 0:
                try:
                    async with asyncio.timeout(look):
                        return await receive()
                except TimeoutError:
                    waited += look
            if waited >= self._patience:
                raise BodyTooSlow
            if share.memory.pressed and waited >= PATIENCE_PRESSED and size < waited * RATE_PRESSED:
                raise BodyTooSlow("The server is short of memory, and this body came too slowly.")

    def _too_large(self) -> BodyTooLarge:
        return BodyTooLarge(f"The body is over the limit of {self._cap} bytes. Send fewer events a request.")


def _is_small(message: Message) -> bool:
    """Whether this is a whole body, and not worth counting."""
    return message["type"] == "http.request" and not message.get("more_body") and len(message.get("body", b"")) <= SMALL


def _ready(receive: Receive) -> Message | None:
    """The next message if it is here already, as it is for most requests: a timer costs more than reading does."""
    receiving = receive()
    try:
        receiving.send(None)
    except StopIteration as ready:
        message: Message = ready.value
        return message
    # it would wait: so it is asked again, with a timer around it
    receiving.close()
    return None
