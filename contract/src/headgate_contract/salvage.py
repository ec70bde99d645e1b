"""Cutting a batch into events when the decoder cannot read the body in one piece.

One event with a thousand nested lists, a lone surrogate or a NaN must not cost its neighbours. The body is scanned for
strings and brackets only; each event is then decoded by itself, and only the one at fault fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

#: possessive throughout, and a string that never ends is one token to the end: no byte is looked at twice
_STRING = rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)'
_TOKEN = re.compile(_STRING + rb"|[\[{]+|[\]}]+", re.DOTALL)
_SCALAR = re.compile(_STRING + rb"|[^\s,]+", re.DOTALL)
#: 1000 events of 250 fields; what has more is not worth the scan
TOKEN_LIMIT = 500_000
#: bracket depth inside the `events` list, the batch object being 1
_LISTED = 2


def split_events(body: bytes) -> tuple[bytes, list[bytes]] | None:
    """The body with an empty `events` list, and the text of each event; None where there is no such list to find."""
    depth = 0
    key = b""
    opened = closed = -1
    marks: list[tuple[int, int]] = []
    for tokens, found in enumerate(_TOKEN.finditer(body)):
        if tokens == TOKEN_LIMIT:
            return None
        token = found[0]
        if token[0] == ord('"'):
            key = token if depth == 1 else key
        elif token[0] in b"[{":
            # the list itself is the first bracket of its run where events start at once: `[{`
            if depth == 1 and key == b'"events"' and token[0] == ord("[") and opened < 0:
                opened = found.start() + 1
            if opened >= 0 > closed and depth <= _LISTED < depth + len(token):
                marks.append((found.start() + _LISTED - depth, 0))
            depth += len(token)
        else:
            if opened >= 0 > closed and depth - len(token) <= _LISTED < depth:
                marks[-1] = (marks[-1][0], found.start() + depth - _LISTED)
            if opened >= 0 > closed and depth - len(token) < _LISTED <= depth:
                closed = found.start() + depth - _LISTED
            depth -= len(token)
    if closed < 0 or depth != 0:
        return None
    return body[:opened] + body[closed:], list(_events(body, marks, opened, closed))


def _events(body: bytes, marks: list[tuple[int, int]], opened: int, closed: int) -> Iterator[bytes]:
    """The objects at the marks, and whatever else stands between the commas."""
    at = opened
    for start, end in marks:
        yield from _scalars(body[at:start])
        yield body[start:end]
        at = end
    yield from _scalars(body[at:closed])


def _scalars(between: bytes) -> list[bytes]:
    return _SCALAR.findall(between)
