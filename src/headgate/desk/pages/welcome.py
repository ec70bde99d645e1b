"""Links that work once: an invitation, a new password, and the first admin of all."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.params import PathParameter
from msgspec import Struct

from headgate.desk.forms import SMALL, Form
from headgate.desk.frame import Frame, FrameHere, Page
from headgate.desk.pages.sign_in import begin_session
from headgate.desk.passwords import check_password
from headgate.errors import HeadgateError, InvalidRegistration, NotRegistered, RegistryError
from headgate.registry import links, organizations, roles, users
from headgate.registry.base import Change
from headgate.registry.links import Link
from headgate.registry.roles import Role
from headgate.registry.users import UserEntry

GONE = 404
TITLES = {"first": "Make the first admin", "invite": "Accept the invitation", "reset": "Set a new password"}
Secret = Annotated[str, PathParameter(description="Of the link.")]


class Welcome(Struct):
    """The form."""

    email: str = ""
    name: str = ""
    organization: str = ""
    password: str = ""
    again: str = ""


@get("/welcome/{secret:str}", sync_to_thread=True, include_in_schema=False)
def get_welcome(frame: FrameHere, secret: Secret) -> Page:
    """The form of a link that still works."""
    return _form(frame, secret, Welcome())


@post(
    "/welcome/{secret:str}", status_code=200, request_max_body_size=SMALL, sync_to_thread=True, include_in_schema=False
)
def post_welcome(
    frame: FrameHere, request: Request[Any, Any, Any], secret: Secret, data: Form[Welcome]
) -> Response[Any]:
    """Use the link, and sign in."""
    with frame.reading() as connection:
        link = links.find(connection, secret, frame.console.clock())
        user = users.get(connection, link.user_id) if link and link.user_id else None
    if link is None:
        return _gone(frame)
    try:
        password_hash = _checked_hash(frame, data, user.email if user else data.email)
        with frame.change(by=user.email if user else users.check_email(data.email)) as change:
            links.use(change.connection, secret, change.now)
            user_id = _settle(frame, change, user, data, password_hash)
    except NotRegistered:
        # somebody was quicker
        return _gone(frame)
    except RegistryError as error:
        return _form(frame, secret, data, error)
    answer = frame.go("/")
    begin_session(frame, request, user_id, answer)
    return answer


def _checked_hash(frame: Frame, data: Welcome, email: str) -> str:
    if data.password != data.again:
        raise InvalidRegistration("The two passwords differ: type the same one twice.")
    return frame.console.passwords.hash(check_password(data.password, email))


def _settle(frame: Frame, change: Change, user: UserEntry | None, data: Welcome, password_hash: str) -> str:
    """Give the user, who may have to be made, what the form says; their id."""
    if user is None:
        user = _make_first(frame, change, data)
    elif user.password_hash is None:
        user = users.rename(change, user.id, data.name.strip() or user.name)
    users.set_password(change, user.id, password_hash)
    return user.id


def _make_first(frame: Frame, change: Change, data: Welcome) -> UserEntry:
    if users.count(change.connection):
        raise NotRegistered("there is a user already")
    user = users.create(change, f"u{frame.console.secret()[-20:]}", email=data.email, name=data.name.strip())
    if not organizations.entries(change.connection):
        name = data.organization.strip() or "My organization"
        organizations.create(change, "main", name=name)
    for each in organizations.entries(change.connection):
        roles.give_in_organization(change, user.id, each.id, Role.ORGANIZATION_ADMIN)
    return user


def _form(frame: Frame, secret: str, data: Welcome, error: HeadgateError | None = None) -> Page:
    with frame.reading() as connection:
        link = links.find(connection, secret, frame.console.clock())
        if link is None:
            return _gone(frame)
        user = users.get(connection, link.user_id) if link.user_id else None
        needs_organization = link.purpose == "first" and not organizations.entries(connection)
    return _show(frame, link, user, data, error, needs_organization=needs_organization, secret=secret)


def _show(
    frame: Frame, link: Link, user: UserEntry | None, data: Welcome, error: HeadgateError | None, **more: Any
) -> Page:
    shown = Welcome(data.email, data.name or (user.name if user and user.name != user.email else ""), data.organization)
    return frame.page(
        "welcome.html",
        title=TITLES[link.purpose],
        status=400 if error else 200,
        link=link,
        user=user,
        form=shown,
        error=str(error or ""),
        **more,
    )


def _gone(frame: Frame) -> Page:
    text = (
        "It was used before, it is too old, or there is a newer one. Ask whoever sent it for another; the first link of "
        "an installation is printed anew when the server starts, as long as there is no user."
    )
    return frame.page("gone.html", title="This link does not work", status=GONE, text=text)


ROUTES = (get_welcome, post_welcome)
