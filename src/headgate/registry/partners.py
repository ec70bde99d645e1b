"""Partners: third parties that send events for accounts that granted them that."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from msgspec import Struct
from sqlalchemy import Connection, Row, Select, delete, insert, select

from headgate.errors import AlreadyRegistered, NotRegistered
from headgate.registry import accounts, tables
from headgate.registry.base import Change, check_id, check_name

_columns = tables.partners.c
_grants = tables.partner_grants.c


class PartnerEntry(Struct, frozen=True):
    """A partner. Times are seconds since 1970, UTC."""

    id: str
    name: str
    #: accounts that its keys may send for, sorted
    granted_by: tuple[str, ...]
    created_at: int


def create(change: Change, partner_id: str, *, name: str = "") -> PartnerEntry:
    """Enter a partner that no account has granted anything yet. Raises `AlreadyRegistered`, `InvalidRegistration`."""
    check_id("a partner", partner_id)
    if find(change.connection, partner_id):
        raise AlreadyRegistered(f"there is a partner {partner_id} already")
    entry = PartnerEntry(partner_id, check_name(name or partner_id), (), change.now)
    change.connection.execute(insert(tables.partners).values(id=entry.id, name=entry.name, created_at=entry.created_at))
    change.note("create partner", entry.id)
    return entry


def grant(change: Change, partner_id: str, account_id: str) -> PartnerEntry:
    """Let the partner's keys send for the account; nothing changes where they may already. Raises `NotRegistered`."""
    partner = get(change.connection, partner_id)
    accounts.get(change.connection, account_id)
    if account_id not in partner.granted_by:
        values = {"partner_id": partner_id, "account_id": account_id, "granted_at": change.now}
        change.connection.execute(insert(tables.partner_grants).values(values))
        change.note("grant account", partner_id, f"account {account_id}", account=account_id)
    return get(change.connection, partner_id)


def withdraw(change: Change, partner_id: str, account_id: str) -> PartnerEntry:
    """Let the partner's keys no longer send for the account. Raises `NotRegistered`, also when they may not now."""
    partner = get(change.connection, partner_id)
    if account_id not in partner.granted_by:
        raise NotRegistered(f"partner {partner_id} has no grant of account {account_id}")
    change.connection.execute(
        delete(tables.partner_grants).where(_grants.partner_id == partner_id, _grants.account_id == account_id)
    )
    change.note("withdraw account", partner_id, f"account {account_id}", account=account_id)
    return get(change.connection, partner_id)


def entries(connection: Connection) -> list[PartnerEntry]:
    """All partners, by id."""
    granted: dict[str, list[str]] = defaultdict(list)
    query = select(_grants.partner_id, _grants.account_id).order_by(_grants.account_id)
    for partner_id, account_id in connection.execute(query):
        granted[partner_id].append(account_id)
    return [_entry(row, granted[row.id]) for row in connection.execute(_query().order_by(_columns.id))]


def find(connection: Connection, partner_id: str) -> PartnerEntry | None:
    """The partner, if there is one."""
    row = connection.execute(_query().where(_columns.id == partner_id)).first()
    if row is None:
        return None
    query = select(_grants.account_id).where(_grants.partner_id == partner_id).order_by(_grants.account_id)
    return _entry(row, connection.execute(query).scalars())


def get(connection: Connection, partner_id: str) -> PartnerEntry:
    """The partner. Raises `NotRegistered`."""
    if (entry := find(connection, partner_id)) is None:
        raise NotRegistered(f"there is no partner {partner_id}")
    return entry


def _query() -> Select[str, str, int]:
    return select(_columns.id, _columns.name, _columns.created_at)


def _entry(row: Row[str, str, int], granted: Iterable[str]) -> PartnerEntry:
    return PartnerEntry(row.id, row.name, tuple(granted), row.created_at)
