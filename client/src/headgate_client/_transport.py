"""The seam to the network: what carries one request there and one answer back.

`HttpTransport` and `AsyncHttpTransport` are the real ones. Tests and emulators hand in their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from msgspec import Struct


class Request(Struct, frozen=True):
    """One POST, ready to go out."""

    url: str
    #: names in lower case; holds the key, so it is never shown
    headers: Mapping[str, str]
    body: bytes
    #: seconds to make a connection
    connect_timeout: float
    #: seconds without a byte, after which the request counts as unanswered
    timeout: float

    def __repr__(self) -> str:
        """Without key and events."""
        return f"Request({self.url!r}, {len(self.body)} bytes)"


class Response(Struct, frozen=True):
    """One answer, whole."""

    status: int
    #: names in lower case
    headers: Mapping[str, str]
    #: after decoding of any Content-Encoding
    body: bytes


class Transport(Protocol):
    """Carries requests. Safe to use from several threads at once."""

    def send(self, request: Request) -> Response:
        """The whole answer, whatever its status. Raises `TransportError` where there is none."""
        ...

    def close(self) -> None:
        """Let go of connections; may be called twice."""
        ...


class AsyncTransport(Protocol):
    """The same for asyncio."""

    async def send(self, request: Request) -> Response:
        """The whole answer, whatever its status. Raises `TransportError` where there is none."""
        ...

    async def close(self) -> None:
        """Let go of connections; may be called twice."""
        ...
