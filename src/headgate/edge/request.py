"""A request, before anybody has looked at what it wants."""

from __future__ import annotations

from typing import NamedTuple

from headgate.edge.body import Receive
from headgate.edge.head import Head


class Request(NamedTuple):
    """A request, as far as its headers."""

    id: str
    head: Head
    receive: Receive
    #: every header, names in lower case
    headers: list[tuple[bytes, bytes]]
    #: what stands behind the question mark
    query: bytes
    #: address of the other end of the connection
    peer: str | None
