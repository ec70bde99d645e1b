"""Where users have roles: an account, or an organization as a whole. The same pages and calls serve both."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection

from headgate.desk.access import Admitted
from headgate.registry import roles
from headgate.registry.audit import Asked
from headgate.registry.base import Change
from headgate.registry.roles import Role


class Place(NamedTuple):
    """An account or an organization."""

    #: None: it is the organization
    account_id: str | None
    organization_id: str
    name: str
    #: path of its page of users
    users_path: str

    def roles_given(self, connection: Connection) -> dict[str, Role]:
        """User id -> role that was given right here."""
        if self.account_id is None:
            return roles.in_organization(connection, self.organization_id)
        return roles.in_account(connection, self.account_id)

    def roles_inherited(self, connection: Connection) -> dict[str, Role]:
        """User id -> role that holds here since the organization has given it."""
        return {} if self.account_id is None else roles.in_organization(connection, self.organization_id)

    def give(self, change: Change, user_id: str, role: Role) -> None:
        """Let the user have this role here."""
        if self.account_id is None:
            roles.give_in_organization(change, user_id, self.organization_id, role)
        else:
            roles.give_in_account(change, user_id, self.account_id, role)

    def take(self, change: Change, user_id: str) -> None:
        """Let the user have no role here. Raises `NotRegistered`."""
        if self.account_id is None:
            roles.take_in_organization(change, user_id, self.organization_id)
        else:
            roles.take_in_account(change, user_id, self.account_id)

    def acts(self, *, act: str = "", text: str = "", before: int | None = None, limit: int = 50) -> Asked:
        """Which acts to ask for that concern it."""
        if self.account_id is None:
            return Asked(None, self.organization_id, act, text, before, limit)
        return Asked(self.account_id, None, act, text, before, limit)


def place_of(admitted: Admitted) -> Place:
    """What the path of the request names."""
    if admitted.account is not None:
        account = admitted.account
        path = f"/accounts/{account.id}/settings/users"
        return Place(account.id, account.organization_id, account.name, path)
    assert admitted.organization  # noqa: S101 - the rule has seen to it that there is one of both
    organization = admitted.organization
    return Place(None, organization.id, organization.name, f"/organizations/{organization.id}/users")
