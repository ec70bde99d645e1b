"""Who makes a request: a user by their session or token, or the operator by the token of the data folder."""

from __future__ import annotations

import hmac
from typing import Any

from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException
from msgspec import Struct

from headgate.desk import cookies
from headgate.desk.parts import Console, Desk
from headgate.registry import roles, sessions, user_tokens, users
from headgate.registry.accounts import AccountEntry
from headgate.registry.roles import Role, Roles
from headgate.registry.sessions import SessionEntry
from headgate.registry.users import UserEntry


class Visitor(Struct, frozen=True):
    """Who it is, and what they may."""

    #: None: the operator, who may all
    user: UserEntry | None
    roles: Roles
    #: None: let in by a token
    session: SessionEntry | None
    #: network address
    address: str

    @property
    def name(self) -> str:
        """For the record of acts."""
        return self.user.email if self.user else "operator"

    def role_in(self, account: AccountEntry) -> Role | None:
        """Their role in an account; None: it is as if there were no such account."""
        if self.user is None:
            return Role.ORGANIZATION_ADMIN
        return self.roles.in_account(account.id, account.organization_id)

    def role_in_organization(self, organization_id: str) -> Role | None:
        """Their role in an organization as a whole."""
        return Role.ORGANIZATION_ADMIN if self.user is None else self.roles.in_organization(organization_id)

    def sees(self, entries: list[AccountEntry]) -> list[AccountEntry]:
        """Those of these accounts that they have a role in."""
        return [entry for entry in entries if self.role_in(entry) is not None]


def address_of(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """The network address that a request comes from; that of a proxy that is not trusted, if there is one."""
    return connection.client.host if connection.client else ""


def recognise(desk: Desk, connection: ASGIConnection[Any, Any, Any, Any]) -> Visitor:
    """Who makes this request; reads the registry. Raises `NotAuthorizedException`."""
    shown = connection.headers.get("authorization")
    if shown is not None:
        return _by_token(desk, shown.removeprefix("Bearer "), connection)
    visitor = _by_session(desk.console, connection) if desk.console else None
    if visitor is None:
        raise NotAuthorizedException(
            "Show a token, Authorization: Bearer …: one of a user, who makes it on the profile page of the console, "
            "or that from the file operator-token in the data folder."
        )
    return visitor


def _by_token(desk: Desk, shown: str, connection: ASGIConnection[Any, Any, Any, Any]) -> Visitor:
    address = address_of(connection)
    if hmac.compare_digest(shown.encode(errors="replace"), desk.operator_token.encode()):
        return Visitor(None, Roles({}, {}), None, address)
    # a token is for scripts; the pages are for people, who can be asked for their password again
    if desk.console and connection.scope["path"].startswith("/api/"):
        visitor = _by_user_token(desk.console, shown, address)
        if visitor is not None:
            return visitor
    raise NotAuthorizedException(
        "Show the token from the file operator-token in the data folder, or one of a user that still holds: "
        "Authorization: Bearer …"
    )


def _by_user_token(console: Console, shown: str, address: str) -> Visitor | None:
    now = console.clock()
    with console.registry.reading() as connection:
        entry = user_tokens.find(connection, shown)
        user = users.find(connection, entry.user_id) if entry else None
        if entry is None or user is None or user.disabled_at is not None:
            return None
        visitor = Visitor(user, roles.of_user(connection, user.id), None, address)
    if entry.used_at is None or now - entry.used_at >= user_tokens.USED_EVERY or entry.used_from != address:
        with console.registry.aside() as connection:
            user_tokens.use(connection, entry, now=now, address=address)
    return visitor


def _by_session(console: Console, request: ASGIConnection[Any, Any, Any, Any]) -> Visitor | None:
    session_id = cookies.read(request, "session")
    if not session_id:
        return None
    now = console.clock()
    with console.registry.reading() as connection:
        session = sessions.find(connection, session_id, now)
        user = users.find(connection, session.user_id) if session else None
        if session is None or user is None or user.disabled_at is not None:
            return None
        visitor = Visitor(user, roles.of_user(connection, user.id), session, address_of(request))
    if now - session.seen_at >= sessions.SEEN_EVERY:
        with console.registry.aside() as connection:
            sessions.see(connection, session, now)
    return visitor
