"""What a browser must be told before a page of another origin may send, and may read the answer.

Every origin gets the same headers: whether its events are taken is decided by the event group, and not shown to the page.
"""

from __future__ import annotations

from collections.abc import Iterable

from headgate.edge.reply import Headers

_VARY = (b"vary", b"Origin")
#: seconds for which a browser need not ask again
_PREFLIGHT_AGE = b"86400"


def shared_with(headers: Iterable[tuple[bytes, bytes]], *, preflight: bool, methods: str) -> Headers:
    """The headers to add to an answer, by those of the request, whose names are in lower case."""
    origin = next((value for name, value in headers if name == b"origin"), None)
    if origin is None:
        return (_VARY,)
    shared: Headers = (
        _VARY,
        (b"access-control-allow-origin", origin),
        # a beacon always says that it would send cookies; there are none of ours
        (b"access-control-allow-credentials", b"true"),
        (b"access-control-expose-headers", b"Retry-After, X-Request-Id"),
    )
    if preflight:
        shared += (
            (b"access-control-allow-methods", methods.encode("ascii")),
            (b"access-control-allow-headers", b"Content-Type, Content-Encoding"),
            (b"access-control-max-age", _PREFLIGHT_AGE),
        )
    return shared
