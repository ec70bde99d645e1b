"""What goes in and out of the emulator: a request as it was received, and its answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec


class Answer(NamedTuple):
    """A status, the headers beside content type and length, and the body as JSON text."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return msgspec.json.decode(self.body) if self.body else None

    def all_headers(self) -> list[tuple[str, str]]:
        """Every header of the answer."""
        about_body = [("content-type", "application/json"), ("content-length", str(len(self.body)))]
        return [*self.headers, *(about_body if self.body else [])]


@dataclass
class Received:
    """One request, to assert on."""

    #: the X-Request-Id of its answer
    id: str
    method: str
    path: str
    #: names in lower case, in the order sent
    headers: list[tuple[str, str]]
    #: as it came over the wire, perhaps packed
    packed: bytes
    #: by the emulator's clock: seconds since 1970, UTC
    at: float
    #: after unpacking; empty when it was refused before
    body: bytes = b""
    #: 0 while it is being answered, and when the connection was cut
    status: int = 0
    #: the fault that it met, as it was written
    fault: str | None = None
    #: what was answered; None when the connection was cut
    answer: Answer | None = field(default=None, repr=False)

    def header(self, name: str) -> str | None:
        """The first value of a header."""
        return next((value for known, value in self.headers if known == name.lower()), None)

    @property
    def json(self) -> Any:
        """The body, decoded. Raises `msgspec.DecodeError` when it is no JSON."""
        return msgspec.json.decode(self.body)

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events as they were sent; empty when the body is no batch."""
        try:
            sent = self.json
        except (msgspec.DecodeError, ValueError):
            return []
        events = sent.get("events") if isinstance(sent, dict) else None
        return events if isinstance(events, list) else []


class Refused(Exception):
    """The request gets this answer, and nothing of it is kept."""

    def __init__(self, status: int, description: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.headers = tuple((headers or {}).items())


class ConnectionCut(Exception):
    """A fault cut the connection before the answer."""
