"""The desk's cookies: the session, a visit before there is one, and the theme.

Over https a name gets the prefix `__Host-`: a browser then takes the cookie from this very host only, never from a
neighbour under the same domain.
"""

from __future__ import annotations

from typing import Any, Literal

from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie

from headgate.registry.sessions import LONGEST

Name = Literal["session", "visit", "theme"]
_YEAR = 365 * 86400
#: seconds; a visit lasts as long as the browser runs
_LASTS: dict[Name, int | None] = {"session": LONGEST, "visit": None, "theme": _YEAR}
#: more than any of ours
_LONGEST_VALUE = 100


def read(connection: ASGIConnection[Any, Any, Any, Any], name: Name) -> str:
    """The value that the browser sent, or empty."""
    value = connection.cookies.get(_full_name(connection, name), "")
    return value if len(value) <= _LONGEST_VALUE else ""


def make(connection: ASGIConnection[Any, Any, Any, Any], name: Name, value: str) -> Cookie:
    """The cookie to send; an empty value takes it away."""
    return Cookie(
        key=_full_name(connection, name),
        value=value,
        max_age=_LASTS[name] if value else 0,
        path="/",
        httponly=True,
        samesite="lax",
        secure=_is_secure(connection),
    )


def _full_name(connection: ASGIConnection[Any, Any, Any, Any], name: Name) -> str:
    return f"{'__Host-' if _is_secure(connection) else ''}headgate_{name}"


def _is_secure(connection: ASGIConnection[Any, Any, Any, Any]) -> bool:
    # behind a proxy that is trusted, the server has put its scheme here
    return connection.scope.get("scheme") == "https"
