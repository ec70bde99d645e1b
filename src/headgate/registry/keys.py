"""API keys in the registry: which there are, whose, and which are revoked. The token itself is stored nowhere."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import Struct
from sqlalchemy import Connection, insert, select, update

from headgate.errors import AlreadyRegistered, InvalidRegistration, NotRegistered
from headgate.registry import accounts, partners, tables
from headgate.registry.base import Change, check_id, check_name
from headgate.registry.tokens import Claims, sign, verify

__all__ = ["Claims", "KeyEntry", "create", "entries", "find", "get", "revoke", "verify"]

_columns = tables.keys.c


class KeyEntry(Struct, frozen=True):
    """A key: an account's or a partner's. Times are seconds since 1970, UTC."""

    id: str
    account_id: str | None
    partner_id: str | None
    name: str
    created_at: int
    created_by: str
    #: None while it holds
    revoked_at: int | None


_query = select(*(_columns[name] for name in KeyEntry.__struct_fields__))


def create(
    change: Change,
    signing_key: Ed25519PrivateKey,
    key_id: str,
    *,
    account_id: str | None = None,
    partner_id: str | None = None,
    name: str = "",
) -> str:
    """Enter a key of an account or of a partner, and return its token: the only time that it can be seen.

    Raises `AlreadyRegistered`, `NotRegistered`, and `InvalidRegistration` unless exactly one owner is named.
    """
    check_id("a key", key_id)
    if (account_id is None) == (partner_id is None):
        raise InvalidRegistration("a key belongs to one account or to one partner: name exactly one")
    if account_id is not None:
        accounts.get(change.connection, account_id)
    if partner_id is not None:
        partners.get(change.connection, partner_id)
    if find(change.connection, key_id):
        raise AlreadyRegistered(f"there is a key {key_id} already")
    values = {
        "id": key_id,
        "account_id": account_id,
        "partner_id": partner_id,
        "name": check_name(name or key_id),
        "created_at": change.now,
        "created_by": change.by,
    }
    change.connection.execute(insert(tables.keys).values(values))
    owner = f"account {account_id}" if account_id else f"partner {partner_id}"
    change.note("create key", key_id, owner, account=account_id)
    return sign(signing_key, Claims(key_id, account_id, partner_id), change.now)


def revoke(change: Change, key_id: str) -> KeyEntry:
    """Let the key no longer hold. A key that was revoked before keeps its date. Raises `NotRegistered`."""
    entry = get(change.connection, key_id)
    if entry.revoked_at is None:
        change.connection.execute(update(tables.keys).where(_columns.id == key_id).values(revoked_at=change.now))
        change.note("revoke key", key_id, account=entry.account_id)
    return get(change.connection, key_id)


def entries(connection: Connection) -> list[KeyEntry]:
    """All keys, revoked ones too, oldest first."""
    return [KeyEntry(*row) for row in connection.execute(_query.order_by(_columns.created_at, _columns.id))]


def find(connection: Connection, key_id: str) -> KeyEntry | None:
    """The key, if there is one."""
    row = connection.execute(_query.where(_columns.id == key_id)).first()
    return KeyEntry(*row) if row else None


def get(connection: Connection, key_id: str) -> KeyEntry:
    """The key. Raises `NotRegistered`."""
    if (entry := find(connection, key_id)) is None:
        raise NotRegistered(f"there is no key {key_id}")
    return entry
