"""Settings: the users of an account, and of an organization."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.params import PathParameter
from msgspec import Struct

from headgate.desk import people
from headgate.desk.forms import Form
from headgate.desk.frame import Frame, FrameHere, Page
from headgate.desk.people import Invited
from headgate.desk.places import place_of
from headgate.errors import RegistryError
from headgate.registry.roles import Role

USERS = ("/accounts/{account_id:str}/settings/users", "/organizations/{organization_id:str}/users")
UserId = Annotated[str, PathParameter()]
AnyRequest = Request[Any, Any, Any]


class Invitation(Struct):
    """The form."""

    email: str = ""
    name: str = ""
    role: str = "analyst"


class NewRole(Struct):
    """The form."""

    role: str = ""


def get_users(frame: FrameHere) -> Page:
    """Who may do what."""
    return _page(frame, Invitation())


def post_invitation(frame: FrameHere, request: AnyRequest, data: Form[Invitation]) -> Response[Any]:
    """Give somebody a role; whoever has no password yet gets a link, shown this once."""
    try:
        invited = people.invite(frame, email=data.email, name=data.name, role=Role.read(data.role))
    except RegistryError as error:
        return _page(frame, data, error)
    if invited.secret is None:
        return frame.go(place_of(frame.admitted).users_path, "role-given")
    return _page(frame, Invitation(), invited=invited, request=request)


def post_role(frame: FrameHere, user_id: UserId, data: Form[NewRole]) -> Response[Any]:
    """Give a user another role."""
    try:
        people.set_role(frame, user_id, Role.read(data.role))
    except RegistryError as error:
        return _page(frame, Invitation(), error)
    return frame.go(place_of(frame.admitted).users_path, "role-given")


def post_removal(frame: FrameHere, user_id: UserId) -> Response[Any]:
    """Take a user's role."""
    try:
        people.remove(frame, user_id)
    except RegistryError as error:
        return _page(frame, Invitation(), error)
    return frame.go(place_of(frame.admitted).users_path, "role-taken")


def post_link(frame: FrameHere, request: AnyRequest, user_id: UserId) -> Response[Any]:
    """Make a link to a password, shown this once."""
    try:
        invited = people.new_link(frame, user_id)
    except RegistryError as error:
        return _page(frame, Invitation(), error)
    return _page(frame, Invitation(), invited=invited, request=request)


def post_disable(frame: FrameHere, user_id: UserId) -> Response[Any]:
    """Keep a user out."""
    try:
        people.disable(frame, user_id)
    except RegistryError as error:
        return _page(frame, Invitation(), error)
    return frame.go(place_of(frame.admitted).users_path, "user-disabled")


def post_enable(frame: FrameHere, user_id: UserId) -> Response[Any]:
    """Let a user in again."""
    people.enable(frame, user_id)
    return frame.go(place_of(frame.admitted).users_path, "user-enabled")


def _page(
    frame: Frame,
    form: Invitation,
    error: RegistryError | None = None,
    *,
    invited: Invited | None = None,
    request: AnyRequest | None = None,
) -> Page:
    link = f"{request.base_url}welcome/{invited.secret}" if invited and request else ""
    return frame.page(
        "users.html",
        title="Users",
        status=400 if error else 200,
        place=place_of(frame.admitted),
        people=people.people(frame),
        grades=people.grades(frame),
        form=form,
        error=str(error or ""),
        invited=invited.user if invited else None,
        link=link,
    )


#: what follows the path of the page -> handler
_POSTS: dict[str, Callable[..., Response[Any]]] = {
    "": post_invitation,
    "/{user_id:str}/role": post_role,
    "/{user_id:str}/remove": post_removal,
    "/{user_id:str}/link": post_link,
    "/{user_id:str}/disable": post_disable,
    "/{user_id:str}/enable": post_enable,
}
ROUTES = (
    *(get(path, sync_to_thread=True, include_in_schema=False)(get_users) for path in USERS),
    *(
        post(path + end, status_code=200, sync_to_thread=True, include_in_schema=False)(handler)
        for path in USERS
        for end, handler in _POSTS.items()
    ),
)
