"""Accounts: whose events these are, and which partners may send them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from zoneinfo import available_timezones

from msgspec import Struct
from sqlalchemy import Connection, Row, Select, delete, insert, select, update

from headgate.errors import AlreadyRegistered, InvalidRegistration, NotRegistered
from headgate.registry import organizations, tables
from headgate.registry.base import Change, check_id, check_name

#: the time zone of an account that has chosen none
UTC = "UTC"

_columns = tables.accounts.c
_allowed = tables.account_partners.c


class AccountEntry(Struct, frozen=True):
    """An account. Times are seconds since 1970, UTC."""

    id: str
    organization_id: str
    name: str
    #: the `partner_name`s it allows, sorted; none: any
    allowed_partners: tuple[str, ...]
    created_at: int
    #: days and hours of its reports are counted in it, by its name in the IANA database
    time_zone: str = UTC


def create(change: Change, account_id: str, *, organization_id: str, name: str = "") -> AccountEntry:
    """Enter an account that allows any partner. Raises `AlreadyRegistered`, `NotRegistered`, `InvalidRegistration`."""
    check_id("an account", account_id)
    organizations.get(change.connection, organization_id)
    if find(change.connection, account_id):
        raise AlreadyRegistered(f"there is an account {account_id} already")
    entry = AccountEntry(account_id, organization_id, check_name(name or account_id), (), change.now)
    change.connection.execute(
        insert(tables.accounts).values(
            id=entry.id, organization_id=organization_id, name=entry.name, created_at=entry.created_at
        )
    )
    change.note("create account", entry.id, f"organization {organization_id}", account=entry.id)
    return entry


def update_entry(
    change: Change, account_id: str, *, name: str | None = None, time_zone: str | None = None
) -> AccountEntry:
    """Change what is not None. Raises `NotRegistered`, `InvalidRegistration`."""
    get(change.connection, account_id)
    values: dict[str, str] = {}
    if name is not None:
        values["name"] = check_name(name)
    if time_zone is not None:
        values["time_zone"] = _check_time_zone(time_zone)
    if values:
        change.connection.execute(update(tables.accounts).where(_columns.id == account_id).values(values))
        told = ", ".join(f"{field} {value}" for field, value in values.items())
        change.note("update account", account_id, told, account=account_id)
    return get(change.connection, account_id)


def allow_partners(change: Change, account_id: str, partner_names: Iterable[str]) -> AccountEntry:
    """From now on the account allows these `partner_name`s and no other; none named: any.

    Raises `NotRegistered`, `InvalidRegistration`.
    """
    get(change.connection, account_id)
    names = sorted({check_name(name) for name in partner_names})
    change.connection.execute(delete(tables.account_partners).where(_allowed.account_id == account_id))
    if names:
        rows = [{"account_id": account_id, "partner_name": name} for name in names]
        change.connection.execute(insert(tables.account_partners), rows)
    change.note("allow partners", account_id, ", ".join(names) or "any", account=account_id)
    return get(change.connection, account_id)


def entries(connection: Connection) -> list[AccountEntry]:
    """All accounts, by id."""
    allowed: dict[str, list[str]] = defaultdict(list)
    query = select(_allowed.account_id, _allowed.partner_name).order_by(_allowed.partner_name)
    for account_id, partner_name in connection.execute(query):
        allowed[account_id].append(partner_name)
    return [_entry(row, allowed[row.id]) for row in connection.execute(_query().order_by(_columns.id))]


def find(connection: Connection, account_id: str) -> AccountEntry | None:
    """The account, if there is one."""
    row = connection.execute(_query().where(_columns.id == account_id)).first()
    if row is None:
        return None
    query = select(_allowed.partner_name).where(_allowed.account_id == account_id).order_by(_allowed.partner_name)
    return _entry(row, connection.execute(query).scalars())


def get(connection: Connection, account_id: str) -> AccountEntry:
    """The account. Raises `NotRegistered`."""
    if (entry := find(connection, account_id)) is None:
        raise NotRegistered(f"there is no account {account_id}")
    return entry


def _check_time_zone(name: str) -> str:
    if name not in available_timezones():
        raise InvalidRegistration(f"time_zone: there is no time zone {name!r}; expected one as in Europe/Vienna")
    return name


def _query() -> Select[str, str, str, int, str | None]:
    return select(_columns.id, _columns.organization_id, _columns.name, _columns.created_at, _columns.time_zone)


def _entry(row: Row[str, str, str, int, str | None], allowed: Iterable[str]) -> AccountEntry:
    return AccountEntry(row.id, row.organization_id, row.name, tuple(allowed), row.created_at, row.time_zone or UTC)
