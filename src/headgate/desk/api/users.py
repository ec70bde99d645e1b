"""Oneself, and the users and acts of an account or organization, over the API."""

from __future__ import annotations

from typing import Any

from litestar import Request, delete, get, patch, post, put
from litestar.params import JSONBody

from headgate.desk import own, people
from headgate.desk.api import replies
from headgate.desk.api.replies import SessionId, TokenId, UserId
from headgate.desk.frame import Frame, FrameHere
from headgate.desk.people import Invited, Person
from headgate.desk.places import place_of
from headgate.registry import accounts, audit, sessions, user_tokens
from headgate.registry.audit import AuditLine
from headgate.registry.roles import Role
from headgate.registry.users import UserEntry

AnyRequest = Request[Any, Any, Any]
PLACES = ("/api/accounts/{account_id:str}", "/api/organizations/{organization_id:str}")


@get("/api/me", sync_to_thread=True)
def get_me(frame: FrameHere) -> replies.Me:
    """Who one is, and which roles one has."""
    return _me(frame, frame.visitor.user)


@patch("/api/me", sync_to_thread=True)
def patch_me(frame: FrameHere, data: JSONBody[replies.OwnChange]) -> replies.Me:
    """Be called otherwise."""
    return _me(frame, own.rename(frame, data.name))


def _me(frame: Frame, user: UserEntry | None) -> replies.Me:
    visitor = frame.visitor
    with frame.reading() as connection:
        mine = visitor.sees(accounts.entries(connection))
    in_accounts = {each.id: role.word for each in mine if (role := visitor.role_in(each)) is not None}
    in_organizations = {id_: role.word for id_, role in visitor.roles.organizations.items()}
    return replies.Me(
        user_id=user.id if user else None,
        email=user.email if user else None,
        name=user.name if user else visitor.name,
        organizations=in_organizations,
        accounts=in_accounts,
    )


@get("/api/me/tokens", sync_to_thread=True)
def get_tokens(frame: FrameHere) -> list[replies.Token]:
    """One's own tokens that hold."""
    with frame.reading() as connection:
        entries = user_tokens.of_user(connection, own.user(frame).id)
    return [replies.Token(each.id, each.name, each.created_at, each.used_at, each.used_from) for each in entries]


@post("/api/me/tokens", sync_to_thread=True)
def post_token(frame: FrameHere, data: JSONBody[replies.Named]) -> replies.ApiToken:
    """Make a token, and tell it: this once."""
    made = own.make_token(frame, data.name)
    return replies.ApiToken(made.id, made.token)


@delete("/api/me/tokens/{token_id:str}", sync_to_thread=True)
def delete_token(frame: FrameHere, token_id: TokenId) -> None:
    """Let a token no longer hold."""
    own.revoke_token(frame, token_id)


@get("/api/me/sessions", sync_to_thread=True)
def get_sessions(frame: FrameHere) -> list[replies.Session]:
    """Where one is signed in."""
    with frame.reading() as connection:
        entries = sessions.of_user(connection, own.user(frame).id, frame.console.clock())
    return [
        replies.Session(each.id_hash, each.created_at, each.seen_at, each.address, each.browser) for each in entries
    ]


@delete("/api/me/sessions/{session_id:str}", sync_to_thread=True)
def delete_session(frame: FrameHere, session_id: SessionId) -> None:
    """Sign out there."""
    own.end_session(frame, session_id)


@delete("/api/me/sessions", sync_to_thread=True)
def delete_sessions(frame: FrameHere) -> None:
    """Sign out everywhere: in all browsers. Tokens still hold."""
    own.end_all_sessions(frame)


def get_people(frame: FrameHere) -> list[Person]:
    """The users with a role here."""
    return people.people(frame)


def post_person(frame: FrameHere, request: AnyRequest, data: JSONBody[replies.Invitation]) -> replies.Link:
    """Give somebody a role; whoever has no password yet gets a link."""
    invited = people.invite(frame, email=data.email, name=data.name, role=Role.read(data.role))
    return _link(request, invited)


def put_role(frame: FrameHere, user_id: UserId, data: JSONBody[replies.NewRole]) -> None:
    """Give a user another role."""
    people.set_role(frame, user_id, Role.read(data.role))


def delete_person(frame: FrameHere, user_id: UserId) -> None:
    """Take a user's role here."""
    people.remove(frame, user_id)


def post_link(frame: FrameHere, request: AnyRequest, user_id: UserId) -> replies.Link:
    """Make a link for a user's first or next password."""
    return _link(request, people.new_link(frame, user_id))


def post_disabled(frame: FrameHere, user_id: UserId) -> None:
    """Keep a user out, everywhere."""
    people.disable(frame, user_id)


def post_enabled(frame: FrameHere, user_id: UserId) -> None:
    """Let a user in again."""
    people.enable(frame, user_id)


def get_acts(
    frame: FrameHere,
    act: replies.Act = "",
    text: replies.Text = "",
    before: replies.Before = None,
    limit: replies.Limit = 50,
) -> list[AuditLine]:
    """What was done here, newest first."""
    asked = place_of(frame.admitted).acts(act=act, text=text, before=before, limit=limit)
    with frame.reading() as connection:
        return audit.lines(connection, asked)


def _link(request: AnyRequest, invited: Invited) -> replies.Link:
    return replies.Link(invited.user.id, f"{request.base_url}welcome/{invited.secret}" if invited.secret else None)


ROUTES = (
    get_me,
    patch_me,
    get_tokens,
    post_token,
    delete_token,
    get_sessions,
    delete_session,
    delete_sessions,
    *(get(f"{place}/users", sync_to_thread=True)(get_people) for place in PLACES),
    *(post(f"{place}/users", sync_to_thread=True)(post_person) for place in PLACES),
    *(put(f"{place}/users/{{user_id:str}}/role", status_code=204, sync_to_thread=True)(put_role) for place in PLACES),
    *(delete(f"{place}/users/{{user_id:str}}", sync_to_thread=True)(delete_person) for place in PLACES),
    *(post(f"{place}/users/{{user_id:str}}/link", sync_to_thread=True)(post_link) for place in PLACES),
    *(
        post(f"{place}/users/{{user_id:str}}/disable", status_code=204, sync_to_thread=True)(post_disabled)
        for place in PLACES
    ),
    *(
        post(f"{place}/users/{{user_id:str}}/enable", status_code=204, sync_to_thread=True)(post_enabled)
        for place in PLACES
    ),
    *(get(f"{place}/audit", sync_to_thread=True)(get_acts) for place in PLACES),
)
