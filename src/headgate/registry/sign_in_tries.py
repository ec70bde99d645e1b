"""How often a sign-in was tried and did not succeed: by user name, whoever tries, and by address, whomever it tries.

A try is counted before the password is looked at, so that many at once are no way around the limit.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, delete, insert, select, update

from headgate.registry import tables
from headgate.registry.secrets import digest

#: seconds for which tries are counted together, from the first one on
WINDOW = 15 * 60
#: tries in a window that a user name gets, and an address, behind which there may be a whole office
BY_USER, BY_ADDRESS = 5, 50

_columns = tables.sign_in_tries.c


def count(connection: Connection, *, email: str, address: str, now: int) -> int:
    """Count a try; seconds until another may be made, where this one may not: 0 where it may."""
    connection.execute(delete(tables.sign_in_tries).where(_columns.since <= now - WINDOW))
    return max(_count(connection, subject, limit, now) for subject, limit in _subjects(email, address).items())


def forget(connection: Connection, *, email: str, address: str) -> None:
    """The try succeeded: the user name starts anew, and the address is given back the one."""
    by_user, by_address = (digest(subject) for subject in _subjects(email, address))
    connection.execute(delete(tables.sign_in_tries).where(_columns.subject == by_user))
    one_less = update(tables.sign_in_tries).where(_columns.subject == by_address, _columns.tries > 0)
    connection.execute(one_less.values(tries=_columns.tries - 1))


def _subjects(email: str, address: str) -> Mapping[str, int]:
    return {f"user {email.strip().lower()}": BY_USER, f"address {address}": BY_ADDRESS}


def _count(connection: Connection, subject: str, limit: int, now: int) -> int:
    key = digest(subject)
    row = connection.execute(select(_columns.tries, _columns.since).where(_columns.subject == key)).first()
    if row is None:
        connection.execute(insert(tables.sign_in_tries).values(subject=key, tries=1, since=now))
        return 0
    if row.tries >= limit:
        return int(row.since) + WINDOW - now
    connection.execute(update(tables.sign_in_tries).where(_columns.subject == key).values(tries=row.tries + 1))
    return 0
