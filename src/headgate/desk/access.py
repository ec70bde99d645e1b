"""Who may use which route: one table, `RULES`, and the guard that holds every request to it.

A route that is not in the table is answered as if it were not there; a test walks all routes with all roles.
What belongs to another account or organization is 404, as what is not there; what the visitor's own account has, and
their role does not reach, is 403.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from enum import Enum
from typing import Any, NamedTuple

import structlog
from litestar.connection import ASGIConnection
from litestar.exceptions import NotFoundException, PermissionDeniedException, ValidationException
from litestar.handlers import BaseRouteHandler
from msgspec import Struct
from sqlalchemy import Connection

from headgate.desk.parts import Desk
from headgate.desk.visitor import Visitor, recognise
from headgate.registry import accounts, event_groups, organizations
from headgate.registry.accounts import AccountEntry
from headgate.registry.event_groups import EventGroupEntry
from headgate.registry.organizations import OrganizationEntry
from headgate.registry.roles import Role

log = structlog.get_logger()

AnyConnection = ASGIConnection[Any, Any, Any, Any]


class Scope(Enum):
    """What a route's rule is about."""

    #: nobody has to be anybody
    ANYONE = "anyone"
    #: whoever is signed in, about themselves
    SIGNED_IN = "signed in"
    #: `{account_id}` in the path, and `{group_id}`, if it is there, one of its event groups
    ACCOUNT = "account"
    #: `group` in the query; only the operator may leave it out
    GROUP_ASKED = "group asked"
    #: `{organization_id}` in the path
    ORGANIZATION = "organization"
    #: the operator only
    OPERATOR = "operator"


class Rule(NamedTuple):
    """What a route wants: a role in what it is about."""

    scope: Scope
    role: Role | None = None


ANYONE = Rule(Scope.ANYONE)
SIGNED_IN = Rule(Scope.SIGNED_IN)
OPERATOR = Rule(Scope.OPERATOR)
VIEWER = Rule(Scope.ACCOUNT, Role.VIEWER)
ANALYST = Rule(Scope.ACCOUNT, Role.ANALYST)
ACCOUNT_ADMIN = Rule(Scope.ACCOUNT, Role.ACCOUNT_ADMIN)
ORGANIZATION_ADMIN = Rule(Scope.ORGANIZATION, Role.ORGANIZATION_ADMIN)
REPORT = Rule(Scope.GROUP_ASKED, Role.ANALYST)
#: sums only, no event by itself
SUMMARY = Rule(Scope.GROUP_ASKED, Role.VIEWER)

#: method and path -> rule
RULES: Mapping[str, Rule] = {
    # operation
    "GET /healthz": ANYONE,
    "GET /readyz": ANYONE,
    "GET /metrics": ANYONE,
    "GET /static/{version}/{name}": ANYONE,
    # reports, as JSON
    "GET /api/events": REPORT,
    "GET /api/rejections": REPORT,
    "GET /api/trace": REPORT,
    "GET /api/reconcile": REPORT,
    **dict.fromkeys(
        [
            f"GET /api/reports/{name}"
            for name in (
                "totals",
                "choices",
                "events-over-time",
                "outcomes-over-time",
                "overlap",
                "coverage",
                "delays",
                "match-quality",
                "status",
            )
        ],
        SUMMARY,
    ),
    **dict.fromkeys(
        [
            f"GET /api/reports/{name}"
            for name in ("rejections", "near-duplicates", "clocks", "digests", "tests", "live", "events")
        ],
        REPORT,
    ),
    # accounts, as JSON
    "GET /api/organizations": SIGNED_IN,
    "GET /api/accounts": SIGNED_IN,
    "GET /api/accounts/{account_id}": VIEWER,
    "PATCH /api/accounts/{account_id}": ACCOUNT_ADMIN,
    "GET /api/accounts/{account_id}/groups": VIEWER,
    "POST /api/accounts/{account_id}/groups": ACCOUNT_ADMIN,
    "GET /api/accounts/{account_id}/groups/{group_id}": VIEWER,
    "PATCH /api/accounts/{account_id}/groups/{group_id}": ACCOUNT_ADMIN,
    "GET /api/accounts/{account_id}/groups/{group_id}/connect": VIEWER,
    "GET /api/accounts/{account_id}/keys": ACCOUNT_ADMIN,
    "POST /api/accounts/{account_id}/keys": ACCOUNT_ADMIN,
    "DELETE /api/accounts/{account_id}/keys/{key_id}": ACCOUNT_ADMIN,
    "GET /api/accounts/{account_id}/partners": ACCOUNT_ADMIN,
    "PUT /api/accounts/{account_id}/partners/{partner_id}": ACCOUNT_ADMIN,
    "DELETE /api/accounts/{account_id}/partners/{partner_id}": ACCOUNT_ADMIN,
    "GET /api/accounts/{account_id}/allowed-partners": ACCOUNT_ADMIN,
    "PUT /api/accounts/{account_id}/allowed-partners": ACCOUNT_ADMIN,
    "POST /api/organizations/{organization_id}/accounts": ORGANIZATION_ADMIN,
    # oneself, users and acts, as JSON
    "GET /api/me": SIGNED_IN,
    "PATCH /api/me": SIGNED_IN,
    "GET /api/me/tokens": SIGNED_IN,
    "POST /api/me/tokens": SIGNED_IN,
    "DELETE /api/me/tokens/{token_id}": SIGNED_IN,
    "GET /api/me/sessions": SIGNED_IN,
    "DELETE /api/me/sessions": SIGNED_IN,
    "DELETE /api/me/sessions/{session_id}": SIGNED_IN,
    "GET /api/openapi.json": SIGNED_IN,
    "GET /api/accounts/{account_id}/users": ACCOUNT_ADMIN,
    "POST /api/accounts/{account_id}/users": ACCOUNT_ADMIN,
    "PUT /api/accounts/{account_id}/users/{user_id}/role": ACCOUNT_ADMIN,
    "DELETE /api/accounts/{account_id}/users/{user_id}": ACCOUNT_ADMIN,
    "POST /api/accounts/{account_id}/users/{user_id}/link": ACCOUNT_ADMIN,
    "POST /api/accounts/{account_id}/users/{user_id}/disable": ACCOUNT_ADMIN,
    "POST /api/accounts/{account_id}/users/{user_id}/enable": ACCOUNT_ADMIN,
    "GET /api/accounts/{account_id}/audit": ACCOUNT_ADMIN,
    "GET /api/organizations/{organization_id}/users": ORGANIZATION_ADMIN,
    "POST /api/organizations/{organization_id}/users": ORGANIZATION_ADMIN,
    "PUT /api/organizations/{organization_id}/users/{user_id}/role": ORGANIZATION_ADMIN,
    "DELETE /api/organizations/{organization_id}/users/{user_id}": ORGANIZATION_ADMIN,
    "POST /api/organizations/{organization_id}/users/{user_id}/link": ORGANIZATION_ADMIN,
    "POST /api/organizations/{organization_id}/users/{user_id}/disable": ORGANIZATION_ADMIN,
    "POST /api/organizations/{organization_id}/users/{user_id}/enable": ORGANIZATION_ADMIN,
    "GET /api/organizations/{organization_id}/audit": ORGANIZATION_ADMIN,
    # sign-in
    "GET /login": ANYONE,
    "POST /login": ANYONE,
    "POST /logout": SIGNED_IN,
    "POST /theme": ANYONE,
    "GET /welcome/{secret}": ANYONE,
    "POST /welcome/{secret}": ANYONE,
    # oneself
    "GET /profile": SIGNED_IN,
    "POST /profile/name": SIGNED_IN,
    "POST /profile/password": SIGNED_IN,
    "POST /profile/tokens": SIGNED_IN,
    "POST /profile/tokens/{token_id}/revoke": SIGNED_IN,
    "POST /profile/sessions/{id_hash}/end": SIGNED_IN,
    "POST /profile/sign-out-everywhere": SIGNED_IN,
    # accounts
    "GET /": SIGNED_IN,
    "GET /accounts": SIGNED_IN,
    "GET /accounts/{account_id}": VIEWER,
    "GET /accounts/{account_id}/new-group": ACCOUNT_ADMIN,
    "POST /accounts/{account_id}/new-group": ACCOUNT_ADMIN,
    "GET /accounts/{account_id}/groups/{group_id}/settings": ACCOUNT_ADMIN,
    "POST /accounts/{account_id}/groups/{group_id}/settings": ACCOUNT_ADMIN,
    # reports
    "GET /accounts/{account_id}/groups/{group_id}": VIEWER,
    "GET /accounts/{account_id}/groups/{group_id}/connect": VIEWER,
    "GET /accounts/{account_id}/groups/{group_id}/test-events": ANALYST,
    "POST /accounts/{account_id}/groups/{group_id}/test-events": ANALYST,
    "GET /accounts/{account_id}/groups/{group_id}/test-events/stream": ANALYST,
    "GET /accounts/{account_id}/groups/{group_id}/diagnostics": ANALYST,
    "GET /accounts/{account_id}/groups/{group_id}/trace": ANALYST,
    "GET /accounts/{account_id}/groups/{group_id}/events": ANALYST,
    # settings of an account
    "GET /accounts/{account_id}/settings/keys": ACCOUNT_ADMIN,
    "POST /accounts/{account_id}/settings/keys": ACCOUNT_ADMIN,
    "GET /accounts/{account_id}/settings/keys/{key_id}/revoke": ACCOUNT_ADMIN,
    "POST /accounts/{account_id}/settings/keys/{key_id}/revoke": ACCOUNT_ADMIN,
    "GET /accounts/{account_id}/settings/partners": ACCOUNT_ADMIN,
    "POST /accounts/{account_id}/settings/partners/allowed": ACCOUNT_ADMIN,
    "POST /accounts/{account_id}/settings/partners/{partner_id}/grant": ACCOUNT_ADMIN,
    "POST /accounts/{account_id}/settings/partners/{partner_id}/withdraw": ACCOUNT_ADMIN,
    "GET /accounts/{account_id}/settings/users": ACCOUNT_ADMIN,
    "POST /accounts/{account_id}/settings/users": ACCOUNT_ADMIN,
    "POST /accounts/{account_id}/settings/users/{user_id}/role": ACCOUNT_ADMIN,
    "POST /accounts/{account_id}/settings/users/{user_id}/remove": ACCOUNT_ADMIN,
    "POST /accounts/{account_id}/settings/users/{user_id}/link": ACCOUNT_ADMIN,
    "POST /accounts/{account_id}/settings/users/{user_id}/disable": ACCOUNT_ADMIN,
    "POST /accounts/{account_id}/settings/users/{user_id}/enable": ACCOUNT_ADMIN,
    "GET /accounts/{account_id}/settings/audit": ACCOUNT_ADMIN,
    "GET /accounts/{account_id}/settings/account": ACCOUNT_ADMIN,
    "POST /accounts/{account_id}/settings/account": ACCOUNT_ADMIN,
    # organizations
    "GET /organizations/{organization_id}/accounts": ORGANIZATION_ADMIN,
    "POST /organizations/{organization_id}/accounts": ORGANIZATION_ADMIN,
    "GET /organizations/{organization_id}/users": ORGANIZATION_ADMIN,
    "POST /organizations/{organization_id}/users": ORGANIZATION_ADMIN,
    "POST /organizations/{organization_id}/users/{user_id}/role": ORGANIZATION_ADMIN,
    "POST /organizations/{organization_id}/users/{user_id}/remove": ORGANIZATION_ADMIN,
    "POST /organizations/{organization_id}/users/{user_id}/link": ORGANIZATION_ADMIN,
    "POST /organizations/{organization_id}/users/{user_id}/disable": ORGANIZATION_ADMIN,
    "POST /organizations/{organization_id}/users/{user_id}/enable": ORGANIZATION_ADMIN,
    "GET /organizations/{organization_id}/audit": ORGANIZATION_ADMIN,
}


class Admitted(Struct, frozen=True):
    """Who was let in, and to what."""

    visitor: Visitor | None = None
    account: AccountEntry | None = None
    group: EventGroupEntry | None = None
    organization: OrganizationEntry | None = None
    #: the visitor's role in the account or organization
    role: Role | None = None


async def check_access(connection: AnyConnection, _handler: BaseRouteHandler) -> None:
    """The guard of every route. What it found is `connection.state.admitted`, an `Admitted`."""
    connection.state.admitted = Admitted()
    method = connection.scope.get("method", "")
    if method == "OPTIONS":
        return
    rule = RULES.get(f"{method} {connection.scope['path_template']}")
    if rule is None:
        log.error("a route has no rule in the table of access", path=connection.scope["path_template"], method=method)
        raise NotFoundException
    if rule.scope is not Scope.ANYONE:
        await asyncio.to_thread(_admit, connection, rule)


def _admit(connection: AnyConnection, rule: Rule) -> None:
    desk: Desk = connection.app.state.desk
    visitor = recognise(desk, connection)
    # whoever is refused is refused in the frame that is theirs
    connection.state.admitted = Admitted(visitor)
    if rule.scope is Scope.SIGNED_IN or (visitor.user is None and not desk.console):
        return
    if visitor.user is None and rule.scope is Scope.GROUP_ASKED:
        connection.state.admitted = _operators_group(desk, visitor, _group_asked(connection))
        return
    if rule.scope is Scope.OPERATOR:
        _check_operator(visitor)
        return
    assert desk.console  # noqa: S101 - without it there are no users, and the operator is in
    with desk.console.registry.reading() as reading:
        connection.state.admitted = admitted = _to_place(reading, visitor, connection, rule.scope)
    if rule.role is not None and (admitted.role is None or admitted.role < rule.role):
        raise PermissionDeniedException(
            f"This wants the role {rule.role.label}; yours here is {admitted.role.label if admitted.role else 'none'}. "
            "An admin of the account can change it."
        )


def _to_place(reading: Connection, visitor: Visitor, connection: AnyConnection, scope: Scope) -> Admitted:
    parameters = connection.path_params
    if scope is Scope.ORGANIZATION:
        return _to_organization(reading, visitor, parameters["organization_id"])
    if scope is Scope.ACCOUNT:
        return _to_account(reading, visitor, parameters["account_id"], parameters.get("group_id"))
    return _to_group(reading, visitor, _group_asked(connection))


def _group_asked(connection: AnyConnection) -> str | None:
    """The group that the query names. Never two: what is checked here has to be what the handler reads."""
    named = connection.query_params.getall("group", [])
    if len(named) > 1:
        raise ValidationException("group: name one event group, not several")
    return named[0] if named else None


def _operators_group(desk: Desk, visitor: Visitor, group_id: str | None) -> Admitted:
    """The operator sees every group, also one that is not in the registry any more."""
    if desk.console is None or group_id is None:
        return Admitted(visitor)
    with desk.console.registry.reading() as reading:
        group = event_groups.find(reading, group_id)
        return Admitted(visitor, accounts.find(reading, group.account_id) if group else None, group)


def _check_operator(visitor: Visitor) -> None:
    if visitor.user is not None:
        raise PermissionDeniedException("This is for the operator of the installation: use the command line.")


def _to_organization(reading: Connection, visitor: Visitor, organization_id: str) -> Admitted:
    organization = organizations.find(reading, organization_id)
    role = visitor.role_in_organization(organization_id) if organization else None
    if role is None:
        raise NotFoundException("There is no such organization.")
    return Admitted(visitor, organization=organization, role=role)


def _to_account(reading: Connection, visitor: Visitor, account_id: str, group_id: str | None) -> Admitted:
    account = accounts.find(reading, account_id)
    role = visitor.role_in(account) if account else None
    if account is None or role is None:
        raise NotFoundException("There is no such account.")
    group = event_groups.find(reading, group_id) if group_id is not None else None
    if group_id is not None and (group is None or group.account_id != account.id):
        raise NotFoundException("There is no such event group.")
    organization = organizations.find(reading, account.organization_id)
    return Admitted(visitor, account, group, organization, role)


def _to_group(reading: Connection, visitor: Visitor, group_id: str | None) -> Admitted:
    if group_id is None:
        raise ValidationException("group: name one of your event groups")
    group = event_groups.find(reading, group_id)
    account = accounts.find(reading, group.account_id) if group else None
    role = visitor.role_in(account) if account else None
    if role is None:
        raise NotFoundException("There is no such event group.")
    return Admitted(visitor, account, group, role=role)
