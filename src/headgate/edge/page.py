"""What a browser says of the page that it shows, and of who looks at it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import urlsplit

from headgate.edge.exposure import Exposure
from headgate_contract import redact

#: longest user agent that is kept, in characters
_AGENT_LIMIT = 1024
#: longest origin that is looked at
ORIGIN_LIMIT = 300


class Page(NamedTuple):
    """A page in a browser, as far as the headers tell."""

    #: scheme, host and port of the page's site; empty where the browser does not say
    origin: str
    #: the page's URL, or as much of it as the browser tells; may be empty
    url: str
    #: address of the browser's machine; empty where there is none
    address: str
    user_agent: str
    #: the browser asks every site to limit the use of what it learns (Global Privacy Control)
    opts_out: bool


def read_page(headers: Iterable[tuple[bytes, bytes]], peer: str | None, exposure: Exposure) -> Page:
    """Read the headers, whose names are in lower case. `peer`: address of the other end of the connection."""
    found: dict[bytes, bytes] = {}
    forwarded: list[bytes] = []
    for name, value in headers:
        if name == b"x-forwarded-for":
            forwarded.append(value)
        else:
            found[name] = value

    def text(name: bytes) -> str:
        return found.get(name, b"").decode("latin-1").strip()

    referer = text(b"referer")
    return Page(
        # an image is asked for without an origin; the page that holds it is the referer
        origin=(text(b"origin") or origin_of(referer))[: ORIGIN_LIMIT + 1],
        url=referer,
        address=exposure.client_address(peer, forwarded),
        user_agent=redact.scrub_field("client_user_agent", text(b"user-agent")[:_AGENT_LIMIT]),
        opts_out=text(b"sec-gpc") == "1",
    )


def origin_of(url: str) -> str:
    """The origin of a URL as a browser writes it; empty where the URL has none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}".lower() if parts.scheme and parts.netloc else ""
