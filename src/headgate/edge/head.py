"""The headers of a request that mean something to us, picked out in one pass."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Head(NamedTuple):
    """All values of each header, in the order sent; an empty list where there is none."""

    authorization: list[bytes]
    content_type: list[bytes]
    accept: list[bytes]
    content_encoding: list[bytes]
    content_length: list[bytes]
    x_forwarded_proto: list[bytes]
    x_headgate_simulate: list[bytes]


_PLACES = {field.replace("_", "-").encode("ascii"): place for place, field in enumerate(Head._fields)}


def read_head(headers: Iterable[tuple[bytes, bytes]]) -> Head:
    """Pick what we know out of the headers, whose names are in lower case."""
    head = Head([], [], [], [], [], [], [])
    for name, value in headers:
        if (place := _PLACES.get(name)) is not None:
            head[place].append(value)
    return head
