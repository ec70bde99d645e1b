"""Event groups: one web site or app each, under the id that its senders put in `event_group_id`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Row, delete, insert, select, update

from headgate.errors import AlreadyRegistered, InvalidRegistration, NotRegistered
from headgate.registry import accounts, tables
from headgate.registry.base import Change, check_id, check_name
from headgate.registry.origins import LIMIT, check_origin
from headgate_contract.vocabulary import IDENTIFIERS, Identifiers

_columns = tables.event_groups.c
_origins = tables.event_group_origins.c


class EventGroupEntry(Struct, frozen=True):
    """An event group. Times are seconds since 1970, UTC."""

    id: str
    account_id: str
    name: str
    #: which identifiers suffice for an event of this group (decision 1)
    identifiers: Identifiers
    #: whether the pixel may set its first-party cookie
    cookie: bool
    #: whether the pixel may take raw e-mail addresses and their like, to hash them in the page
    advanced_matching: bool
    #: web sites whose pages may send by the pixel, sorted; none: no page may
    origins: tuple[str, ...]
    created_at: int
    updated_at: int


_query = select(*(_columns[name] for name in EventGroupEntry.__struct_fields__ if name != "origins"))


def create(
    change: Change,
    group_id: str,
    *,
    account_id: str,
    name: str = "",
    identifiers: Identifiers = "article",
    cookie: bool = True,
    advanced_matching: bool = False,
    origins: Iterable[str] = (),
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
        "cookie": cookie,
        "advanced_matching": advanced_matching,
        "created_at": change.now,
        "updated_at": change.now,
    }
    change.connection.execute(insert(tables.event_groups).values(values))
    _write_origins(change, group_id, origins)
    change.note("create event group", group_id, f"account {account_id}, identifiers {identifiers}", account=account_id)
    return get(change.connection, group_id)


def update_entry(
    change: Change,
    group_id: str,
    *,
    name: str | None = None,
    identifiers: Identifiers | None = None,
    cookie: bool | None = None,
    advanced_matching: bool | None = None,
    origins: Iterable[str] | None = None,
) -> EventGroupEntry:
    """Change what is not None; `origins` replaces the former list. Raises `NotRegistered`, `InvalidRegistration`."""
    account_id = get(change.connection, group_id).account_id
    values: dict[str, Any] = {}
    if name is not None:
        values["name"] = check_name(name)
    if identifiers is not None:
        values["identifiers"] = _check_identifiers(identifiers)
    if cookie is not None:
        values["cookie"] = cookie
    if advanced_matching is not None:
        values["advanced_matching"] = advanced_matching
    told = {field: _told(value) for field, value in values.items()}
    if origins is not None:
        told["origins"] = " ".join(_write_origins(change, group_id, origins)) or "none"
    if told:
        values["updated_at"] = change.now
        change.connection.execute(update(tables.event_groups).where(_columns.id == group_id).values(values))
        said = ", ".join(f"{field} {value}" for field, value in told.items())
        change.note("update event group", group_id, said, account=account_id)
    return get(change.connection, group_id)


def entries(connection: Connection) -> list[EventGroupEntry]:
    """All event groups, by id."""
    listed: dict[str, list[str]] = defaultdict(list)
    query = select(_origins.event_group_id, _origins.origin).order_by(_origins.origin)
    for group_id, origin in connection.execute(query):
        listed[group_id].append(origin)
    return [_entry(row, listed[row.id]) for row in connection.execute(_query.order_by(_columns.id))]


def find(connection: Connection, group_id: str) -> EventGroupEntry | None:
    """The event group, if there is one."""
    row = connection.execute(_query.where(_columns.id == group_id)).first()
    if row is None:
        return None
    query = select(_origins.origin).where(_origins.event_group_id == group_id).order_by(_origins.origin)
    return _entry(row, connection.execute(query).scalars())


def get(connection: Connection, group_id: str) -> EventGroupEntry:
    """The event group. Raises `NotRegistered`."""
    if (entry := find(connection, group_id)) is None:
        raise NotRegistered(f"there is no event group {group_id}")
    return entry


def _write_origins(change: Change, group_id: str, listed: Iterable[str]) -> list[str]:
    checked = sorted({check_origin(origin) for origin in listed})
    if len(checked) > LIMIT:
        raise InvalidRegistration(f"an event group has at most {LIMIT} origins; use a wildcard for sub-domains")
    if too_long := [origin for origin in checked if len(origin) > tables.ORIGIN_LENGTH]:
        raise InvalidRegistration(f"{too_long[0][:40]}… is too long for an origin")
    change.connection.execute(delete(tables.event_group_origins).where(_origins.event_group_id == group_id))
    if checked:
        rows = [{"event_group_id": group_id, "origin": origin} for origin in checked]
        change.connection.execute(insert(tables.event_group_origins), rows)
    return checked


def _entry(row: Row[Any], listed: Iterable[str]) -> EventGroupEntry:
    return EventGroupEntry(**row._asdict(), origins=tuple(listed))


def _told(value: Any) -> str:
    return ("on" if value else "off") if isinstance(value, bool) else str(value)


def _check_identifiers(identifiers: str) -> str:
    if identifiers not in IDENTIFIERS:
        raise InvalidRegistration(f"identifiers cannot be {identifiers!r}: one of {', '.join(IDENTIFIERS)}")
    return identifiers
