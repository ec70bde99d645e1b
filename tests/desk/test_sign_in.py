"""Signing in and out: who is let in, what the cookie is like, and who is kept out."""

from __future__ import annotations

from console import PASSWORD, Site


def test_who_is_not_signed_in_is_led_to_the_sign_in_and_back(site: Site) -> None:
    browser = site.browser()
    answer = browser.see("/accounts/acme?x=1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=/accounts/acme%3Fx%3D1")
    browser.see(answer.headers["location"])
    answer = browser.submit("/login", email="Viewer@Example.com ", password=PASSWORD, next="/accounts/acme?x=1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/accounts/acme?x=1")
    assert "Acme" in browser.see("/accounts/acme").text
