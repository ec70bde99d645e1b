"""Headers that every answer of the desk has."""

from __future__ import annotations

from litestar.datastructures import MutableScopeHeaders
from litestar.types import Message, Scope

#: scripts and styles come from files of this server only: neither inline, nor from elsewhere, nor made of text
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
ALWAYS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


async def add_headers(message: Message, _scope: Scope) -> None:
    """Put them on; nothing is kept by a cache but what says that it may."""
    if message["type"] == "http.response.start":
        headers = MutableScopeHeaders(message)
        for name, value in ALWAYS.items():
            headers[name] = value
        if not headers.get("Cache-Control", "").startswith("public"):
            headers["Cache-Control"] = "no-store"
