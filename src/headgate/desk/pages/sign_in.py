"""Signing in and out, and the theme."""

from __future__ import annotations

from typing import Any, Literal

from litestar import Request, Response, get, post
from litestar.response import Redirect
from msgspec import Struct

from headgate.desk import cookies
from headgate.desk.forms import SMALL, Form
from headgate.desk.frame import Frame, FrameHere, Page
from headgate.desk.parts import Console
from headgate.desk.visitor import address_of
from headgate.registry import sessions, sign_in_tries, users
from headgate.registry.users import UserEntry

TOO_MANY = 429
UNAUTHORIZED = 401


class SignIn(Struct):
    """The form."""

    email: str = ""
    password: str = ""
    next: str = ""


class Theme(Struct):
    """The form."""

    theme: Literal["light", "dark", "auto"] = "auto"
    back: str = "/"


def local_path(path: str) -> str:
    """The path, if it leads to a page of this console; else the start: a link must not send people elsewhere."""
    # a browser reads a backslash as a slash, and leaves out tabs and line ends
    is_ours = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() and "\\" not in path
    return path if is_ours else "/"


@get("/login", sync_to_thread=True, include_in_schema=False)
def get_sign_in(frame: FrameHere, request: Request[Any, Any, Any]) -> Page:
    """The form."""
    return frame.page("sign_in.html", title="Sign in", email="", error="", next=request.query_params.get("next", ""))


@post("/login", status_code=200, request_max_body_size=SMALL, sync_to_thread=True, include_in_schema=False)
def post_sign_in(
    frame: FrameHere,
    request: Request[Any, Any, Any],
    data: Form[SignIn],
) -> Response[Any]:
    """Let in whoever knows the password. An unknown user costs the time, and gets the answer, of a wrong password."""
    console, address = frame.console, address_of(request)
    with console.registry.aside() as connection:
        wait = sign_in_tries.count(connection, email=data.email, address=address, now=console.clock())
    if wait:
        minutes = -(-wait // 60)
        error = f"Too many tries. Wait {minutes} minute{'' if minutes == 1 else 's'}, then try again."
        page = _again(frame, data, error, TOO_MANY)
        page.headers["Retry-After"] = str(wait)
        return page
    user = _known(console, data)
    if user is None:
        return _again(frame, data, "E-mail address and password do not belong together.", UNAUTHORIZED)
    with console.registry.aside() as connection:
        sign_in_tries.forget(connection, email=data.email, address=address)
    answer = Redirect(local_path(data.next), status_code=303)
    begin_session(frame, request, user.id, answer)
    return answer


def begin_session(frame: Frame, request: Request[Any, Any, Any], user_id: str, answer: Response[Any]) -> None:
    """Sign a user in: always under a new id, whatever the browser came with, and that session is over."""
    console = frame.console
    session_id, former = console.secret(), cookies.read(request, "session")
    with console.registry.aside() as connection:
        if former:
            sessions.forget(connection, former)
        browser = request.headers.get("user-agent", "")
        sessions.begin(
            connection, session_id, user_id, now=console.clock(), address=address_of(request), browser=browser
        )
    answer.cookies.append(cookies.make(request, "session", session_id))
    answer.cookies.append(cookies.make(request, "visit", ""))


def _known(console: Console, data: SignIn) -> UserEntry | None:
    with console.registry.reading() as connection:
        user = users.find_by_email(connection, data.email)
    holds = console.passwords.holds(data.password, user.password_hash if user else None)
    return user if user is not None and holds and user.disabled_at is None else None


def _again(frame: Frame, data: SignIn, error: str, status: int) -> Page:
    return frame.page("sign_in.html", title="Sign in", status=status, email=data.email, error=error, next=data.next)


@post("/logout", status_code=200, sync_to_thread=True, include_in_schema=False)
def post_sign_out(frame: FrameHere, request: Request[Any, Any, Any]) -> Response[Any]:
    """End the session."""
    with frame.console.registry.aside() as connection:
        sessions.forget(connection, cookies.read(request, "session"))
    answer = frame.go("/login", "signed-out")
    answer.cookies.append(cookies.make(request, "session", ""))
    return answer


@post("/theme", status_code=200, request_max_body_size=SMALL, sync_to_thread=False, include_in_schema=False)
def post_theme(request: Request[Any, Any, Any], data: Form[Theme]) -> Response[Any]:
    """Light, dark, or as the system has it."""
    answer = Redirect(local_path(data.back), status_code=303)
    answer.cookies.append(cookies.make(request, "theme", "" if data.theme == "auto" else data.theme))
    return answer


ROUTES = (get_sign_in, post_sign_in, post_sign_out, post_theme)
