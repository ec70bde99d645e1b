"""What leaves the page, what stays on the device, and what neither does."""

from __future__ import annotations

import hashlib
import re
import ssl
import time
from collections.abc import Iterator
from typing import Any

import pytest
import trustme
from playwright.sync_api import Browser, Page

from browser.recorder import Pages, Recorder, document, pages_served, snippet

COOKIE = "_hg_aFC"
THIRTEEN_MONTHS = 34128000
RAW = {"em": "Ada+shop@Example.com", "ph": "+44 20 7946 0991", "fn": "Ada", "ln": "Lovelace-King", "db": "1815-12-10"}
NORMAL = {"em": "ada@example.com", "ph": "442079460991", "fn": "ada", "ln": "lovelace-king", "db": "1815-12-10"}
DIGESTS = {name: hashlib.sha256(value.encode()).hexdigest() for name, value in NORMAL.items()}
#: counts every touch of cookies and storage by page code
WATCHED = """
window.touched = [];
const cookie = Object.getOwnPropertyDescriptor(Document.prototype, "cookie");
Object.defineProperty(document, "cookie", {
    get() { touched.push("cookie read"); return cookie.get.call(document); },
    set(text) { touched.push("cookie " + text); cookie.set.call(document, text); },
});
for (const name of ["localStorage", "sessionStorage", "indexedDB", "caches"]) {
    const found = Object.getOwnPropertyDescriptor(window, name);
    Object.defineProperty(window, name, {get() { touched.push(name); return found.get.call(window); }});
}
"""


@pytest.fixture
def secure_pages() -> Iterator[Pages]:
    """Pages by HTTPS, as advertisers have them: under any name, with a certificate that nobody checks here."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("*.example").configure_cert(tls)
    with pages_served(tls) as running:
        yield running


def cookies(page: Page) -> list[Any]:
    return [cookie for cookie in page.context.cookies() if cookie["name"] == COOKIE]


def open_page(page: Page, pages: Pages, recorder: Recorder, host: str = "shop.localhost", before: str = "") -> None:
    script = f"<script>{before}</script>" if before else ""
    pages.documents["/"] = document(snippet(recorder.origin).replace("headgate(", f"{before};headgate(", 1) + script)
    page.goto(pages.url("/", host))


def test_the_first_party_cookie_lasts_thirteen_months_and_is_sent(shop: Page, recorder: Recorder) -> None:
    (event,) = recorder.await_events(1)
    (cookie,) = cookies(shop)
    assert re.fullmatch(r"hg\.1\.\d{13}\.[0-9a-f]{32}", cookie["value"])
    assert event["user_data"] == {"aFC": cookie["value"]}
    assert abs(cookie["expires"] - time.time() - THIRTEEN_MONTHS) < 60
    assert (cookie["path"], cookie["sameSite"], cookie["secure"], cookie["httpOnly"]) == ("/", "Lax", True, False)
    shop.reload()
    assert recorder.await_events(2)[1]["user_data"] == {"aFC": cookie["value"]}
    (again,) = cookies(shop)
    # a later visit does not prolong it
    assert abs(again["expires"] - cookie["expires"]) < 1


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("www.shop.example", ".shop.example"),
        ("a.b.shop.co.uk", ".shop.co.uk"),
        ("one.github.io", ".one.github.io"),
        ("127.0.0.1", "127.0.0.1"),
        ("localhost", "localhost"),
    ],
)
def test_the_cookie_is_set_on_the_advertisers_domain_and_never_on_a_public_suffix(
    page: Page, secure_pages: Pages, recorder: Recorder, host: str, domain: str
) -> None:
    open_page(page, secure_pages, recorder, host)
    recorder.await_events(1)
    assert [cookie["domain"] for cookie in cookies(page)] == [domain]


def test_sub_domains_share_the_cookie_and_can_remove_it(page: Page, secure_pages: Pages, recorder: Recorder) -> None:
    for count, host in enumerate(("www.shop.example", "checkout.shop.example", "shop.example"), 1):
        open_page(page, secure_pages, recorder, host)
        recorder.await_events(count)
    assert len({event["user_data"]["aFC"] for event in recorder.events()}) == 1
    page.evaluate("headgate('consent', false)")
    assert cookies(page) == []


def test_without_the_cookie_setting_nothing_on_the_device_is_read_or_written(
    page: Page, pages: Pages, recorder: Recorder
) -> None:
    recorder.settings["shop"]["cookie"] = False
    page.add_init_script(WATCHED)
    open_page(page, pages, recorder)
    page.evaluate("headgate('event', 'LEAD')")
    recorder.await_events(2)
    assert page.evaluate("touched") == []
    assert page.context.cookies() == []
    assert all(event["user_data"] == {} for event in recorder.events())


@pytest.mark.parametrize("refusal", ["false", "'false'", "undefined", "null"])
def test_refused_consent_keeps_the_cookie_away_from_the_first_event_on(
    page: Page, pages: Pages, recorder: Recorder, refusal: str
) -> None:
    page.add_init_script(WATCHED)
    open_page(page, pages, recorder, before=f"headgate('consent', {refusal})")
    page.evaluate("headgate('event', 'LEAD')")
    recorder.await_events(2)
    assert all(event["user_data"] == {} for event in recorder.events())
    assert cookies(page) == []
    # all that is ever written is an end of what an earlier visit left
    assert all("max-age=0" in touch for touch in page.evaluate("touched"))


def test_consent_withdrawn_removes_the_cookie_and_consent_given_sets_a_new_one(shop: Page, recorder: Recorder) -> None:
    (first,) = recorder.await_events(1)
    shop.evaluate("() => { headgate('event', 'SEARCH'); headgate('consent', false); headgate('event', 'LEAD'); }")
    recorder.await_events(3)
    assert cookies(shop) == []
    shop.evaluate("() => { headgate('consent', true); headgate('event', 'DONATE'); }")
    recorder.await_events(4)
    _, searched, refused, given = recorder.events()
    # even what was fired before is sent as the visitor last said
    assert searched["user_data"] == refused["user_data"] == {}
    assert given["user_data"]["aFC"] != first["user_data"]["aFC"]
    assert [cookie["value"] for cookie in cookies(shop)] == [given["user_data"]["aFC"]]


def test_global_privacy_control_limits_the_use_of_every_event(page: Page, pages: Pages, recorder: Recorder) -> None:
    page.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', {get: () => true})")
    open_page(page, pages, recorder)
    page.evaluate("() => { headgate('event', 'LEAD', {opt_out: 'false'}); headgate('event', 'SEARCH'); }")
    recorder.await_events(3)
    assert [event["opt_out"] for event in recorder.events()] == ["true"] * 3


def test_an_opt_out_of_the_page_is_sent_and_never_fails_open(shop: Page, recorder: Recorder) -> None:
    shop.evaluate("""() => {
        headgate("event", "LEAD", {opt_out: "true"});
        headgate("event", "LEAD", {opt_out: true});
        headgate("event", "LEAD", {get opt_out() { throw new Error("unreadable"); }});
        headgate("event", "LEAD", {opt_out: null});
        headgate("event", "LEAD", {opt_out: ""});
        headgate("event", "LEAD", {opt_out: () => true});
        headgate("event", "LEAD", {opt_out: "false"});
        headgate("init", "shop", {opt_out: "true"});
        headgate("event", "LEAD");
    }""")
    events = recorder.await_events(9)
    assert "opt_out" not in events[0]
    # what is no yes and no no goes as it is: the server refuses the event and says so in its rejections
    assert [event["opt_out"] for event in events[1:]] == ["true", True, True, None, "", None, "false", "true"]


def assert_nothing_raw(recorder: Recorder) -> None:
    sent = "\n".join(request.everything() for request in recorder.requests).lower()
    for raw in (*RAW.values(), *NORMAL.values(), "7946 0991", "lovelace"):
        # a first name of three letters may be part of a digest; as a value it stands in quotes
        assert (f'"{raw.lower()}"' if len(raw) < 4 else raw.lower()) not in sent


def test_raw_values_never_leave_the_page_where_matching_is_off(shop: Page, recorder: Recorder) -> None:
    shop.evaluate("raw => { headgate('init', 'shop', raw); headgate('event', 'LEAD', raw); }", RAW)
    shop.evaluate("raw => headgate('event', 'LEAD', {user_data: {is_hashed: false, ...raw}, custom_data: raw})", RAW)
    shop.evaluate(
        "digests => headgate('event', 'PURCHASE', {user_data: digests, email: 'x@example.com'})",
        {name: digest.upper() for name, digest in DIGESTS.items() if name != "em"},
    )
    recorder.await_events(4)
    assert_nothing_raw(recorder)
    user_data = [event["user_data"] for event in recorder.events()]
    for fields in user_data:
        assert fields.pop("aFC")
    assert user_data == [{}, {}, {}, {name: digest for name, digest in DIGESTS.items() if name != "em"}]


def test_raw_values_are_hashed_in_the_page_where_matching_is_on(
    page: Page, pages: Pages, recorder: Recorder, faults: list[str]
) -> None:
    recorder.settings["shop"] = {"cookie": False, "advanced_matching": True}
    open_page(page, pages, recorder)
    page.evaluate("raw => headgate('event', 'LEAD', {event_id: 'flat', ...raw, ge: ' Female ', zp: '34117'})", RAW)
    page.evaluate("raw => headgate('event', 'LEAD', {event_id: 'nested', user_data: {is_hashed: false, ...raw}})", RAW)
    page.evaluate("raw => headgate('event', 'LEAD', {event_id: 'wrong', user_data: {is_hashed: true, ...raw}})", RAW)
    page.evaluate(
        "headgate('event', 'LEAD', {event_id: 'none', em: 'nobody', ph: 'none', db: 'today', ge: 'x', fn: ' '})"
    )
    recorder.await_events(5)
    assert_nothing_raw(recorder)
    found = {event["event_id"]: event["user_data"] for event in recorder.events() if event["event_name"] == "LEAD"}
    female = hashlib.sha256(b"female").hexdigest()
    assert found == {
        "flat": {**DIGESTS, "ge": female, "zp": "34117"},
        "nested": DIGESTS,
        "wrong": {},
        "none": {},
    }
    assert faults == []


def test_user_data_of_init_goes_with_later_events_of_that_group(page: Page, pages: Pages, recorder: Recorder) -> None:
    recorder.settings = {
        "shop": {"cookie": False, "advanced_matching": True},
        "other": {"cookie": False, "advanced_matching": True},
    }
    open_page(page, pages, recorder)
    recorder.await_events(1)
    page.evaluate("""() => {
        headgate("init", "other");
        headgate("init", "shop", {em: "ada@example.com", external_id: 7});
        headgate("event", "LEAD", {external_id: 8, fn: "Ada"});
    }""")
    recorder.await_events(2)
    recorder.await_events(1, "other")
    assert recorder.events()[1]["user_data"] == {"em": DIGESTS["em"], "fn": DIGESTS["fn"], "external_id": "8"}
    assert recorder.events("other")[0]["user_data"] == {"fn": DIGESTS["fn"], "external_id": "8"}


def test_an_insecure_page_sends_neither_raw_values_nor_a_cookie(
    page: Page, pages: Pages, recorder: Recorder, faults: list[str]
) -> None:
    recorder.settings["shop"]["advanced_matching"] = True
    open_page(page, pages, recorder, "shop.example")
    assert page.evaluate("[isSecureContext, !!crypto.subtle]") == [False, False]
    page.evaluate("raw => headgate('event', 'LEAD', {...raw, zp: '34117'})", RAW)
    recorder.await_events(2)
    assert recorder.events()[1]["user_data"] == {"zp": "34117"}
    assert_nothing_raw(recorder)
    assert faults == []


def test_a_strict_content_security_policy_needs_a_nonce_and_two_sources(
    page: Page, pages: Pages, recorder: Recorder, faults: list[str]
) -> None:
    pages.headers["Content-Security-Policy"] = (
        f"default-src 'none'; script-src 'nonce-n1'; connect-src {recorder.origin}; img-src {recorder.origin} data:"
    )
    pages.documents["/"] = document(snippet(recorder.origin, nonce="n1"))
    page.goto(pages.url())
    recorder.await_events(1)
    page.evaluate("headgate('event', 'LEAD', {em: 'ada@example.com'})")
    recorder.await_events(2)
    assert recorder.names() == ["PAGE_VIEW", "LEAD"]
    assert faults == []


def test_a_browser_without_scripts_asks_for_the_image(browser: Browser, pages: Pages, recorder: Recorder) -> None:
    context = browser.new_context(java_script_enabled=False)
    pages.documents["/"] = document(snippet(recorder.origin))
    pages.headers["Referrer-Policy"] = "no-referrer"
    context.new_page().goto(pages.url())
    context.close()
    (request,) = recorder.asked("/v1/pixel.gif")
    assert request.query == {"event_group_id": "shop", "event_name": "PAGE_VIEW"}
    # the server knows the page by it, whatever the page's own policy is
    assert request.headers["Referer"] == pages.url("/")
