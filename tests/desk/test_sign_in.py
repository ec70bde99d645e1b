"""Signing in and out: who is let in, what the cookie is like, and who is kept out."""

from __future__ import annotations

import time
from http.cookies import SimpleCookie

import httpx
import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st

from console import PASSWORD, Site
from headgate.desk.pages.sign_in import local_path
from headgate.desk.passwords import COMMONEST, Passwords, check_password
from headgate.errors import InvalidRegistration
from headgate.registry import sessions, sign_in_tries, users


def cookie(answer: httpx.Response, name: str) -> SimpleCookie:
    """The cookie of that name that an answer sets."""
    found = SimpleCookie()
    for line in answer.headers.get_list("set-cookie"):
        if line.startswith(f"{name}="):
            found.load(line)
    return found


def test_who_is_not_signed_in_is_led_to_the_sign_in_and_back(site: Site) -> None:
    browser = site.browser()
    answer = browser.see("/accounts/acme?x=1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=/accounts/acme%3Fx%3D1")
    browser.see(answer.headers["location"])
    answer = browser.submit("/login", email="Viewer@Example.com ", password=PASSWORD, next="/accounts/acme?x=1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/accounts/acme?x=1")
    assert "Acme" in browser.see("/accounts/acme").text


def test_the_cookie_is_for_this_server_and_no_script(site: Site) -> None:
    browser = site.browser()
    browser.see("/login")
    answer = browser.submit("/login", email="viewer@example.com", password=PASSWORD)
    set_cookie = cookie(answer, "headgate_session")["headgate_session"]
    assert (set_cookie["httponly"], set_cookie["samesite"], set_cookie["path"]) == (True, "lax", "/")
    assert (set_cookie["secure"], set_cookie["domain"], int(set_cookie["max-age"])) == ("", "", sessions.LONGEST)
    assert browser.see("/login").headers["referrer-policy"] == "no-referrer"


def test_over_https_the_cookie_is_secure_and_bound_to_the_host(site: Site) -> None:
    browser = site.browser()
    browser.base_url = "https://desk.example.com"
    browser.see("/login")
    answer = browser.submit("/login", email="viewer@example.com", password=PASSWORD)
    assert answer.status_code == 303
    set_cookie = cookie(answer, "__Host-headgate_session")["__Host-headgate_session"]
    assert (set_cookie["secure"], set_cookie["path"], set_cookie["domain"]) == (True, "/", "")


def test_nothing_of_a_session_that_lets_one_in_is_kept(site: Site) -> None:
    browser = site.as_user("viewer")
    value = browser.cookies["headgate_session"]
    with site.registry.reading() as connection:
        kept = sessions.of_user(connection, "viewer", site.now)
    assert len(kept) == 1
    assert value not in str(kept)


def test_a_session_that_somebody_planted_is_not_the_one_that_signs_in(site: Site) -> None:
    browser = site.browser()
    browser.cookies.set("headgate_session", "planted", domain="testserver.local")
    browser.see("/login")
    answer = browser.submit("/login", email="viewer@example.com", password=PASSWORD)
    assert answer.status_code == 303
    assert cookie(answer, "headgate_session")["headgate_session"].value != "planted"
    other = site.browser()
    other.cookies.set("headgate_session", "planted", domain="testserver.local")
    assert other.see("/accounts/acme").status_code == 303


def test_signing_in_again_ends_the_session_before(site: Site) -> None:
    browser = site.as_user("viewer")
    former = browser.cookies["headgate_session"]
    assert browser.submit("/login", email="viewer@example.com", password=PASSWORD).status_code == 303
    assert browser.cookies["headgate_session"] != former
    other = site.browser()
    other.cookies.set("headgate_session", former, domain="testserver.local")
    assert other.see("/accounts/acme").status_code == 303


@pytest.mark.parametrize(
    ("email", "password"),
    [("viewer@example.com", "another password"), ("unknown@example.com", PASSWORD), ("", ""), ("é\x00", "\x00")],
)
def test_a_wrong_password_and_an_unknown_user_get_the_same_answer(site: Site, email: str, password: str) -> None:
    browser = site.browser()
    browser.see("/login")
    answer = browser.submit("/login", email=email, password=password)
    assert answer.status_code == 401
    assert "E-mail address and password do not belong together." in answer.text
    assert "headgate_session" not in browser.cookies


def test_an_unknown_user_costs_as_much_time_as_a_wrong_password() -> None:
    passwords = Passwords(PasswordHasher(time_cost=2, memory_cost=16384, parallelism=1))
    kept = passwords.hash(PASSWORD)

    def seconds(against: str | None) -> float:
        started = time.perf_counter()
        assert not passwords.holds("another password", against)
        return time.perf_counter() - started

    known = min(seconds(kept) for _ in range(7))
    unknown = min(seconds(None) for _ in range(7))
    assert 0.5 < unknown / known < 2


def test_a_disabled_user_is_out_at_once_and_stays_out(site: Site) -> None:
    browser = site.as_user("viewer")
    with site.registry.change(by="ada", now=site.now) as change:
        users.disable(change, "viewer")
    assert browser.see("/accounts/acme").status_code == 303
    browser.see("/login")
    assert browser.submit("/login", email="viewer@example.com", password=PASSWORD).status_code == 401


def test_too_many_tries_for_a_user_are_refused_with_the_time_to_wait(site: Site) -> None:
    browser = site.browser()
    browser.see("/login")
    for _ in range(sign_in_tries.BY_USER):
        assert browser.submit("/login", email="viewer@example.com", password="wrong").status_code == 401
        site.now += 1
    answer = browser.submit("/login", email="VIEWER@example.com", password=PASSWORD)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, str(sign_in_tries.WINDOW - 5))
    assert "Too many tries. Wait 15 minutes" in answer.text
    # somebody else's tries are not theirs
    assert browser.submit("/login", email="analyst@example.com", password=PASSWORD).status_code == 303
    site.now += sign_in_tries.WINDOW - 5
    late = site.browser()
    late.see("/login")
    assert late.submit("/login", email="viewer@example.com", password=PASSWORD).status_code == 303


def test_tries_are_counted_anew_after_a_right_one(site: Site) -> None:
    browser = site.browser()
    for _ in range(3):
        browser.see("/login")
        for _ in range(sign_in_tries.BY_USER - 1):
            assert browser.submit("/login", email="viewer@example.com", password="wrong").status_code == 401
        assert browser.submit("/login", email="viewer@example.com", password=PASSWORD).status_code == 303


def test_an_address_that_tries_many_users_is_refused(site: Site) -> None:
    browser = site.browser()
    browser.see("/login")
    statuses = [
        browser.submit("/login", email=f"user{number}@example.com", password="wrong").status_code
        for number in range(sign_in_tries.BY_ADDRESS + 1)
    ]
    assert statuses == [401] * sign_in_tries.BY_ADDRESS + [429]


def test_a_session_ends_when_it_is_not_used_and_in_any_case(site: Site) -> None:
    browser = site.as_user("viewer")
    site.now += sessions.IDLE - 1
    assert browser.see("/accounts/acme").status_code == 200
    site.now += sessions.IDLE
    assert browser.see("/accounts/acme").status_code == 303
    browser = site.as_user("viewer")
    began = site.now
    while site.now - began < sessions.LONGEST - sessions.IDLE:
        site.now += sessions.IDLE - 1
        assert browser.see("/accounts/acme").status_code == 200
    site.now = began + sessions.LONGEST
    assert browser.see("/accounts/acme").status_code == 303


def test_signing_out_ends_the_session_on_the_server(site: Site) -> None:
    browser = site.as_user("viewer")
    value = browser.cookies["headgate_session"]
    answer = browser.submit("/logout")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?said=signed-out")
    assert "You are signed out." in browser.see("/login?said=signed-out").text
    other = site.browser()
    other.cookies.set("headgate_session", value, domain="testserver.local")
    assert other.see("/accounts/acme").status_code == 303


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "evil",
        "",
        "javascript:alert(1)",
    ],
)
def test_a_link_to_the_sign_in_leads_nowhere_else(site: Site, path: str) -> None:
    browser = site.browser()
    browser.see("/login")
    answer = browser.submit("/login", email="viewer@example.com", password=PASSWORD, next=path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


@given(st.text(alphabet="/\\\t\n:.abc?#@ "))
def test_wherever_a_path_leads_it_is_on_this_server(path: str) -> None:
    led = local_path(path)
    assert httpx.URL("http://desk.test/").join(led).host == "desk.test"
    assert not led.startswith(("//", "/\\"))


@pytest.mark.parametrize(
    "password", ["short", "elevenchars", "aaaaaaaaaaaa", "abababababab", "x" * 257, "Password1234", "me@example.com"]
)
def test_a_password_that_is_easily_found_is_refused_without_being_repeated(password: str) -> None:
    with pytest.raises(InvalidRegistration, match="password: ") as refused:
        check_password(password, "me@example.com")
    assert password not in str(refused.value)


def test_passwords_of_one_case_without_digits_are_fine() -> None:
    assert check_password(PASSWORD) == PASSWORD
    assert all(len(each) >= 12 and each == each.lower() for each in COMMONEST)
