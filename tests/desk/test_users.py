"""Links that work once, and what an admin may do to whom."""

from __future__ import annotations

import re

import httpx
import pytest

from console import PASSWORD, Browser, Site
from headgate.registry import links, roles, users
from headgate.registry.links import LASTS
from headgate.registry.roles import Role

NEW = "another four words"
USERS = "/accounts/acme/settings/users"


def link_in(answer: httpx.Response) -> str:
    """The path of the link that a page shows."""
    found = re.search(r"/welcome/[\w-]+", answer.text)
    assert found, answer.text
    return found[0]


def accept(site: Site, path: str, **more: str) -> tuple[Browser, httpx.Response]:
    browser = site.browser()
    browser.see(path)
    fields = {"name": "Ada", "password": NEW, "again": NEW, **more}
    return browser, browser.submit(path, **fields)


def state_of(site: Site, email: str) -> str | None:
    with site.registry.reading() as connection:
        user = users.find_by_email(connection, email)
        return user.state if user else None


def roles_of(site: Site, user_id: str) -> roles.Roles:
    with site.registry.reading() as connection:
        return roles.of_user(connection, user_id)


def test_an_invited_user_gets_in_by_the_link_once(site: Site) -> None:
    admin = site.as_user("admin")
    admin.see(USERS)
    path = link_in(admin.submit(USERS, email="new@example.com", name="New", role="analyst"))
    assert state_of(site, "new@example.com") == "invited"
    browser, answer = accept(site, path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert browser.see("/accounts/acme").status_code == 200
    assert browser.see("/accounts/acme/settings/keys").status_code == 403
    assert state_of(site, "new@example.com") == "active"
    again, answer = accept(site, path)
    assert (answer.status_code, "This link does not work" in answer.text) == (404, True)
    assert again.see("/accounts/acme").status_code == 303


def test_looking_at_a_link_does_not_use_it_up(site: Site) -> None:
    admin = site.as_user("admin")
    path = link_in(admin.submit(USERS, email="new@example.com", role="viewer"))
    for _ in range(3):
        assert site.browser().see(path).status_code == 200
    assert accept(site, path, again="mistyped mistyped")[1].status_code == 400
    assert accept(site, path, password="short", again="short")[1].status_code == 400
    assert accept(site, path)[1].status_code == 303


def test_a_link_ends_in_time_and_with_the_next_one(site: Site) -> None:
    admin = site.as_user("admin")
    first = link_in(admin.submit(USERS, email="new@example.com", role="viewer"))
    second = link_in(admin.submit(USERS, email="new@example.com", role="viewer"))
    assert site.browser().see(first).status_code == 404
    site.now += LASTS["invite"] - 1
    assert site.browser().see(second).status_code == 200
    site.now += 1
    assert accept(site, second)[1].status_code == 404


def test_a_new_password_ends_all_sessions_and_the_old_password(site: Site) -> None:
    admin, viewer = site.as_user("admin"), site.as_user("viewer")
    path = link_in(admin.submit(f"{USERS}/viewer/link"))
    assert viewer.see("/accounts/acme").status_code == 200
    assert accept(site, path)[1].status_code == 303
    assert viewer.see("/accounts/acme").status_code == 303
    viewer.see("/login")
    assert viewer.submit("/login", email="viewer@example.com", password=PASSWORD).status_code == 401
    assert viewer.submit("/login", email="viewer@example.com", password=NEW).status_code == 303


def test_a_link_of_a_user_who_is_disabled_works_no_longer(site: Site) -> None:
    admin = site.as_user("admin")
    path = link_in(admin.submit(f"{USERS}/viewer/link"))
    assert admin.submit(f"{USERS}/viewer/disable").status_code == 303
    assert accept(site, path)[1].status_code == 404
    assert admin.submit(f"{USERS}/viewer/link").status_code == 400
    assert admin.submit(f"{USERS}/viewer/enable").status_code == 303
    assert state_of(site, "viewer@example.com") == "active"


def test_nothing_of_a_link_that_lets_one_in_is_kept(site: Site) -> None:
    secret = link_in(site.as_user("admin").submit(USERS, email="new@example.com", role="viewer")).rpartition("/")[2]
    with site.registry.reading() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM links").all()
    assert len(rows) == 1
    assert secret not in str(rows)


def test_an_account_admin_does_not_take_over_whoever_has_roles_elsewhere(site: Site) -> None:
    admin = site.as_user("admin")
    for email in ("stranger@example.com", "nobody@example.com"):
        answer = admin.submit(USERS, email=email, role="viewer")
        assert (answer.status_code, "headgate users invite" in answer.text) == (400, True)
    for act in ("link", "disable"):
        assert admin.submit(f"{USERS}/stranger/{act}").status_code == 404
        assert admin.submit(f"{USERS}/chief/{act}").status_code == 403
    assert roles_of(site, "stranger").accounts == {"other": Role.ACCOUNT_ADMIN}
    assert roles_of(site, "nobody").accounts == {}


def test_a_link_made_for_a_lesser_role_works_no_longer_once_there_is_a_higher_one(site: Site) -> None:
    path = link_in(site.as_user("admin").submit(USERS, email="new@example.com", role="viewer"))
    people = site.as_user("chief").get("/api/organizations/org/users", headers={"Accept": "application/json"})
    assert people.status_code == 200
    answer = site.as_user("chief").submit(
        "/organizations/org/users", email="new@example.com", role="organization_admin"
    )
    newer = link_in(answer)
    assert newer != path
    assert accept(site, path)[1].status_code == 404


def test_a_role_that_is_raised_makes_open_links_void(site: Site) -> None:
    admin = site.as_user("admin")
    path = link_in(admin.submit(f"{USERS}/viewer/link"))
    assert site.as_user("chief").submit(f"{USERS}/viewer/role", role="account_admin").status_code == 303
    assert accept(site, path)[1].status_code == 404


def test_who_was_disabled_by_an_organization_admin_is_not_enabled_by_an_account_admin(site: Site) -> None:
    assert site.as_user("chief").submit(f"{USERS}/viewer/disable").status_code == 303
    assert site.as_user("admin").submit(f"{USERS}/viewer/enable").status_code == 403
    assert site.as_user("chief").submit(f"{USERS}/viewer/enable").status_code == 303


@pytest.mark.parametrize("act", ["link", "disable", "enable", "remove", "role"])
@pytest.mark.parametrize("user", ["stranger", "nothing"])
def test_users_of_other_accounts_are_not_there(site: Site, act: str, user: str) -> None:
    assert site.as_user("admin").submit(f"{USERS}/{user}/{act}", role="viewer").status_code == 404


def test_nobody_gives_a_role_above_their_own(site: Site) -> None:
    admin = site.as_user("admin")
    assert admin.submit(USERS, email="new@example.com", role="organization_admin").status_code == 403
    assert admin.submit(USERS, email="new@example.com", role="emperor").status_code == 400
    assert admin.submit(f"{USERS}/viewer/role", role="organization_admin").status_code == 403
    assert admin.submit(f"{USERS}/chief/role", role="viewer").status_code == 404
    assert state_of(site, "new@example.com") is None


def test_nobody_changes_or_disables_themselves(site: Site) -> None:
    admin = site.as_user("admin")
    for act, said in (("role", "your own role"), ("remove", "your own role"), ("disable", "disable yourself")):
        answer = admin.submit(f"{USERS}/admin/{act}", role="viewer")
        assert (answer.status_code, said in answer.text) == (400, True), act
    assert roles_of(site, "admin").accounts == {"acme": Role.ACCOUNT_ADMIN}


def test_a_role_that_is_taken_holds_no_longer_at_once(site: Site) -> None:
    admin, viewer = site.as_user("admin"), site.as_user("viewer")
    assert admin.submit(f"{USERS}/viewer/role", role="account_admin").status_code == 303
    assert viewer.see("/accounts/acme/settings/keys").status_code == 200
    assert admin.submit(f"{USERS}/viewer/remove").status_code == 303
    assert viewer.see("/accounts/acme").status_code == 404
    assert "No account yet" in viewer.see("/accounts").text


def test_an_organization_admin_makes_accounts_and_gives_roles_in_all(site: Site) -> None:
    chief = site.as_user("chief")
    answer = chief.submit("/organizations/org/accounts", id="new", name="New account")
    assert answer.headers["location"] == "/accounts/new?said=account-made"
    assert "No event group yet" in chief.see("/accounts/new").text
    assert chief.submit("/organizations/org/accounts", id="new", name="x").status_code == 400
    path = link_in(chief.submit("/organizations/org/users", email="second@example.com", role="organization_admin"))
    browser, _ = accept(site, path)
    assert browser.see("/accounts/new/settings/keys").status_code == 200


def test_the_first_link_makes_an_admin_of_all_and_then_works_no_longer(site: Site) -> None:
    with site.registry.change(by="ada", now=site.now) as change:
        for table in ("sessions", "account_roles", "organization_roles", "users"):
            change.connection.exec_driver_sql(f"DELETE FROM {table}")
        links.make(change.connection, "first", "first", user_id=None, now=site.now)
    browser, answer = accept(site, "/welcome/first", email="no address")
    assert (answer.status_code, "is no e-mail address" in answer.text) == (400, True)
    browser, answer = accept(site, "/welcome/first", email="First@Example.com")
    assert answer.status_code == 303
    for path in ("/organizations/org/users", "/organizations/rival/users", "/accounts/other/settings/keys"):
        assert browser.see(path).status_code == 200
    assert accept(site, "/welcome/first", email="second@example.com")[1].status_code == 404
    with site.registry.aside() as connection:
        links.make(connection, "late", "first", user_id=None, now=site.now)
    assert accept(site, "/welcome/late", email="second@example.com")[1].status_code == 404
    assert state_of(site, "second@example.com") is None


def test_what_was_done_is_on_record_with_who_and_from_where(site: Site) -> None:
    admin = site.as_user("admin")
    admin.submit("/accounts/acme/settings/keys", name="Shop")
    admin.submit(f"{USERS}/viewer/disable")
    lines = admin.get("/api/accounts/acme/audit", params={"limit": 2}).json()
    assert [(line["by"], line["act"], line["address"]) for line in lines] == [
        ("admin@example.com", "disable user", "testclient"),
        ("admin@example.com", "create key", "testclient"),
    ]
    text = admin.see("/accounts/acme/settings/audit?act=create+key").text
    assert "admin@example.com" in text
    assert "disable user</td>" not in text
    # another account does not see it
    assert "Shop" not in site.as_user("stranger").see("/accounts/other/settings/audit").text


def test_the_record_is_paged(site: Site) -> None:
    admin = site.as_user("admin")
    for number in range(60):
        with site.registry.change(by="ada", now=site.now) as change:
            change.note("count", f"n{number}", account="acme")
    first = admin.see("/accounts/acme/settings/audit?act=count").text
    assert "n59</code>" in first
    assert "n9</code>" not in first
    older = re.search(r'href="(\?[^"]*before=\d+)"', first)
    assert older
    second = admin.see("/accounts/acme/settings/audit" + older[1].replace("&amp;", "&")).text
    assert "n9</code>" in second
    assert "n59</code>" not in second
    assert admin.see("/accounts/acme/settings/audit?before=x").status_code == 400
    assert "Nothing fits" in admin.see("/accounts/acme/settings/audit?text=nothing").text
