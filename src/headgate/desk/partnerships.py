"""The partners of an account: whose keys may send for it, and which partner names a request may carry."""

from __future__ import annotations

from litestar.exceptions import NotFoundException
from msgspec import Struct

from headgate.desk.frame import Frame
from headgate.errors import NotRegistered
from headgate.registry import accounts, partners


class PartnerLine(Struct, frozen=True):
    """A partner, as an account sees it."""

    id: str
    name: str
    #: whether its keys may send for this account
    is_granted: bool


def list_partners(frame: Frame) -> list[PartnerLine]:
    """All partners of the installation: granted ones first."""
    with frame.reading() as connection:
        entries = partners.entries(connection)
    lines = [PartnerLine(each.id, each.name, frame.account.id in each.granted_by) for each in entries]
    return sorted(lines, key=lambda line: (not line.is_granted, line.name.lower()))


def grant(frame: Frame, partner_id: str) -> None:
    """Let the partner's keys send for the account."""
    _check(frame, partner_id)
    with frame.change() as change:
        partners.grant(change, partner_id, frame.account.id)


def withdraw(frame: Frame, partner_id: str) -> None:
    """Let them no longer."""
    try:
        with frame.change() as change:
            partners.withdraw(change, partner_id, frame.account.id)
    except NotRegistered:
        raise NotFoundException("This partner has no grant of this account.") from None


def allow(frame: Frame, names: list[str]) -> tuple[str, ...]:
    """From now on requests may carry these partner names and no other; none: any. Raises `InvalidRegistration`."""
    with frame.change() as change:
        return accounts.allow_partners(change, frame.account.id, names).allowed_partners


def _check(frame: Frame, partner_id: str) -> None:
    with frame.reading() as connection:
        if partners.find(connection, partner_id) is None:
            raise NotFoundException("There is no such partner.")
