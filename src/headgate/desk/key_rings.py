"""The API keys of an account, as its admins see them."""

from __future__ import annotations

from typing import NamedTuple

from litestar.exceptions import NotFoundException
from msgspec import Struct

from headgate.desk.frame import Frame
from headgate.errors import StoreUnavailable
from headgate.registry import keys


class KeyLine(Struct, frozen=True):
    """A key. Times are seconds since 1970, UTC."""

    id: str
    name: str
    created_at: int
    created_by: str
    #: when the last request came with it; None: no request that has been loaded
    used_at: int | None
    #: address that it came from; empty where none is known
    used_from: str
    #: None while it holds
    revoked_at: int | None


class MadeKey(NamedTuple):
    """A key just made: the only time that it can be seen."""

    id: str
    token: str


def list_keys(frame: Frame) -> list[KeyLine]:
    """All keys of the account, revoked ones too: those that hold first, newest first."""
    account_id = frame.account.id
    with frame.reading() as connection:
        entries = [each for each in keys.entries(connection) if each.account_id == account_id]
    used = _used(frame, account_id)
    lines = []
    for each in reversed(entries):
        used_at, used_from = used.get(each.id, (None, ""))
        lines.append(KeyLine(each.id, each.name, each.created_at, each.created_by, used_at, used_from, each.revoked_at))
    return sorted(lines, key=lambda line: line.revoked_at is not None)


def make_key(frame: Frame, name: str) -> MadeKey:
    """A new key of the account. Raises `InvalidRegistration`."""
    key_id = f"k{frame.console.secret()[-15:]}"
    with frame.change() as change:
        token = keys.create(
            change, frame.console.signing_key, key_id, account_id=frame.account.id, name=name.strip() or "API key"
        )
    return MadeKey(key_id, token)


def get_key(frame: Frame, key_id: str) -> KeyLine:
    """A key of the account."""
    for line in list_keys(frame):
        if line.id == key_id:
            return line
    raise NotFoundException("There is no such key.")


def revoke_key(frame: Frame, key_id: str) -> None:
    """Let a key of the account no longer hold."""
    with frame.change() as change:
        entry = keys.find(change.connection, key_id)
        if entry is None or entry.account_id != frame.account.id:
            raise NotFoundException("There is no such key.")
        keys.revoke(change, key_id)


def _used(frame: Frame, account_id: str) -> dict[str, tuple[int, str]]:
    """Key id -> when and from which address it was used last; nothing, while the store is away."""
    try:
        rows = frame.desk.store.query("keys_used", {"account_id": account_id})
    except StoreUnavailable:
        return {}
    return {row["key_id"]: (int(row["used_at"]), row["used_from"]) for row in rows}
