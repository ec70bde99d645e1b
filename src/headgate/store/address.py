"""The URL of a ClickHouse server, as a setting has it."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from headgate.errors import SettingsError

DATABASE = "headgate"
#: where the URL names none
PORTS = {"http": 8123, "https": 8443}
_EXPECTED = "expected one as in https://user:password@host:8443/database, with any special character percent-encoded"
_DATABASE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


class Address(NamedTuple):
    """Where a server is, and as whom to ask it."""

    scheme: str
    host: str
    port: int
    user: str | None
    password: str
    database: str


def read_address(url: str) -> Address:
    """The parts of an URL. Raises `SettingsError` when that is no such URL. No message quotes it: where it is malformed, anything in it may be the password."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise SettingsError(f"store: the URL is malformed; {_EXPECTED}") from None
    database = unquote(parts.path.strip("/")) or DATABASE
    if parts.scheme not in PORTS or not parts.hostname:
        raise SettingsError(f"store: this is no URL of a ClickHouse server; {_EXPECTED}")
    if parts.query or parts.fragment:
        raise SettingsError(f"store: the URL takes no options behind the database; {_EXPECTED}")
    if not _DATABASE_NAME.fullmatch(database):
        raise SettingsError(f"store: the database's name is letters, digits and '_'; {_EXPECTED}")
    user = unquote(parts.username) if parts.username else None
    return Address(
        parts.scheme, parts.hostname, port or PORTS[parts.scheme], user, unquote(parts.password or ""), database
    )
