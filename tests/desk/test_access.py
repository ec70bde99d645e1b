"""Every route, for every role, in one's own account and in another one's: the table of access is what happens."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from litestar import Litestar

from console import HASH, PAGE, USERS, Browser, Site, console_site
from headgate.desk.access import RULES, Rule, Scope
from headgate.registry import keys, roles, users
from headgate.registry.roles import Role


class Place(dict[str, str]):
    """What stands for the parameters of a path; something that is not there, for those that no rule is about."""

    def __missing__(self, name: str) -> str:
        return f"no_{name}"


#: what stands for the parameters of a path in each account; `acme` and `bolt` are of the organization `org`
OWN = Place(
    {
        "account_id": "acme",
        "group_id": "acme_site",
        "organization_id": "org",
        "key_id": "acme_key",
        "partner_id": "agency",
        "user_id": "guest",
        "version": "0",
        "name": "x.css",
    }
)
SISTER = Place({**OWN, "account_id": "bolt", "group_id": "bolt_site", "key_id": "bolt_key"})
OTHER = Place(
    {**OWN, "account_id": "other", "group_id": "other_site", "organization_id": "rival", "key_id": "other_key"}
)
#: of an account that is one's own, a group or key that is not
MIXED = Place({**OWN, "group_id": "other_site", "key_id": "other_key"})
PLACES = {
    "own": OWN,
    "sister": SISTER,
    "other": OTHER,
    "missing": Place({**OWN, "account_id": "none", "organization_id": "none", "group_id": "none"}),
}
#: the role that each user has in each place's account, and in its organization as a whole
IN_ACCOUNT: dict[tuple[str, str], Role | None] = {
    ("viewer", "own"): Role.VIEWER,
    ("analyst", "own"): Role.ANALYST,
    ("admin", "own"): Role.ACCOUNT_ADMIN,
    ("chief", "own"): Role.ORGANIZATION_ADMIN,
    ("chief", "sister"): Role.ORGANIZATION_ADMIN,
    ("stranger", "other"): Role.ACCOUNT_ADMIN,
}
IN_ORGANIZATION = dict.fromkeys((("chief", "own"), ("chief", "sister")), Role.ORGANIZATION_ADMIN)
ROUTES = sorted(RULES)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A console for all cases: nothing that is let in changes who is let in where."""
    with console_site(tmp_path_factory.mktemp("access")) as site:
        with site.registry.change(by="ada", now=site.now) as change:
            signing_key = site.app.state.desk.console.signing_key
            for account_id in ("acme", "bolt", "other"):
                keys.create(change, signing_key, f"{account_id}_key", account_id=account_id)
            # whom the others may do things to
            users.create(change, "guest", email="guest@example.com")
            roles.give_in_account(change, "guest", "acme", Role.VIEWER)
            users.create(change, "leaver", email="leaver@example.com")
            users.set_password(change, "leaver", HASH)
        yield site


@pytest.fixture(scope="module")
def browsers(shared: Site) -> dict[str, Browser]:
    return {"": shared.browser(), **{user: shared.as_user(user) for user in USERS}}


def routes_of(app: Litestar) -> set[str]:
    return {f"{method} {route.path_format}" for route in app.routes for method in route.methods - {"OPTIONS"}}


def ask(browser: Browser, route: str, place: Place, **more: Any) -> httpx.Response:
    """The route as the place's, with nothing in it that could do anything: an empty form, an empty body."""
    method, _, path = route.partition(" ")
    path = path.format_map(place)
    if RULES[route].scope is Scope.GROUP_ASKED:
        path += f"?group={place['group_id']}"
        path += "&event_id=e" if "trace" in path else ""
    headers = {"X-CSRF-Token": browser.csrf, **({} if path.startswith("/api/") else PAGE)}
    return browser.request(method, path, headers=headers, follow_redirects=False, **more)


def expected(rule: Rule, user: str, place: str) -> set[int] | None:
    """The status that the table says; None: the visitor is let in, and the handler has its say."""
    if rule.scope is Scope.ANYONE:
        return None
    if not user:
        return {401, 303}
    if rule.scope is Scope.SIGNED_IN:
        return None
    if rule.scope is Scope.OPERATOR:
        return {403}
    held = (IN_ORGANIZATION if rule.scope is Scope.ORGANIZATION else IN_ACCOUNT).get((user, place))
    if held is None:
        return {404}
    return {403} if rule.role is not None and held < rule.role else None


def test_every_route_is_in_the_table_and_the_table_has_no_other(shared: Site) -> None:
    assert routes_of(shared.app) == set(RULES)


def test_a_route_that_is_not_in_the_table_is_not_there(shared: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(RULES, "GET /api/me")  # type: ignore[arg-type]
    assert shared.browser("operator-token").get("/api/me").status_code == 404


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("place", PLACES)
def test_a_route_is_for_whom_the_table_says(shared: Site, browsers: dict[str, Browser], route: str, place: str) -> None:
    if route in ("POST /logout", "POST /profile/sign-out-everywhere", "DELETE /api/me/sessions"):
        browsers = {"": browsers[""], "nobody": shared.as_user("leaver")}
    for user, browser in browsers.items():
        wanted = expected(RULES[route], user, place)
        answer = ask(browser, route, PLACES[place])
        who = f"{user or 'nobody at all'}: {route} in {place} -> {answer.status_code} {answer.text[:200]}"
        assert answer.status_code < 500, who
        if wanted is not None:
            assert answer.status_code in wanted, who
            assert user or answer.status_code == 401 or answer.headers["location"].startswith("/login"), who
        elif RULES[route].scope not in (Scope.ANYONE, Scope.SIGNED_IN):
            assert answer.status_code not in (401, 403), who


@pytest.mark.parametrize("route", [route for route in ROUTES if "{group_id}" in route or "{key_id}" in route])
def test_what_is_another_accounts_is_not_in_ones_own(browsers: dict[str, Browser], route: str) -> None:
    data = {"json": {"name": "x"}} if "/api/" in route else {"data": {"_csrf": browsers["chief"].csrf, "typed": "x"}}
    more = {} if route.startswith(("GET", "DELETE")) else data
    assert ask(browsers["chief"], route, MIXED, **more).status_code == 404


@pytest.mark.parametrize("route", [route for route in ROUTES if RULES[route].scope is Scope.GROUP_ASKED])
def test_a_group_that_is_named_behind_ones_own_is_not_read(browsers: dict[str, Browser], route: str) -> None:
    path = route.removeprefix("GET ")
    for groups in (("acme_site", "other_site"), ("other_site", "acme_site"), ("acme_site", "acme_site")):
        answer = browsers["analyst"].get(path, params={"group": list(groups), "event_id": "e"})
        assert (answer.status_code, answer.json()["description"]) == (400, "group: name one event group, not several")


@pytest.mark.parametrize("role", ["viewer", "analyst"])
def test_only_admins_see_or_use_keys(site: Site, role: str) -> None:
    with site.registry.change(by="ada", now=site.now) as change:
        keys.create(change, site.app.state.desk.console.signing_key, "acme_key", account_id="acme")
    browser = site.as_user(role)
    assert "settings/keys" not in browser.see("/accounts/acme").text
    assert browser.see("/accounts/acme/settings/keys").status_code == 403
    assert browser.submit("/accounts/acme/settings/keys", name="mine").status_code == 403
    assert browser.submit("/accounts/acme/settings/keys/acme_key/revoke", typed="acme_key").status_code == 403
    with site.registry.reading() as connection:
        assert [(key.id, key.revoked_at) for key in keys.entries(connection)] == [("acme_key", None)]


def test_a_token_has_the_rights_of_its_user_and_opens_no_page(shared: Site) -> None:
    viewer = shared.as_user("viewer")
    made = viewer.post("/api/me/tokens", json={"name": "mine"}, headers={"X-CSRF-Token": viewer.csrf}).json()
    script = shared.browser(made["token"])
    statuses = [script.get(path).status_code for path in ("/api/me", "/api/accounts/acme", "/api/accounts/acme/keys")]
    assert statuses == [200, 200, 403]
    assert script.get("/api/accounts/other").status_code == 404
    assert script.get("/api/events", params={"group": "acme_site"}).status_code == 403
    assert script.get("/api/reconcile").status_code == 400
    assert script.see("/accounts/acme").status_code == 303
    assert script.post("/api/me/tokens", json={"name": "another"}).status_code == 403
    assert viewer.delete(f"/api/me/tokens/{made['token_id']}", headers={"X-CSRF-Token": viewer.csrf}).status_code == 204
    assert script.get("/api/me").status_code == 401


def test_an_answer_about_another_account_is_that_about_none(browsers: dict[str, Browser]) -> None:
    browser = browsers["admin"]
    for path in ("/api/accounts/{}", "/api/accounts/{}/keys", "/api/accounts/{}/users"):
        assert browser.get(path.format("other")).content == browser.get(path.format("nothing")).content
    for group in ("other_site", "nothing"):
        answer = browser.get("/api/events", params={"group": group})
        assert (answer.status_code, answer.json()["description"]) == (404, "There is no such event group.")
