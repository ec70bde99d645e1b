"""Requests that another site makes a browser send, and what it would like to put into pages."""

from __future__ import annotations

import re

import pytest

from console import PAGE, PASSWORD, Site
from headgate.desk import assets
from headgate.registry import keys

FORMS = [
    ("/accounts/acme/settings/keys", {"name": "mine"}),
    ("/accounts/acme/settings/users", {"email": "evil@example.com", "role": "account_admin"}),
    ("/accounts/acme/settings/partners/agency/grant", {}),
    ("/accounts/acme/groups/acme_site/settings", {"name": "x", "identifiers": "extended"}),
    ("/profile/password", {"current": PASSWORD, "password": "evil evil evil", "again": "evil evil evil"}),
    ("/profile/tokens", {"name": "mine"}),
    ("/logout", {}),
    ("/theme", {"theme": "dark"}),
]


@pytest.mark.parametrize(("path", "fields"), FORMS)
@pytest.mark.parametrize("shown", ["none", "empty", "of another session", "of a visit", "of another user"])
def test_a_form_without_this_sessions_token_is_refused(
    site: Site, path: str, fields: dict[str, str], shown: str
) -> None:
    browser, visit = site.as_user("admin"), site.browser()
    visit.see("/login")
    token = {
        "none": None,
        "empty": "",
        "of another session": site.as_user("admin").csrf,
        "of a visit": visit.csrf,
        "of another user": site.as_user("chief").csrf,
    }[shown]
    before = site.registry.revision()
    data = fields if token is None else {**fields, "_csrf": token}
    answer = browser.post(path, data=data, headers=PAGE, follow_redirects=False)
    assert answer.status_code == 403
    assert "This form is too old" in answer.text
    assert site.registry.revision() == before
    assert browser.see("/accounts/acme").status_code == 200


def test_a_sign_in_needs_the_token_of_its_visit(site: Site) -> None:
    browser = site.browser()
    answer = browser.post("/login", data={"email": "viewer@example.com", "password": PASSWORD}, headers=PAGE)
    assert answer.status_code == 403
    assert "headgate_session" not in browser.cookies


def test_a_cookie_lets_no_script_of_another_site_use_the_api(site: Site) -> None:
    browser = site.as_user("admin")
    for content in (
        {"json": {"name": "mine"}},
        {"content": b'{"name": "mine"}', "headers": {"Content-Type": "text/plain"}},
    ):
        assert browser.post("/api/accounts/acme/keys", **content).status_code == 403
    assert (
        browser.post(
            "/api/accounts/acme/keys", json={"name": "mine"}, headers={"X-CSRF-Token": browser.csrf}
        ).status_code
        == 201
    )


def test_a_wrong_token_of_a_script_does_not_fall_back_to_the_cookie(site: Site) -> None:
    browser = site.as_user("admin")
    answer = browser.post("/api/accounts/acme/keys", json={"name": "x"}, headers={"Authorization": "Bearer wrong"})
    assert answer.status_code == 401


EVIL = "\"><script>alert(1)</script><img src=x onerror=alert(1)>'{{7*7}}"


def test_names_are_text_on_every_page(site: Site) -> None:
    browser = site.as_user("chief")
    assert browser.submit("/accounts/acme/settings/keys", name=EVIL).status_code == 200
    for path, fields in (
        ("/profile/name", {"name": EVIL}),
        ("/profile/tokens", {"name": EVIL}),
        ("/accounts/acme/settings/account", {"name": EVIL, "time_zone": "UTC"}),
        ("/accounts/acme/groups/acme_site/settings", {"name": EVIL, "identifiers": "article"}),
        ("/accounts/acme/settings/partners/allowed", {"names": EVIL}),
        ("/accounts/acme/settings/users", {"email": "new@example.com", "name": EVIL, "role": "viewer"}),
    ):
        assert browser.submit(path, **fields).status_code in (200, 303), path
    with site.registry.reading() as connection:
        key_id = keys.entries(connection)[0].id
    paths = ["/accounts", "/accounts/acme", "/profile", "/accounts/acme/groups/acme_site/settings"]
    paths += [f"/accounts/acme/settings/{page}" for page in ("keys", "partners", "users", "audit", "account")]
    paths += [f"/accounts/acme/settings/keys/{key_id}/revoke", f"/accounts/acme/settings/audit?text={EVIL}&act={EVIL}"]
    paths += [f"/accounts/acme/{EVIL}", f"/login?next={EVIL}&said={EVIL}", f"/welcome/{EVIL}"]
    for path in paths:
        text = browser.see(path).text
        assert "<script>alert" not in text, path
        assert "<img src=x" not in text, path
        assert "49" not in re.sub(r"[0-9a-f]{12,}|UTC|:\d\d", "", text).replace("{{7*7}}", "") or "{{7*7}}" in text, (
            path
        )


def test_every_answer_forbids_what_pages_do_not_need(site: Site) -> None:
    browser = site.as_user("viewer")
    for path in ("/accounts", "/nothing", "/api/me", "/api/nothing", "/healthz", assets.url("css/tokens.css")):
        headers = browser.see(path).headers
        assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'; style-src 'self'")
        assert "unsafe" not in headers["content-security-policy"]
        assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")
    assert browser.see("/accounts").headers["cache-control"] == "no-store"
    assert "immutable" in browser.see(assets.url("css/tokens.css")).headers["cache-control"]


def test_templates_hold_neither_inline_scripts_nor_styles_nor_handlers() -> None:
    for template in (assets.FOLDER.parent / "templates").glob("*.html"):
        text = template.read_text()
        assert not re.search(r"\sstyle=|\son[a-z]+=|<style", text), template.name
        assert not re.search(r"<script(?![^>]*(src=|application/json))", text), template.name


@pytest.mark.parametrize(
    "name", ["../app.py", "..%2fapp.py", "%2e%2e/app.py", "css/../../app.py", "vendor/versions.json", "nothing.css"]
)
def test_only_styles_and_scripts_are_served(site: Site, name: str) -> None:
    assert site.browser().get(f"/static/{assets.VERSION}/{name}").status_code == 404


@pytest.mark.parametrize("path", ["/login", "/welcome/x", "/theme"])
def test_who_is_nobody_sends_no_more_than_a_form(site: Site, path: str) -> None:
    browser = site.browser()
    browser.see("/login")
    assert browser.submit(path, email="x" * 20_000).status_code == 413
