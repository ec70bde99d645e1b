"""A console under test, in process: two organizations, three accounts, a user of each role, and browsers of theirs."""

from __future__ import annotations

import atexit
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import httpx
from argon2 import PasswordHasher
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from litestar.testing import TestClient

from headgate.desk.app import Console, Desk, desk_app
from headgate.desk.passwords import Passwords
from headgate.edge.pixel_script import base_code
from headgate.errors import StoreUnavailable
from headgate.registry import accounts, event_groups, organizations, partners, roles, users
from headgate.registry.base import Registry
from headgate.registry.roles import Role

NOW = 1_800_000_000
PASSWORD = "four words in a row"
#: Argon2id as cheap as it gets
QUICK = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
HASH = QUICK.hash(PASSWORD)
PAGE = {"Accept": "text/html"}
#: user id -> the account or organization, and the role in it; `acme` and `bolt` are of `org`, `other` is of `rival`
USERS: dict[str, tuple[str, Role] | None] = {
    "viewer": ("acme", Role.VIEWER),
    "analyst": ("acme", Role.ANALYST),
    "admin": ("acme", Role.ACCOUNT_ADMIN),
    "chief": ("org", Role.ORGANIZATION_ADMIN),
    "stranger": ("other", Role.ACCOUNT_ADMIN),
    "nobody": None,
}


class Browser(TestClient[Any]):
    """A client that keeps cookies, follows nothing, and sends forms with the token of the page that it saw last."""

    csrf = ""

    def see(self, path: str, **more: Any) -> httpx.Response:
        """Get a page as a browser does."""
        answer = self.get(path, headers=PAGE, follow_redirects=False, **more)
        self._keep(answer)
        return answer

    def submit(self, path: str, **fields: str) -> httpx.Response:
        """Send a form."""
        data = {"_csrf": self.csrf, **fields}
        answer = self.post(path, data=data, headers=PAGE, follow_redirects=False)
        self._keep(answer)
        return answer

    def _keep(self, answer: httpx.Response) -> None:
        if found := re.search(r'name="_csrf" value="([0-9a-f]{64})"', answer.text):
            self.csrf = found[1]


class Shelf:
    """A store that answers named queries from a table; what is not in it is empty."""

    def __init__(self) -> None:
        self.answers: dict[str, list[dict[str, Any]]] = {}
        self.away = False

    def query(self, name: str, _parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        if self.away:
            raise StoreUnavailable("the store is away")
        return self.answers.get(name, [])


class Site:
    """The console, what it stands on, and its clock."""

    def __init__(self, folder: Path, store: Any = None) -> None:
        self.now = NOW
        self._numbers = count(1)
        path = folder / "registry.db"
        shutil.copyfile(_filled(), path)
        self.registry = Registry.at("", path)
        self.store = store if store is not None else Shelf()
        console = Console(
            registry=self.registry,
            signing_key=Ed25519PrivateKey.generate(),
            passwords=QUICK,
            clock=lambda: self.now,
            secret=lambda: f"secret-{next(self._numbers):036}",
            edge_url="https://events.example.com",
            base_code=base_code,
        )
        self.app = desk_app(Desk(self.store, "operator-token", lambda: 0, lambda: None, "", console))

    def browser(self, token: str | None = None) -> Browser:
        """Somebody who is not signed in; with a token, a script."""
        browser = Browser(self.app, raise_server_exceptions=False)
        if token is not None:
            browser.headers["Authorization"] = f"Bearer {token}"
        return browser

    def as_user(self, user_id: str) -> Browser:
        """Somebody who is."""
        browser = self.browser()
        browser.see("/login")
        answer = browser.submit("/login", email=f"{user_id}@example.com", password=PASSWORD)
        assert answer.status_code == 303, answer.text
        browser.see("/accounts")
        return browser


@cache
def _filled() -> Path:
    """A registry to be copied: making one takes longer than most tests do with it."""
    folder = Path(tempfile.mkdtemp(prefix="headgate-console-"))
    atexit.register(shutil.rmtree, folder)
    registry = Registry.at("", folder / "registry.db")
    registry.migrate()
    _fill(registry)
    with registry.aside() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    registry.close()
    return folder / "registry.db"


def _fill(registry: Registry) -> None:
    with registry.change(by="ada", now=NOW - 86400) as change:
        for organization_id, account_ids in (("org", ("acme", "bolt")), ("rival", ("other",))):
            organizations.create(change, organization_id, name=organization_id.title())
            for account_id in account_ids:
                accounts.create(change, account_id, organization_id=organization_id, name=account_id.title())
                event_groups.create(change, f"{account_id}_site", account_id=account_id, name=f"{account_id} site")
        partners.create(change, "agency", name="The Agency")
        for user_id, given in USERS.items():
            users.create(change, user_id, email=f"{user_id}@example.com", name=user_id.title())
            users.set_password(change, user_id, HASH)
            if given and given[1] is Role.ORGANIZATION_ADMIN:
                roles.give_in_organization(change, user_id, *given)
            elif given:
                roles.give_in_account(change, user_id, *given)


@contextmanager
def console_site(folder: Path, store: Any = None) -> Iterator[Site]:
    """A console for as long as the block lasts."""
    site = Site(folder, store)
    try:
        yield site
    finally:
        site.registry.close()
