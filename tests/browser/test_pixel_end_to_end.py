"""A visitor's browser, a shop's pages, and a real server: what a page calls is found again in the store."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from browser.recorder import Pages, document
from headgate.edge.pixel_script import base_code
from server import Server, headgate, serving, until

GROUP = "demo_website"
EMAIL_DIGEST = "2a13b8ba86800a210d2a7194ee2d24202a12055ad8830a50aaca08898ad2ea6c"
RUNS = 100


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("pixel") / "data") as running:
        yield running


@pytest.fixture
def group(server: Server, pages: Pages) -> str:
    """A group of this test's own, whose site `shop.localhost` is."""
    name = f"g{time.monotonic_ns()}"
    change(server, pages, "create", name, "--account", "demo", "--origin", pages.url("").rstrip("/"))
    return name


def change(server: Server, pages: Pages, verb: str, group: str, *flags: str) -> None:
    """Change a group, and wait until the worker goes by it."""
    done = headgate(server.data, "groups", verb, group, *flags)
    assert done.returncode == 0, done.stderr
    expected = {"cookie": "--no-cookie" not in flags, "advanced_matching": "--advanced-matching" in flags}
    asked = {"params": {"event_group_id": group}, "headers": {"Origin": pages.url("").rstrip("/")}}

    def holds() -> bool:
        answer = server.edge.get("/v1/pixel/settings", **asked)
        return answer.status_code == 200 and answer.json() == expected

    until(holds)


def open_page(
    page: Page, pages: Pages, server: Server, group: str, *, host: str = "shop.localhost", nonce: str = ""
) -> None:
    pages.documents["/"] = pages.documents["/next"] = document(base_code(server.demo["edge_url"], group, nonce=nonce))
    page.goto(pages.url(host=host))


def call(page: Page, name: str, **fields: Any) -> None:
    page.evaluate("([name, fields]) => headgate('event', name, fields)", [name, fields])


def stored(server: Server, group: str, count: int, **asked: Any) -> list[dict[str, Any]]:
    return server.stored(count, group=group, **asked)


def rejections(server: Server, group: str) -> list[dict[str, Any]]:
    answer = server.desk.get("/api/rejections", params={"group": group, "limit": 0})
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


def test_a_purchase_by_pixel_and_by_api_is_kept_once_and_matched_by_what_either_knows(
    page: Page, pages: Pages, server: Server, group: str, faults: list[str]
) -> None:
    open_page(page, pages, server, group)
    call(page, "PURCHASE", event_id="order-1", value=42.5, currency="EUR")
    stored(server, group, 2)
    answer = server.post(
        {
            "event_id": "order-1",
            "event_name": "PURCHASE",
            "event_type": "conversion",
            "event_time": int(time.time()),
            "user_data": {"em": EMAIL_DIGEST},
            "custom_data": {"value": 42.5, "currency": "EUR"},
        },
        event_group_id=group,
    )
    assert answer.status_code == 200
    found = stored(server, group, 3)
    assert sorted((row["event_name"], row["source"], row["status"]) for row in found) == [
        ("PAGE_VIEW", "pixel", "kept"), ("PURCHASE", "api", "duplicate"), ("PURCHASE", "pixel", "kept"),
    ]  # fmt: skip
    cookie = page.evaluate("document.cookie")
    by_pixel = [row["user_data"] for row in found if row["source"] == "pixel"]
    assert {f"_hg_aFC={user['aFC']}" for user in by_pixel} == {cookie}
    traced = server.desk.get("/api/trace", params={"event_id": "order-1", "group": group}).json()
    matchable = next(station for station in traced[0]["stations"] if station["name"] == "matchable")
    assert "aFC" in matchable["details"]["by"]
    assert matchable["details"]["by_duplicates"] == ["em"]
    reconciled = headgate(server.data, "reconcile", "--group", group)
    assert reconciled.returncode == 0, reconciled.stdout
    assert faults == []


def kept_leads(server: Server, group: str) -> set[str]:
    found = server.events(group=group, status="kept")
    return {row["event_id"] for row in found if row["event_name"] == "LEAD"}


def test_leaving_the_page_right_after_the_call_loses_nothing(
    page: Page, pages: Pages, server: Server, group: str
) -> None:
    open_page(page, pages, server, group)
    for run in range(RUNS):
        page.evaluate(
            "run => { headgate('event', 'LEAD', {event_id: 'leave-' + run}); location.href = '/next?' + run }", run
        )
        page.wait_for_url(f"**/next?{run}")
    ids = until(lambda: len(ids := kept_leads(server, group)) >= RUNS and ids)
    print(f"left the page {RUNS} times right after a call, kept {len(ids)}")  # noqa: T201 - a figure that was asked for
    assert ids == {f"leave-{run}" for run in range(RUNS)}


def test_no_cookie_is_set_where_the_group_has_it_off(page: Page, pages: Pages, server: Server, group: str) -> None:
    change(server, pages, "update", group, "--no-cookie")
    open_page(page, pages, server, group)
    (row,) = stored(server, group, 1)
    assert page.evaluate("[document.cookie, localStorage.length, sessionStorage.length]") == ["", 0, 0]
    assert "aFC" not in row["user_data"]


def test_global_privacy_control_is_limited_data_use_in_the_store(
    context: BrowserContext, page: Page, pages: Pages, server: Server, group: str
) -> None:
    context.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})")
    open_page(page, pages, server, group)
    (row,) = stored(server, group, 1)
    assert (row["status"], row["limited_data_use"]) == ("kept", True)


def test_a_raw_address_is_hashed_in_the_page_where_the_group_allows_it(
    page: Page, pages: Pages, server: Server, group: str
) -> None:
    change(server, pages, "update", group, "--advanced-matching")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.post_data or ""))
    open_page(page, pages, server, group)
    call(page, "LEAD", user_data={"em": " MyName+news@ISP.com "})
    (row,) = [row for row in stored(server, group, 2) if row["event_name"] == "LEAD"]
    assert row["user_data"]["em"] == EMAIL_DIGEST
    assert row["hashed_on_receipt"] == []
    assert not any("isp.com" in body.lower() for body in sent)


def test_a_foreign_page_sees_nothing_and_is_found_in_rejections_and_metrics(
    page: Page, pages: Pages, server: Server, group: str, faults: list[str]
) -> None:
    open_page(page, pages, server, group, host="evil.localhost")
    found = until(lambda: rejections(server, group))
    assert "http://evil.localhost" in found[0]["errors"]["origin"]
    assert server.events(group=group) == []
    assert page.evaluate("document.cookie") == ""
    counted = 'headgate_edge_pixel_refused_events_total{reason="foreign_origin"}'
    until(lambda: counted in server.desk.get("/metrics").text)
    assert faults == []


def test_a_page_with_a_strict_policy_needs_a_nonce_and_nothing_else(
    page: Page, pages: Pages, server: Server, group: str, faults: list[str]
) -> None:
    edge = server.demo["edge_url"]
    pages.headers["Content-Security-Policy"] = (
        f"default-src 'none'; script-src 'nonce-n0nce'; connect-src {edge}; img-src data:"
    )
    open_page(page, pages, server, group, nonce="n0nce")
    (row,) = stored(server, group, 1)
    assert (row["event_name"], row["source"]) == ("PAGE_VIEW", "pixel")
    assert faults == []


def test_a_page_without_scripts_is_counted_by_its_image(
    browser: Browser, pages: Pages, server: Server, group: str
) -> None:
    plain = browser.new_context(java_script_enabled=False)
    open_page(plain.new_page(), pages, server, group)
    (row,) = stored(server, group, 1)
    plain.close()
    assert (row["event_name"], row["source"]) == ("PAGE_VIEW", "pixel")
    assert row["event_source_url"].startswith("http://shop.localhost")
