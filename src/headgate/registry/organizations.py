"""Organizations: who an account belongs to."""

from __future__ import annotations

from msgspec import Struct
from sqlalchemy import Connection, insert, select

from headgate.errors import AlreadyRegistered, NotRegistered
from headgate.registry import tables
from headgate.registry.base import Change, check_id, check_name

_columns = tables.organizations.c


class OrganizationEntry(Struct, frozen=True):
    """An organization. Times are seconds since 1970, UTC."""

    id: str
    name: str
    created_at: int


def create(change: Change, organization_id: str, *, name: str = "") -> OrganizationEntry:
    """Enter an organization. Raises `AlreadyRegistered`, `InvalidRegistration`."""
    check_id("an organization", organization_id)
    if find(change.connection, organization_id):
        raise AlreadyRegistered(f"there is an organization {organization_id} already")
    entry = OrganizationEntry(organization_id, check_name(name or organization_id), change.now)
    change.connection.execute(
        insert(tables.organizations).values(id=entry.id, name=entry.name, created_at=entry.created_at)
    )
    change.note("create organization", entry.id, organization=entry.id)
    return entry


def entries(connection: Connection) -> list[OrganizationEntry]:
    """All organizations, by id."""
    rows = connection.execute(select(_columns.id, _columns.name, _columns.created_at).order_by(_columns.id))
    return [OrganizationEntry(*row) for row in rows]


def find(connection: Connection, organization_id: str) -> OrganizationEntry | None:
    """The organization, if there is one."""
    query = select(_columns.id, _columns.name, _columns.created_at).where(_columns.id == organization_id)
    row = connection.execute(query).first()
    return OrganizationEntry(*row) if row else None


def get(connection: Connection, organization_id: str) -> OrganizationEntry:
    """The organization. Raises `NotRegistered`."""
    if (entry := find(connection, organization_id)) is None:
        raise NotRegistered(f"there is no organization {organization_id}")
    return entry
