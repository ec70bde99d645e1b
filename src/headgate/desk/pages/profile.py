"""One's own page: name, password, tokens for scripts, and where one is signed in."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.params import PathParameter
from msgspec import Struct

from headgate.desk import cookies, own
from headgate.desk.forms import Form
from headgate.desk.frame import Frame, FrameHere, Page
from headgate.desk.pages.sign_in import begin_session
from headgate.errors import InvalidRegistration, RegistryError
from headgate.registry import sessions, user_tokens


class Name(Struct):
    """The form of the name, of oneself or a token."""

    name: str = ""


class NewPassword(Struct):
    """The form."""

    current: str = ""
    password: str = ""
    again: str = ""


@get("/profile", sync_to_thread=True, include_in_schema=False)
def get_profile(frame: FrameHere) -> Page:
    """The page."""
    return _page(frame)


@post("/profile/name", status_code=200, sync_to_thread=True, include_in_schema=False)
def post_name(frame: FrameHere, data: Form[Name]) -> Response[Any]:
    """Be called otherwise."""
    try:
        own.rename(frame, data.name)
    except RegistryError as error:
        return _page(frame, error)
    return frame.go("/profile", "saved")


@post("/profile/password", status_code=200, sync_to_thread=True, include_in_schema=False)
def post_password(frame: FrameHere, request: Request[Any, Any, Any], data: Form[NewPassword]) -> Response[Any]:
    """Another password: all sessions end, and this browser gets a new one."""
    try:
        if data.password != data.again:
            raise InvalidRegistration("The two new passwords differ: type the same one twice.")
        own.change_password(frame, current=data.current, password=data.password)
    except RegistryError as error:
        return _page(frame, error)
    answer = frame.go("/profile", "password-changed")
    begin_session(frame, request, own.user(frame).id, answer)
    return answer


@post("/profile/tokens", status_code=200, sync_to_thread=True, include_in_schema=False)
def post_token(frame: FrameHere, data: Form[Name]) -> Page:
    """Make a token, and show it: this once."""
    try:
        made = own.make_token(frame, data.name)
    except RegistryError as error:
        return _page(frame, error)
    return _page(frame, made_token=made.token)


@post("/profile/tokens/{token_id:str}/revoke", status_code=200, sync_to_thread=True, include_in_schema=False)
def post_token_revoked(frame: FrameHere, token_id: Annotated[str, PathParameter()]) -> Response[Any]:
    """Let a token no longer hold."""
    own.revoke_token(frame, token_id)
    return frame.go("/profile", "token-revoked")


@post("/profile/sessions/{id_hash:str}/end", status_code=200, sync_to_thread=True, include_in_schema=False)
def post_session_ended(frame: FrameHere, id_hash: Annotated[str, PathParameter()]) -> Response[Any]:
    """Sign out in another browser."""
    own.end_session(frame, id_hash)
    return frame.go("/profile", "session-ended")


@post("/profile/sign-out-everywhere", status_code=200, sync_to_thread=True, include_in_schema=False)
def post_signed_out(frame: FrameHere, request: Request[Any, Any, Any]) -> Response[Any]:
    """Sign out in all browsers, this one too."""
    own.end_all_sessions(frame)
    answer = frame.go("/login", "signed-out-everywhere")
    answer.cookies.append(cookies.make(request, "session", ""))
    return answer


def _page(frame: Frame, error: RegistryError | None = None, made_token: str = "") -> Page:
    me, now = own.user(frame), frame.console.clock()
    with frame.reading() as connection:
        tokens = user_tokens.of_user(connection, me.id)
        open_sessions = sessions.of_user(connection, me.id, now)
    return frame.page(
        "profile.html",
        title="Profile",
        status=400 if error else 200,
        tokens=tokens,
        sessions=open_sessions,
        here=frame.visitor.session.id_hash if frame.visitor.session else "",
        error=str(error or ""),
        made_token=made_token,
        browser=own.browser_name,
    )


ROUTES = (
    get_profile,
    post_name,
    post_password,
    post_token,
    post_token_revoked,
    post_session_ended,
    post_signed_out,
)
