"""The record of acts, read: who did what, when, to what and from where. It is written by `Change.note`, only ever added to."""

from __future__ import annotations

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Select, and_, or_, select

from headgate.registry import tables

_columns = tables.acts.c
_account_roles = tables.account_roles.c
_organization_roles = tables.organization_roles.c


class AuditLine(Struct, frozen=True):
    """One act."""

    id: int
    #: seconds since 1970, UTC
    at: int
    #: e-mail address of a user, or the name of who ran a command
    by: str
    act: str
    #: id of what it was done to
    subject: str
    detail: str
    #: network address; None: by the command line
    address: str | None
    account_id: str | None
    organization_id: str | None


_query = select(*(_columns[name] for name in AuditLine.__struct_fields__))


class Asked(Struct, frozen=True):
    """Which acts to show."""

    #: of this account, or of this organization with all its accounts; neither: all
    account_id: str | None = None
    organization_id: str | None = None
    #: exactly this act
    act: str = ""
    #: text in who, what or detail
    text: str = ""
    #: only acts before this one, by id; None: from the newest
    before: int | None = None
    limit: int = 50


def lines(connection: Connection, asked: Asked) -> list[AuditLine]:
    """The acts, newest first."""
    query = _query.where(_where(asked)).order_by(_columns.id.desc()).limit(asked.limit)
    return [AuditLine(*row) for row in connection.execute(query)]


def newest(connection: Connection, act: str, subject: str) -> str | None:
    """Who did this to that last; None where nobody did."""
    query = select(_columns.by).where(_columns.act == act, _columns.subject == subject)
    return connection.execute(query.order_by(_columns.id.desc()).limit(1)).scalar()


def kinds(connection: Connection, asked: Asked) -> list[str]:
    """Which acts there are at all, of that account or organization."""
    scope = Asked(account_id=asked.account_id, organization_id=asked.organization_id)
    return list(
        connection.execute(select(_columns.act).distinct().where(_where(scope)).order_by(_columns.act)).scalars()
    )


def _where(asked: Asked) -> ColumnElement[bool]:
    wanted: list[ColumnElement[bool]] = [_columns.id > 0]
    if asked.account_id is not None:
        members = select(_account_roles.user_id).where(_account_roles.account_id == asked.account_id)
        wanted.append((_columns.account_id == asked.account_id) | _is_about_one_of(members))
    if asked.organization_id is not None:
        members = select(_organization_roles.user_id).where(
            _organization_roles.organization_id == asked.organization_id
        )
        wanted.append((_columns.organization_id == asked.organization_id) | _is_about_one_of(members))
    if asked.act:
        wanted.append(_columns.act == asked.act)
    if asked.before is not None:
        wanted.append(_columns.id < asked.before)
    if asked.text:
        searched = (_columns.by, _columns.subject, _columns.detail)
        wanted.append(or_(*(column.icontains(asked.text, autoescape=True) for column in searched)))
    return and_(*wanted)


def _is_about_one_of(members: Select[str]) -> ColumnElement[bool]:
    """What was done to a user as such concerns whoever has given them a role."""
    unscoped = _columns.account_id.is_(None) & _columns.organization_id.is_(None)
    return unscoped & _columns.subject.in_(members)
