"""Protection from forged requests: another site can make a browser send a form here, with its cookies.

Every request that changes something and is let in by a cookie has to carry a token that is made of that cookie. Another
site can read neither. The token is bound to the session, so that it is worth nothing in another one, and there is nothing
to be stored. Before there is a session, at sign-in, a cookie for the visit stands in its place.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.exceptions import PermissionDeniedException

from headgate.desk import cookies

FIELD = "_csrf"
HEADER = "X-CSRF-Token"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def cookie_value(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """The cookie that this browser's tokens are made of, or empty: the session's, else the visit's."""
    return cookies.read(connection, "session") or cookies.read(connection, "visit")


def token(value: str) -> str:
    """The token of a browser with this cookie."""
    return hmac.new(value.encode(), b"headgate form", hashlib.sha256).hexdigest()


async def check_forgery(request: Request[Any, Any, Any]) -> None:
    """Raise 403 unless the request changes nothing, was let in without a cookie, or has the token."""
    if request.method in SAFE or "authorization" in request.headers:
        return
    shown = request.headers.get(HEADER, "")
    if not shown and request.headers.get("content-type", "").startswith(_FORMS):
        field = (await request.form()).get(FIELD, "")
        shown = field if isinstance(field, str) else ""
    value = cookie_value(request)
    if not value or not hmac.compare_digest(shown.encode(errors="replace"), token(value).encode()):
        raise PermissionDeniedException(
            "This form is too old, or it was not sent from this console. Go back, load the page again, and send it anew. "
            f"A script shows a token of its user, or sends the page's token as {HEADER}."
        )
