"""Nothing in the console that a script cannot get: every page and act has its twin under `/api/`, or a reason why not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from console import Site
from headgate.desk.access import RULES

GROUP = "/accounts/{account_id}/groups/{group_id}"
SETTINGS = "/accounts/{account_id}/settings"
API_GROUP = "/api" + GROUP
API_ACCOUNT = "/api/accounts/{account_id}"
REPORTS = "/api/reports/"

#: what the console alone has: each begins a point of the list in docs/console.md
ALONE = {
    "GET /static/{version}/{name}": "styles and scripts",
    "POST /theme": "the theme",
    "GET /login": "signing in and out",
    "POST /login": "signing in and out",
    "POST /logout": "signing in and out",
    "GET /welcome/{secret}": "passwords",
    "POST /welcome/{secret}": "passwords",
    "POST /profile/password": "passwords",
    "POST " + GROUP + "/test-events": "sending a test event",
}


def reports(*names: str) -> tuple[str, ...]:
    return tuple(f"GET {REPORTS}{name}" for name in names)


#: page or act -> the calls that give, or do, the same
TWINS: dict[str, tuple[str, ...]] = {
    "GET /": ("GET /api/accounts",),
    "GET /accounts": ("GET /api/organizations", "GET /api/accounts"),
    "GET /accounts/{account_id}": (f"GET {API_ACCOUNT}/groups", *reports("status")),
    "GET /accounts/{account_id}/new-group": (f"POST {API_ACCOUNT}/groups",),
    "POST /accounts/{account_id}/new-group": (f"POST {API_ACCOUNT}/groups",),
    f"GET {GROUP}/settings": (f"GET {API_GROUP}", f"PATCH {API_GROUP}"),
    f"POST {GROUP}/settings": (f"PATCH {API_GROUP}",),
    f"GET {GROUP}": reports(
        "totals", "choices", "events-over-time", "outcomes-over-time", "coverage", "overlap", "delays"
    ),
    f"GET {GROUP}/connect": (f"GET {API_GROUP}/connect",),
    f"GET {GROUP}/test-events": reports("tests", "live"),
    f"GET {GROUP}/test-events/stream": reports("tests", "live"),
    f"GET {GROUP}/diagnostics": reports("rejections", "near-duplicates", "clocks", "digests", "match-quality"),
    f"GET {GROUP}/trace": ("GET /api/trace",),
    f"GET {GROUP}/events": reports("events"),
    f"GET {SETTINGS}/keys": (f"GET {API_ACCOUNT}/keys",),
    f"POST {SETTINGS}/keys": (f"POST {API_ACCOUNT}/keys",),
    f"GET {SETTINGS}/keys/{{key_id}}/revoke": (f"GET {API_ACCOUNT}/keys",),
    f"POST {SETTINGS}/keys/{{key_id}}/revoke": (f"DELETE {API_ACCOUNT}/keys/{{key_id}}",),
    f"GET {SETTINGS}/partners": (f"GET {API_ACCOUNT}/partners", f"GET {API_ACCOUNT}/allowed-partners"),
    f"POST {SETTINGS}/partners/allowed": (f"PUT {API_ACCOUNT}/allowed-partners",),
    f"POST {SETTINGS}/partners/{{partner_id}}/grant": (f"PUT {API_ACCOUNT}/partners/{{partner_id}}",),
    f"POST {SETTINGS}/partners/{{partner_id}}/withdraw": (f"DELETE {API_ACCOUNT}/partners/{{partner_id}}",),
    f"GET {SETTINGS}/account": (f"GET {API_ACCOUNT}",),
    f"POST {SETTINGS}/account": (f"PATCH {API_ACCOUNT}",),
    "GET /organizations/{organization_id}/accounts": ("GET /api/accounts",),
    "POST /organizations/{organization_id}/accounts": ("POST /api/organizations/{organization_id}/accounts",),
    "GET /profile": ("GET /api/me", "GET /api/me/tokens", "GET /api/me/sessions"),
    "POST /profile/name": ("PATCH /api/me",),
    "POST /profile/tokens": ("POST /api/me/tokens",),
    "POST /profile/tokens/{token_id}/revoke": ("DELETE /api/me/tokens/{token_id}",),
    "POST /profile/sessions/{id_hash}/end": ("DELETE /api/me/sessions/{session_id}",),
    "POST /profile/sign-out-everywhere": ("DELETE /api/me/sessions",),
    **{
        page.format(place): tuple(call.format(api) for call in calls)
        for place, api in (
            (SETTINGS, API_ACCOUNT),
            ("/organizations/{organization_id}", "/api/organizations/{organization_id}"),
        )
        for page, calls in {
            "GET {}/users": ("GET {}/users",),
            "POST {}/users": ("POST {}/users",),
            "POST {}/users/{{user_id}}/role": ("PUT {}/users/{{user_id}}/role",),
            "POST {}/users/{{user_id}}/remove": ("DELETE {}/users/{{user_id}}",),
            "POST {}/users/{{user_id}}/link": ("POST {}/users/{{user_id}}/link",),
            "POST {}/users/{{user_id}}/disable": ("POST {}/users/{{user_id}}/disable",),
            "POST {}/users/{{user_id}}/enable": ("POST {}/users/{{user_id}}/enable",),
            "GET {}/audit": ("GET {}/audit",),
        }.items()
    },
}
PAGES = {route for route in RULES if not re.match(r"\w+ /(api|healthz|readyz|metrics)\b", route)}


def test_every_page_and_act_has_a_twin_or_a_reason_why_not() -> None:
    assert {*TWINS, *ALONE} == PAGES
    assert not {*TWINS} & {*ALONE}


@pytest.mark.parametrize("page", sorted(TWINS))
def test_a_twin_wants_no_more_than_the_page(page: str) -> None:
    page_role = RULES[page].role or 0
    assert all((RULES[call].role or 0) <= page_role for call in TWINS[page])


def test_what_the_console_alone_has_is_said_in_its_page_of_the_documentation() -> None:
    said = (Path(__file__).parents[2] / "docs/console.md").read_text(encoding="utf-8").casefold()
    for what in set(ALONE.values()):
        assert f"- {what}" in said, what


def test_ones_own_name_is_changed_by_a_script(site: Site) -> None:
    viewer = site.as_user("viewer")
    token = viewer.post("/api/me/tokens", json={"name": "mine"}, headers={"X-CSRF-Token": viewer.csrf}).json()["token"]
    script = site.browser(token)
    changed = script.patch("/api/me", json={"name": "  Mary Somerville "}).json()
    assert (changed["email"], changed["name"]) == ("viewer@example.com", "Mary Somerville")
    assert script.get("/api/me").json() == changed
    assert "Mary Somerville" in viewer.see("/profile").text
    assert script.patch("/api/me", json={"name": ""}).status_code == 400
    assert site.browser("operator-token").patch("/api/me", json={"name": "x"}).status_code == 403


def test_a_script_signs_its_user_out_everywhere_and_goes_on(site: Site) -> None:
    first, second = site.as_user("viewer"), site.as_user("viewer")
    headers = {"X-CSRF-Token": first.csrf}
    token = first.post("/api/me/tokens", json={"name": "mine"}, headers=headers).json()["token"]
    script, analyst = site.browser(token), site.as_user("analyst")
    assert script.delete("/api/me/sessions").status_code == 204
    assert [each.see("/profile").status_code for each in (first, second, analyst)] == [303, 303, 200]
    assert script.get("/api/me/sessions").json() == []


def test_a_script_gets_what_the_page_to_connect_shows(site: Site) -> None:
    viewer = site.as_user("viewer")
    found = viewer.get("/api/accounts/acme/groups/acme_site/connect").json()
    assert (found["endpoint"], found["event_group_id"]) == ("https://events.example.com/v1/events", "acme_site")
    assert "acme_site" in found["base_code"]
    assert [each["id"] for each in found["snippets"]] == ["curl", "python", "node"]
    assert all("acme_site" in each["text"] for each in found["snippets"])
    assert viewer.get("/api/accounts/acme/groups/other_site/connect").status_code == 404
