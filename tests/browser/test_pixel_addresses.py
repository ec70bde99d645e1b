"""Addresses of pages say nothing of a person, and the browser takes out just what the server would."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page

from browser.recorder import Pages, Recorder, document, pages_served, snippet
from headgate_contract import redact

SOURCES = Path(__file__).parents[2] / "pixel" / "src"
WORDS = [
    "ada",
    "a.b+c",
    "é",
    "x_y",
    "-",
    "1",
    "example.com",
    "isp.co.uk",
    "localhost",
    "名",
    "name",
    "email",
    "first_name",
]
MARKS = [
    "@",
    "%40",
    "%2540",
    ".",
    "%2E",
    "/",
    "?",
    "&",
    "=",
    "#",
    ";",
    ":",
    "%2F",
    "%3d",
    "%",
    "%%40",
    "+",
    " ",
    '"',
    "]",
    "\\",
    "25",
]
ADDRESSES = st.lists(st.sampled_from([*WORDS, *MARKS]) | st.text(max_size=2), max_size=14).map("".join)

Impersonal = Callable[[str], str]


@pytest.fixture(scope="module")
def impersonal(browser: Browser) -> Iterator[Impersonal]:
    """The script's own function, in the browser."""
    with pages_served() as pages:
        pages.documents["/"] = document("")
        pages.documents["/address.js"] = (SOURCES / "address.js").read_text()
        page = browser.new_page()
        page.goto(pages.url())
        module = page.evaluate_handle("import('/address.js')")
        yield lambda url: str(module.evaluate("(module, url) => module.impersonal(url)", url))
        page.close()


@pytest.mark.parametrize(
    ("address", "left"),
    [
        ("https://shop.example/a?b=c#d", "https://shop.example/a?b=c#d"),
        ("https://shop.example/?u=ada@example.com&x=1", "https://shop.example/?u=[e-mail removed]&x=1"),
        ("https://shop.example/ada%40example.com/x", "https://shop.example/[e-mail removed]/x"),
        ("https://shop.example/?next=%2Fada%2540example.com", "https://shop.example/?next=%2F[e-mail removed]"),
        ("https://shop.example/?phone=123&first_name=Ada&q=tea", "https://shop.example/?phone=[removed]&first_name=[removed]&q=tea"),
        ("https://shop.example/@handle?at=@", "https://shop.example/@handle?at=@"),
    ],
)  # fmt: skip
def test_an_address_loses_what_it_says_of_a_person(impersonal: Impersonal, address: str, left: str) -> None:
    assert impersonal(address) == left == redact.url(redact.scrub(address))


@settings(max_examples=300, deadline=None)
@given(address=ADDRESSES)
def test_browser_and_server_take_the_same_out(impersonal: Impersonal, address: str) -> None:
    assert impersonal(address) == redact.url(redact.scrub(address))


def test_no_request_holds_what_the_address_of_the_page_says_of_a_person(
    page: Page, pages: Pages, recorder: Recorder, faults: list[str]
) -> None:
    """A referrer policy of the page neither tells more nor hides the origin, by which the server lets it in."""
    pages.documents["/"] = pages.documents["/next"] = document(snippet(recorder.origin))
    for count, policy in enumerate(("unsafe-url", "no-referrer"), 1):
        pages.headers["Referrer-Policy"] = policy
        page.goto(pages.url("/?mail=ada@example.com&x=1"))
        recorder.await_events(2 * count - 1)
        page.evaluate("given => headgate('event', 'LEAD', {event_source_url: given, referrer_url: given})", page.url)
        recorder.await_events(2 * count)
    by_path = [*recorder.asked("/v1/pixel/settings"), *recorder.asked("/v1/pixel")]
    origin = pages.url("")
    assert {(request.headers["Origin"], request.headers["Referer"]) for request in by_path} == {(origin, f"{origin}/")}
    # what loads the script is the page itself, by its own policy
    assert not [request for request in by_path if "ada" in request.everything()]
    assert {event["event_source_url"] for event in recorder.events()} == {pages.url("/?mail=[removed]&x=1")}
    assert faults == []


def test_a_frame_without_an_address_of_its_own_names_the_page_around_it(
    page: Page, pages: Pages, recorder: Recorder, faults: list[str]
) -> None:
    pages.documents["/"] = document("")
    page.goto(pages.url("/?email=ada@example.com&x=1"))
    page.evaluate(
        "text => document.body.append(Object.assign(document.createElement('iframe'), {srcdoc: text}))",
        document(snippet(recorder.origin)),
    )
    (event,) = recorder.await_events(1)
    assert event["event_source_url"] == pages.url("/?email=[removed]&x=1")
    assert faults == []
