"""Roles: what a user may do, in one account or in all accounts of an organization."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Self

from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select

from headgate.errors import InvalidRegistration, NotRegistered
from headgate.registry import accounts, organizations, tables
from headgate.registry.base import Change

_organization = tables.organization_roles.c
_account = tables.account_roles.c


class Role(IntEnum):
    """What a user may do; a higher one may all that a lower one may."""

    #: sees the overview
    VIEWER = 1
    #: sees all reports, and sends test events
    ANALYST = 2
    #: changes what belongs to an account: keys, partners, event groups, its users
    ACCOUNT_ADMIN = 3
    #: the same in all accounts of an organization, and makes accounts; only ever given for an organization
    ORGANIZATION_ADMIN = 4

    @property
    def word(self) -> str:
        """As it is stored, and spelt in the API: `account_admin`."""
        return self.name.lower()

    @property
    def label(self) -> str:
        """As people read it: `account admin`."""
        return self.word.replace("_", " ")

    @classmethod
    def read(cls, word: str) -> Self:
        """The role of that name. Raises `InvalidRegistration`."""
        try:
            return cls[word.upper()]
        except KeyError:
            words = ", ".join(role.word for role in cls)
            raise InvalidRegistration(f"role: there is no role {word!r}; use one of {words}") from None


class Roles(Struct, frozen=True):
    """All roles of one user."""

    #: organization id -> role
    organizations: Mapping[str, Role]
    #: account id -> role
    accounts: Mapping[str, Role]

    def in_organization(self, organization_id: str) -> Role | None:
        """The role in the organization as a whole."""
        return self.organizations.get(organization_id)

    def in_account(self, account_id: str, organization_id: str) -> Role | None:
        """The role in an account of that organization: the higher one, where both have given one."""
        given = (self.accounts.get(account_id), self.organizations.get(organization_id))
        return max((role for role in given if role is not None), default=None)


def of_user(connection: Connection, user_id: str) -> Roles:
    """All roles of a user; none, where there is no such user."""
    by_organization = select(_organization.organization_id, _organization.role).where(_organization.user_id == user_id)
    by_account = select(_account.account_id, _account.role).where(_account.user_id == user_id)
    return Roles(
        {id_: Role.read(word) for id_, word in connection.execute(by_organization)},
        {id_: Role.read(word) for id_, word in connection.execute(by_account)},
    )


def in_account(connection: Connection, account_id: str) -> dict[str, Role]:
    """User id -> the role that the account itself has given them."""
    query = select(_account.user_id, _account.role).where(_account.account_id == account_id)
    return {user_id: Role.read(word) for user_id, word in connection.execute(query)}


def in_organization(connection: Connection, organization_id: str) -> dict[str, Role]:
    """User id -> the role that the organization has given them."""
    query = select(_organization.user_id, _organization.role).where(_organization.organization_id == organization_id)
    return {user_id: Role.read(word) for user_id, word in connection.execute(query)}


def give_in_account(change: Change, user_id: str, account_id: str, role: Role) -> None:
    """Let the user have this role, and no other, in the account. Raises `NotRegistered`, `InvalidRegistration`."""
    accounts.get(change.connection, account_id)
    if role is Role.ORGANIZATION_ADMIN:
        raise InvalidRegistration("role: an organization admin is one of a whole organization, not of an account")
    _remove_from_account(change, user_id, account_id)
    values = {"user_id": user_id, "account_id": account_id, "role": role.word}
    change.connection.execute(insert(tables.account_roles).values(values))
    change.note("give role", user_id, f"{role.label} of account {account_id}", account=account_id)


def give_in_organization(change: Change, user_id: str, organization_id: str, role: Role) -> None:
    """Let the user have this role, and no other, in the organization as a whole. Raises `NotRegistered`."""
    organizations.get(change.connection, organization_id)
    _remove_from_organization(change, user_id, organization_id)
    values = {"user_id": user_id, "organization_id": organization_id, "role": role.word}
    change.connection.execute(insert(tables.organization_roles).values(values))
    change.note("give role", user_id, f"{role.label} of organization {organization_id}", organization=organization_id)


def take_in_account(change: Change, user_id: str, account_id: str) -> None:
    """Let the user have no role in the account. Raises `NotRegistered` where there was none."""
    if not _remove_from_account(change, user_id, account_id):
        raise NotRegistered(f"user {user_id} has no role in account {account_id}")
    change.note("take role", user_id, f"of account {account_id}", account=account_id)


def take_in_organization(change: Change, user_id: str, organization_id: str) -> None:
    """Let the user have no role in the organization as a whole. Raises `NotRegistered` where there was none."""
    if not _remove_from_organization(change, user_id, organization_id):
        raise NotRegistered(f"user {user_id} has no role in organization {organization_id}")
    change.note("take role", user_id, f"of organization {organization_id}", organization=organization_id)


def _remove_from_account(change: Change, user_id: str, account_id: str) -> int:
    query = delete(tables.account_roles).where(_account.user_id == user_id, _account.account_id == account_id)
    return change.connection.execute(query).rowcount


def _remove_from_organization(change: Change, user_id: str, organization_id: str) -> int:
    query = delete(tables.organization_roles).where(
        _organization.user_id == user_id, _organization.organization_id == organization_id
    )
    return change.connection.execute(query).rowcount
