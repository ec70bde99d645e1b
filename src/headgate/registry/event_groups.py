"""Event groups: one web site or app each, under the id that its senders put in `event_group_id`."""

from __future__ import annotations

from msgspec import Struct
from sqlalchemy import Connection, insert, select, update

from headgate.errors import AlreadyRegistered, InvalidRegistration, NotRegistered
from headgate.registry import accounts, tables
from headgate.registry.base import Change, check_id, check_name
from headgate_contract.vocabulary import IDENTIFIERS, Identifiers

_columns = tables.event_groups.c


class EventGroupEntry(Struct, frozen=True):
    """An event group. Times are seconds since 1970, UTC."""

    id: str
    account_id: str
    name: str
    #: which identifiers suffice for an event of this group (decision 1)
    identifiers: Identifiers
    created_at: int
    updated_at: int


_query = select(*(_columns[name] for name in EventGroupEntry.__struct_fields__))


def create(
    change: Change, group_id: str, *, account_id: str, name: str = "", identifiers: Identifiers = "article"
) -> EventGroupEntry:
    """Enter an event group. Raises `AlreadyRegistered`, `NotRegistered`, `InvalidRegistration`."""
    check_id("an event group", group_id)
    accounts.get(change.connection, account_id)
    if find(change.connection, group_id):
        raise AlreadyRegistered(f"there is an event group {group_id} already")
    values = {
        "id": group_id,
        "account_id": account_id,
        "name": check_name(name or group_id),
        "identifiers": _check_identifiers(identifiers),
        "created_at": change.now,
        "updated_at": change.now,
    }
    change.connection.execute(insert(tables.event_groups).values(values))
    change.note("create event group", group_id, f"account {account_id}, identifiers {identifiers}", account=account_id)
    return get(change.connection, group_id)


def update_entry(
    change: Change, group_id: str, *, name: str | None = None, identifiers: Identifiers | None = None
) -> EventGroupEntry:
    """Change what is not None. Raises `NotRegistered`, `InvalidRegistration`."""
    account_id = get(change.connection, group_id).account_id
    values: dict[str, str | int] = {}
    if name is not None:
        values["name"] = check_name(name)
    if identifiers is not None:
        values["identifiers"] = _check_identifiers(identifiers)
    if values:
        values["updated_at"] = change.now
        change.connection.execute(update(tables.event_groups).where(_columns.id == group_id).values(values))
        told = ", ".join(f"{field} {value}" for field, value in values.items() if field != "updated_at")
        change.note("update event group", group_id, told, account=account_id)
    return get(change.connection, group_id)


def entries(connection: Connection) -> list[EventGroupEntry]:
    """All event groups, by id."""
    return [EventGroupEntry(*row) for row in connection.execute(_query.order_by(_columns.id))]


def find(connection: Connection, group_id: str) -> EventGroupEntry | None:
    """The event group, if there is one."""
    row = connection.execute(_query.where(_columns.id == group_id)).first()
    return EventGroupEntry(*row) if row else None


def get(connection: Connection, group_id: str) -> EventGroupEntry:
    """The event group. Raises `NotRegistered`."""
    if (entry := find(connection, group_id)) is None:
        raise NotRegistered(f"there is no event group {group_id}")
    return entry


def _check_identifiers(identifiers: str) -> str:
    if identifiers not in IDENTIFIERS:
        raise InvalidRegistration(f"identifiers cannot be {identifiers!r}: one of {', '.join(IDENTIFIERS)}")
    return identifiers
