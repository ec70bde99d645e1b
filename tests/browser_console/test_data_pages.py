"""The pages of reports as people use them, on two months of demo events: a real server, a real browser."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect
from screenshots import ACCOUNT, GROUP

from server import Server, until

DRAWN = "(id) => { const chart = echarts.getInstanceByDom(document.querySelector(`[data-chart=${id}]`)); return chart ? chart.getOption().series.length : 0; }"


def figure(page: Page, name: str) -> Locator:
    """One of the numbers on top of an overview."""
    return page.locator(".figure").filter(has=page.get_by_text(name, exact=True))


def test_a_group_is_found_its_id_copied_and_its_state_seen(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(ACCOUNT)
    card = page.locator("section.group").filter(has_text="demo_website")
    expect(card.get_by_text("receiving")).to_be_visible()
    expect(card.get_by_role("row").filter(has_text="pixel")).to_contain_text("client_ip_address")
    card.get_by_role("button", name="Copy the id").click()
    expect(card.get_by_text("Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "demo_website"


def test_the_overview_follows_its_filters_and_draws_anew(page: Page) -> None:
    page.goto(f"{GROUP}?range=30d")
    until(lambda: page.evaluate(DRAWN, "events") > 5)
    before = figure(page, "Kept").locator(".value").inner_text()
    page.get_by_label("Event name").select_option("PURCHASE")
    expect(page).to_have_url(re.compile("event_name=PURCHASE"))
    expect(figure(page, "Kept").locator(".value")).not_to_have_text(before)
    until(lambda: page.evaluate(DRAWN, "events") == 2)
    page.locator("summary", has_text="As a table").first.click()
    expect(page.get_by_role("row").filter(has_text="PURCHASE").filter(has_text="api").first).to_be_visible()
    page.reload()
    expect(page.get_by_label("Event name")).to_have_value("PURCHASE")


def test_the_overlap_of_pixel_and_api_comes_after_the_rest_of_the_overview(page: Page) -> None:
    page.goto(f"{GROUP}?range=30d")
    overlap = page.locator("#part-overlap")
    expect(overlap.get_by_role("row").filter(has_text="pixel")).to_contain_text("kept")
    expect(overlap.get_by_role("link", name="The duplicates")).to_have_attribute("href", re.compile("status=duplicate"))
    counted = overlap.get_by_role("row").filter(has_text="pixel").inner_text()
    page.goto(f"{GROUP}?range=30d&part=all")
    assert page.locator("#part-overlap").get_by_role("row").filter(has_text="pixel").inner_text() == counted


def test_a_number_leads_to_its_events_and_an_event_to_its_trace(page: Page) -> None:
    page.goto(f"{GROUP}?range=24h")
    number = figure(page, "Duplicate").locator(".value a")
    count = int(number.inner_text().replace(",", ""))
    number.click()
    expect(page.get_by_role("heading", name="Events", level=1)).to_be_visible()
    expect(page.get_by_label("Outcome")).to_have_value("duplicate")
    shown = page.locator("tbody tr").count()
    assert shown == min(count, 50)
    page.locator("tbody tr a").first.click()
    expect(page.get_by_text("Recognised as a duplicate").first).to_be_visible()
    expect(page.get_by_text("It is in no total.").first).to_be_visible()


def test_a_trace_tells_what_was_sent_three_times(page: Page) -> None:
    page.goto(f"{GROUP}/trace")
    page.get_by_label("Event id").fill("try-1")
    page.get_by_role("button", name="Trace").click()
    expect(page.get_by_text("Sent 3 times")).to_be_visible()
    expect(page.locator(".badge").filter(has_text=re.compile("^(kept|duplicate|rejected)$"))).to_have_text(
        ["kept", "duplicate", "rejected"]
    )
    expect(page.get_by_text("Divide by 1000")).to_be_visible()


def test_diagnostics_say_what_is_wrong_and_how_to_mend_it(page: Page) -> None:
    page.goto("/accounts/streaming/groups/streaming_signup/diagnostics?range=30d")
    expect(page.get_by_text("Divide by 1000: event_time counts seconds")).to_be_visible()
    expect(page.get_by_text("clock runs ahead by up to")).to_be_visible()
    page.locator("a.badge.bad").first.click()
    expect(page.get_by_label("Outcome")).to_have_value("rejected")
    expect(page.get_by_text("reason:")).to_be_visible()
    page.goto(f"{GROUP}/diagnostics?range=60d")
    expect(page.get_by_text("Same order, other id")).to_be_visible()
    page.goto("/accounts/kitchen/groups/kitchen_shop/diagnostics?range=60d")
    expect(page.get_by_text("the digest of an empty text")).to_be_visible()


def test_an_event_is_sent_from_the_page_answered_and_seen_at_once(server: Server, page: Page) -> None:
    page.goto(f"{GROUP}/test-events")
    expect(page.locator("#live-state")).to_have_text("live")
    name = f"sent-{time.time_ns()}"
    event = json.loads(page.get_by_label("Event, as JSON").input_value())
    page.get_by_label("Event, as JSON").fill(json.dumps({**event, "event_id": name, "event_time": "soon"}))
    page.get_by_label("API key").fill(server.demo["api_key"])
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#exchange")).to_contain_text("POST /v1/test_events HTTP/1.1")
    expect(page.locator("#exchange")).to_contain_text("must be an integer")
    assert server.demo["api_key"] not in page.content()
    item = page.locator("#seen > li").filter(has_text=name)
    expect(item).to_be_visible(timeout=15_000)
    expect(item).to_contain_text("Send event_time as whole seconds")


def test_live_traffic_comes_on_a_switch(server: Server, page: Page) -> None:
    page.goto(f"{GROUP}/test-events")
    page.get_by_label("Live traffic too").check()
    expect(page.locator("#live-state")).to_have_text("live")
    name = f"live-{time.time_ns()}"
    event = {
        "event_id": name, "event_name": "LEAD", "event_type": "conversion", "event_time": int(time.time()),
        "user_data": {"em": "eve@example.com"}, "custom_data": {"content_name": "<b>bold</b>"},
    }  # fmt: skip
    assert server.post(event).status_code == 200
    item = page.locator("#seen > li").filter(has_text=name)
    expect(item).to_be_visible(timeout=15_000)
    expect(item).to_contain_text("kept")


@pytest.mark.usefixtures("admin")
def test_the_snippets_send_an_event(server: Server, page: Page) -> None:
    page.goto(f"{GROUP}/connect")
    for name, command in (
        ("python", [sys.executable, "-"]),
        ("node", ["node", "--input-type=module", "-"]),
        ("curl", ["bash"]),
    ):
        text = page.locator(f"#snippet-{name}").inner_text()
        done = subprocess.run(
            command, input=text, capture_output=True, text=True, check=False, timeout=60,
            env={"HEADGATE_KEY": server.demo["api_key"], "PATH": "/usr/local/bin:/usr/bin:/bin"},
        )  # fmt: skip
        assert '"events_received":1' in done.stdout.replace(" ", ""), (name, done.stderr)


def test_a_user_of_the_api_gets_what_the_page_shows(server: Server, page: Page) -> None:
    page.goto("/accounts/streaming/groups/streaming_signup?range=30d")
    link = figure(page, "Kept").locator(".value a")
    query = (link.get_attribute("href") or "").partition("?")[2]
    answer = httpx.get(
        f"{server.demo['desk_url']}/api/reports/totals?group=streaming_signup&{query.partition('&status')[0]}",
        headers={"Authorization": f"Bearer {(server.data / 'operator-token').read_text()}"},
    )
    assert f"{answer.json()['kept']:,}" == link.inner_text()
