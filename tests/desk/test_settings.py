"""Settings pages and the same over the API: keys, partners, groups, the account, one's profile."""

from __future__ import annotations

import re

import pytest

from console import PASSWORD, Site
from headgate.desk.sending import send
from headgate.registry import keys

KEYS = "/accounts/acme/settings/keys"


def test_a_key_is_shown_once_and_signed(site: Site) -> None:
    admin = site.as_user("admin")
    text = admin.submit(KEYS, name="Shop").text
    token = re.search(r"eyJ[\w.-]+", text)
    assert token
    claims = keys.verify(token[0], site.app.state.desk.console.signing_key.public_key())
    assert claims.account_id == "acme"
    assert token[0] not in admin.see(KEYS).text
    assert "by admin@example.com" in admin.see(KEYS).text


def test_a_key_is_revoked_once_its_name_is_typed(site: Site) -> None:
    admin = site.as_user("admin")
    admin.submit(KEYS, name="Shop")
    key_id = admin.get("/api/accounts/acme/keys").json()[0]["id"]
    for typed in ("", "shop", key_id):
        assert admin.submit(f"{KEYS}/{key_id}/revoke", typed=typed).status_code == 400
    assert key_id in site.registry.snapshot().keys
    assert admin.submit(f"{KEYS}/{key_id}/revoke", typed=" Shop ").status_code == 303
    assert key_id not in site.registry.snapshot().keys
    assert "revoked" in admin.see(KEYS).text


def test_the_last_use_of_a_key_is_told_and_a_store_that_is_away_does_no_harm(site: Site) -> None:
    admin = site.as_user("admin")
    admin.submit(KEYS, name="Shop")
    key_id = admin.get("/api/accounts/acme/keys").json()[0]["id"]
    site.store.answers["keys_used"] = [{"key_id": key_id, "used_at": site.now - 7200, "used_from": "192.0.2.9"}]
    assert "2 hours ago" in admin.see(KEYS).text
    assert admin.get("/api/accounts/acme/keys").json()[0]["used_at"] == site.now - 7200
    site.store.away = True
    assert "Shop" in admin.see(KEYS).text


def test_partners_are_granted_and_withdrawn(site: Site) -> None:
    admin, path = site.as_user("admin"), "/accounts/acme/settings/partners"
    assert admin.submit(f"{path}/agency/grant").status_code == 303
    assert site.registry.snapshot().grants == {"agency": frozenset({"acme"})}
    assert admin.submit(f"{path}/agency/withdraw").status_code == 303
    assert admin.submit(f"{path}/agency/withdraw").status_code == 404
    assert admin.submit(f"{path}/nobody/grant").status_code == 404
    assert admin.submit(f"{path}/allowed", names="Zeta\r\n\r\n Alpha \r\n").status_code == 303
    assert site.registry.snapshot().accounts["acme"].allowed_partners == {"Alpha", "Zeta"}
    answer = admin.submit(f"{path}/allowed", names="x" * 201)
    assert (answer.status_code, "cannot be a name" in answer.text) == (400, True)


def test_event_groups_are_made_and_changed(site: Site) -> None:
    admin = site.as_user("admin")
    answer = admin.submit("/accounts/acme/new-group", id="shop", name="Shop", identifiers="extended")
    assert answer.headers["location"] == "/accounts/acme/groups/shop/settings?said=group-made"
    assert site.registry.snapshot().groups["shop"].identifiers == "extended"
    for fields in ({"id": "shop"}, {"id": "no id"}, {"id": "x", "identifiers": "some"}, {"id": ""}):
        assert (
            admin.submit("/accounts/acme/new-group", **{"name": "S", "identifiers": "article", **fields}).status_code
            == 400
        )
    assert admin.submit("/accounts/acme/groups/shop/settings", name="", identifiers="article").status_code == 400
    assert admin.submit("/accounts/acme/groups/shop/settings", name="S", identifiers="article").status_code == 303
    assert site.registry.snapshot().groups["shop"].identifiers == "article"


def test_the_pixel_of_a_group_is_set(site: Site) -> None:
    admin, path = site.as_user("admin"), "/accounts/acme/groups/acme_site/settings"
    fields = {"name": "S", "identifiers": "article", "origins": "https://*.example.com\r\nhttps://shop.example\r\n"}
    assert admin.submit(path, **fields, advanced_matching="on").status_code == 303
    [group] = admin.get("/api/accounts/acme/groups").json()
    assert group["origins"] == ["https://*.example.com", "https://shop.example"]
    assert (group["cookie"], group["advanced_matching"]) == (False, True)
    assert "https://shop.example" in admin.see(path).text
    answer = admin.submit(path, **{**fields, "origins": "not an origin"})
    assert (answer.status_code, "not</textarea>" in answer.text, "origin" in answer.text) == (400, False, True)
    assert "not an origin</textarea>" in answer.text
    script = site.browser("operator-token")
    changed = script.patch("/api/accounts/acme/groups/acme_site", json={"origins": [], "cookie": True}).json()
    assert (changed["origins"], changed["cookie"], changed["advanced_matching"]) == ([], True, True)


def test_an_account_has_a_name_and_a_time_zone(site: Site) -> None:
    admin, path = site.as_user("admin"), "/accounts/acme/settings/account"
    assert admin.submit(path, name="Acme & Söhne", time_zone="Europe/Vienna").status_code == 303
    assert "Acme &amp; Söhne" in admin.see(path).text
    assert admin.get("/api/accounts/acme").json()["time_zone"] == "Europe/Vienna"
    answer = admin.submit(path, name="Acme", time_zone="Mars/Base")
    assert (answer.status_code, "there is no time zone" in answer.text) == (400, True)


def test_a_time_zone_by_another_name_is_not_changed_by_saving_the_name(site: Site) -> None:
    script, admin = site.browser("operator-token"), site.as_user("admin")
    assert script.patch("/api/accounts/acme", json={"time_zone": "Etc/GMT+3"}).status_code == 200
    page = admin.see("/accounts/acme/settings/account").text
    assert re.findall(r"<option selected>([^<]+)</option>", page) == ["Etc/GMT+3"]
    assert page.count("<option>UTC</option>") == 1


def test_times_are_shown_by_the_clock_of_the_account_with_its_name(site: Site) -> None:
    admin, script = site.as_user("admin"), site.browser("operator-token")
    script.post("/api/accounts/acme/keys", json={"name": "Script"})
    for zone, shown in (
        ("UTC", "15 Jan 2027, 08:00 UTC"),
        ("America/New_York", "15 Jan 2027, 03:00 EST"),
        ("Asia/Kathmandu", "15 Jan 2027, 13:45 UTC+05:45"),
    ):
        assert script.patch("/api/accounts/acme", json={"time_zone": zone}).status_code == 200
        page = admin.see("/accounts/acme/settings/keys").text
        assert f'<time datetime="2027-01-15T08:00:00Z" title="2027-01-15 08:00:00 UTC">{shown}</time>' in page


def test_ones_own_password_is_changed_with_the_one_before(site: Site) -> None:
    browser, elsewhere = site.as_user("viewer"), site.as_user("viewer")
    new = {"password": "another four words", "again": "another four words"}
    assert browser.submit("/profile/password", current="wrong", **new).status_code == 400
    assert browser.submit("/profile/password", current=PASSWORD, **{**new, "again": "x"}).status_code == 400
    assert browser.submit("/profile/password", current=PASSWORD, password="short", again="short").status_code == 400
    assert browser.submit("/profile/password", current=PASSWORD, **new).status_code == 303
    assert "Your password is changed" in browser.see("/profile?said=password-changed").text
    assert elsewhere.see("/profile").status_code == 303


def test_guesses_of_the_current_password_are_counted(site: Site) -> None:
    browser = site.as_user("viewer")
    new = {"password": "another four words", "again": "another four words"}
    statuses = [browser.submit("/profile/password", current="wrong", **new).status_code for _ in range(6)]
    assert statuses == [400] * 5 + [429]


def test_tokens_and_sessions_are_ones_own(site: Site) -> None:
    viewer, analyst = site.as_user("viewer"), site.as_user("analyst")
    token = re.search(r"hgu_[\w-]+", viewer.submit("/profile/tokens", name="Night").text)
    assert token
    assert token[0] not in viewer.see("/profile").text
    token_id = viewer.get("/api/me/tokens").json()[0]["id"]
    assert analyst.submit(f"/profile/tokens/{token_id}/revoke").status_code == 404
    assert site.browser(token[0]).get("/api/me").json()["email"] == "viewer@example.com"
    assert "testclient" in viewer.see("/profile").text
    assert [each["browser"] for each in viewer.get("/api/me/sessions").json()] == ["testclient"]
    second = site.as_user("viewer")
    ends = re.findall(r"/profile/sessions/[0-9a-f]+/end", viewer.see("/profile").text)
    assert len(ends) == 1
    assert analyst.submit(ends[0]).status_code == 404
    assert viewer.submit(ends[0]).status_code == 303
    assert second.see("/profile").status_code == 303
    assert viewer.submit("/profile/sign-out-everywhere").status_code == 303
    assert viewer.see("/profile").status_code == 303
    assert site.browser(token[0]).get("/api/me").status_code == 200


def test_the_theme_is_remembered_without_a_script(site: Site) -> None:
    browser = site.browser()
    assert "data-theme" not in browser.see("/login").text
    assert browser.submit("/theme", theme="dark", back="/login").headers["location"] == "/login"
    assert 'data-theme="dark"' in browser.see("/login").text
    assert browser.submit("/theme", theme="dark", back="//evil").headers["location"] == "/"
    browser.submit("/theme", theme="auto", back="/login")
    assert "data-theme" not in browser.see("/login").text
    assert browser.submit("/theme", theme="pink").status_code == 400


def test_the_api_does_what_the_pages_do(site: Site) -> None:
    script = site.browser("operator-token")
    assert script.get("/api/organizations").json()[0] == {"id": "org", "name": "Org", "role": "organization_admin"}
    assert site.as_user("admin").get("/api/organizations").json() == []
    assert script.get("/api/accounts/acme/groups/acme_site").json()["name"] == "acme site"
    made = script.post("/api/accounts/acme/keys", json={"name": "Script"})
    assert made.status_code == 201
    key_id = made.json()["key_id"]
    assert script.delete(f"/api/accounts/acme/keys/{key_id}").status_code == 204
    assert script.get("/api/accounts/acme/keys").json()[0]["revoked_at"] == site.now
    assert script.post("/api/organizations/org/accounts", json={"id": "third"}).json()["name"] == "third"
    assert script.post("/api/accounts/third/groups", json={"id": "third_site"}).status_code == 201
    changed = script.patch("/api/accounts/third/groups/third_site", json={"identifiers": "extended"}).json()
    assert changed["identifiers"] == "extended"
    assert script.patch("/api/accounts/third", json={"time_zone": "Asia/Tokyo"}).json()["time_zone"] == "Asia/Tokyo"
    assert script.put("/api/accounts/third/partners/agency").status_code == 204
    assert script.get("/api/accounts/third/partners").json() == [
        {"id": "agency", "name": "The Agency", "is_granted": True}
    ]
    assert script.delete("/api/accounts/third/partners/agency").status_code == 204
    assert script.put("/api/accounts/third/allowed-partners", json={"names": ["B", "A"]}).json() == {
        "names": ["A", "B"]
    }
    invited = script.post("/api/accounts/third/users", json={"email": "x@example.com", "role": "viewer"}).json()
    assert "/welcome/" in invited["link"]
    users_path = f"/api/accounts/third/users/{invited['user_id']}"
    assert script.put(f"{users_path}/role", json={"role": "analyst"}).status_code == 204
    assert [each["role"] for each in script.get("/api/accounts/third/users").json() if not each["is_inherited"]] == [
        "analyst"
    ]
    assert script.post(f"{users_path}/disable").status_code == 204
    assert script.post(f"{users_path}/enable").status_code == 204
    assert "/welcome/" in script.post(f"{users_path}/link").json()["link"]
    assert script.delete(users_path).status_code == 204
    acts = [line["act"] for line in script.get("/api/accounts/third/audit").json()]
    assert acts[:2] == ["take role", "give role"]


def test_what_is_wrong_with_a_request_of_a_script_is_named(site: Site) -> None:
    script = site.browser("operator-token")
    for path, body, status, said in (
        ("/api/accounts/acme/keys", {}, 400, "name"),
        ("/api/accounts/acme/keys", {"name": "x", "nam": 1}, 400, "nam"),
        ("/api/accounts/acme/groups", {"id": "acme_site"}, 409, "there is an event group acme_site already"),
        ("/api/accounts/acme/groups", {"id": "x y"}, 400, "cannot be the id"),
        ("/api/accounts/acme/users", {"email": "x", "role": "viewer"}, 400, "email: "),
        ("/api/accounts/acme/users", {"email": "x@example.com", "role": "emperor"}, 400, "role: "),
    ):
        answer = script.post(path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (status, status), answer.text
        assert said in answer.json()["description"]


def test_the_document_names_every_route_of_the_api(site: Site) -> None:
    document = site.as_user("viewer").get("/api/openapi.json").json()
    described = {f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item}
    served = {
        f"{method} {route.path_format}"
        for route in site.app.routes
        for method in route.methods - {"OPTIONS"}
        if route.path_format.startswith("/api/")
    }
    assert served - described == {"GET /api/openapi.json"}
    assert described <= served


def test_the_document_says_what_is_answered_when_something_is_wrong(site: Site) -> None:
    viewer = site.as_user("viewer")
    document = viewer.get("/api/openapi.json").json()
    for path in document["paths"].values():
        for operation in path.values():
            assert operation["responses"]["4XX"] == {"$ref": "#/components/responses/Refused"}
            assert "400" not in operation["responses"]
    problem = document["components"]["schemas"]["Problem"]
    for path in ("/api/accounts/none", "/api/accounts/acme/keys", "/api/reports/totals"):
        assert set(viewer.get(path).json()) == set(problem["properties"])
    for path in ("/api/events", "/api/rejections"):
        content = document["paths"][path]["get"]["responses"]["200"]["content"]
        answer = viewer.get(path, params={"group": "acme_site"}, headers={"Authorization": "Bearer operator-token"})
        assert [answer.headers["content-type"]] == list(content)


@pytest.mark.parametrize(
    "body", [b'{"name": "\xff"}', b'{"name":' + b"[" * 100_000, b'{"name": "\\ud800"}', b"", b"{", b"[]"]
)
def test_a_body_that_is_no_json_is_told_so(site: Site, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = site.browser("operator-token").post("/api/accounts/acme/keys", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, 400)


def test_a_registry_that_is_away_is_an_answer(site: Site) -> None:
    admin = site.as_user("admin")
    with site.registry.aside() as connection:
        connection.exec_driver_sql("DROP TABLE account_partners")
    answer = admin.see("/accounts/acme")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert answer.text.startswith("the registry cannot be read or written: no such table")
    answer = admin.get("/api/accounts")
    assert (answer.status_code, answer.json()["code"]) == (503, 503)


@pytest.mark.parametrize("before", ["\n", "1\n", "-1", "x", "9" * 19])
def test_a_place_in_the_audit_log_that_is_none_is_told_so(site: Site, before: str) -> None:
    answer = site.as_user("admin").get("/accounts/acme/settings/audit", params={"before": before})
    assert answer.status_code == 400


def test_half_a_character_in_a_tried_event_is_shown_as_it_is_sent() -> None:
    body = '{"event_id": "\\ud800"}'
    sent = send("http://127.0.0.1:9", "/v1/test_events", "g", body, "key")
    assert '"event_id": "?"' in sent.request
    sent.request.encode()


def test_the_operator_is_shown_a_group_in_its_accounts_time_zone_and_its_tests(site: Site) -> None:
    operator = site.browser("operator-token")
    asked = {"params": {"group": "acme_site"}}
    assert operator.get("/api/reports/tests", **asked).status_code == 200
    assert operator.get("/api/reports/live", **asked).status_code == 200
    assert site.as_user("viewer").get("/api/reports/live", **asked).status_code == 403
