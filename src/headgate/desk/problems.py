"""What went wrong, as an answer: a page for who reads pages, JSON for everyone else."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import structlog
from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException
from litestar.response import Redirect

from headgate.desk.access import Admitted
from headgate.desk.frame import Frame
from headgate.errors import (
    AlreadyRegistered,
    HeadgateError,
    InvalidRegistration,
    LogUnavailable,
    NotRegistered,
    RegistryError,
    StoreFailed,
    StoreUnavailable,
)

log = structlog.get_logger()

AnyRequest = Request[Any, Any, Any]
UNAUTHORIZED, NOT_FOUND, SERVER_ERROR, UNAVAILABLE = 401, 404, 500, 503
#: errors of ours -> status; what is not listed is 500
STATUS: dict[type[HeadgateError], int] = {
    StoreUnavailable: UNAVAILABLE,
    StoreFailed: UNAVAILABLE,
    LogUnavailable: UNAVAILABLE,
    RegistryError: UNAVAILABLE,
    NotRegistered: 404,
    AlreadyRegistered: 409,
    InvalidRegistration: 400,
}
TITLES = {
    400: "That does not fit",
    403: "Not for your role",
    404: "Nothing here",
    405: "Not possible here",
    409: "Taken already",
    413: "Too much at once",
    429: "Too many tries",
    500: "Something went wrong here",
    503: "Not right now",
}


def answer_problem(request: AnyRequest, error: Exception) -> Response[Any]:
    """The answer to what was raised on purpose."""
    status, text = SERVER_ERROR, str(error)
    if isinstance(error, HTTPException):
        status, text = error.status_code, error.detail
        if isinstance(error.extra, list):
            # what was wrong with which parameter, rather than the address that it came in
            text = " ".join(f"{problem.get('key', '')}: {problem.get('message', '')}." for problem in error.extra)
    elif isinstance(error, HeadgateError):
        status = STATUS.get(type(error), SERVER_ERROR)
    headers = {"Retry-After": "2"} if status == UNAVAILABLE else {}
    return _answer(request, status, text, headers)


def answer_failure(request: AnyRequest, error: Exception) -> Response[Any]:
    """The answer to what was not."""
    log.error("the desk failed", exc_info=error)
    return _answer(request, SERVER_ERROR, "Something went wrong here; the server's log says what.", {})


def _answer(request: AnyRequest, status: int, text: str, headers: dict[str, str]) -> Response[Any]:
    if not _wants_page(request):
        return Response({"code": status, "description": text}, status_code=status, headers=headers)
    if status == UNAUTHORIZED:
        return _to_sign_in(request)
    if not hasattr(request.state, "admitted"):
        # nothing was found at this path, so nobody was let in
        request.state.admitted = Admitted()
    if status == NOT_FOUND and text == "Not Found":
        text = "There is no page at this address."
    try:
        page = Frame(request).page(
            "problem.html", status=status, title=TITLES.get(status, "That did not work"), text=text
        )
    except RegistryError:
        # what the page's frame shows is not to be had: say it without one
        return Response(text, status_code=status, headers=headers, media_type=MediaType.TEXT)
    page.headers.update(headers)
    return page


def _wants_page(request: AnyRequest) -> bool:
    console = request.app.state.desk.console is not None
    return console and not request.url.path.startswith("/api/") and "text/html" in request.headers.get("accept", "")


def _to_sign_in(request: AnyRequest) -> Response[Any]:
    asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    to = f"/login?next={quote(asked)}" if request.method == "GET" and asked != "/" else "/login"
    if "hx-request" in request.headers:
        return Response("", status_code=UNAUTHORIZED, headers={"HX-Redirect": "/login"})
    return Redirect(to, status_code=303)
