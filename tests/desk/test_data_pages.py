"""The pages of reports, over the real engine: what they show, where their numbers lead, and that nothing breaks out."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from console import Browser, Site, console_site
from headgate.store.clickhouse import ClickHouseStore
from stored_rows import NOW, conversions, load, rejections

GROUP = "/accounts/acme/groups/acme_site"
HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{7*7}}</script>&amp;"
PAGES = (
    "",
    "/events",
    "/events?status=rejected",
    "/events?status=dead",
    "/test-events",
    "/diagnostics?part=all",
    "/trace",
    "/connect",
)


@pytest.fixture(scope="module")
def filled(open_database: Callable[[str], ClickHouseStore], database_names: Iterator[str]) -> ClickHouseStore:
    """A store with events of the last three days of one group."""
    store = open_database(next(database_names))
    store.migrate()
    mine = {"event_group_id": "acme_site", "account_id": "acme"}
    load(store, "conversions", [{**row, **mine} for row in conversions(Random(4), 300)])
    load(store, "rejections", [{**row, **mine} for row in rejections(Random(5), 40)])
    return store


@pytest.fixture
def data(filled: ClickHouseStore, tmp_path: Path) -> Iterator[Site]:
    """A site on that store."""
    with console_site(tmp_path, filled) as site:
        site.now = NOW
        yield site


def see(browser: Browser, path: str) -> str:
    answer = browser.see(path)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_every_number_leads_to_as_many_events(data: Site) -> None:
    browser = data.as_user("analyst")
    found: list[tuple[str, str]] = []
    for path, least in (
        (f"{GROUP}?range=7d", 13),
        (f"{GROUP}/diagnostics?range=7d&part=all", 5),
        ("/accounts/acme", 2),
    ):
        links = re.findall(rf'<a [^>]*href="({GROUP}/events\?[^"]+)">([\d,]+)(?: events?)?</a>', see(browser, path))
        assert len(links) >= least, path
        found += links
    for link, number in found:
        query = html.unescape(link).partition("?")[2]
        answer = browser.get(f"/api/reports/events?group=acme_site&limit=1000&{query}")
        assert answer.status_code == 200, answer.text
        assert len(answer.json()["events"]) == int(number.replace(",", "")), link
        shown = see(browser, html.unescape(link))
        assert shown.count('data-label="Received"') == min(int(number.replace(",", "")), 50)


def test_a_list_goes_on_page_by_page(data: Site) -> None:
    browser = data.as_user("analyst")
    path: str | None = f"{GROUP}/events"
    seen: list[str] = []
    while path:
        page = see(browser, path)
        seen += re.findall(r'data-label="Received"><time datetime="([^"]+)"', page)
        following = re.search(r'href="([^"]+)" rel="next"', page)
        path = html.unescape(following[1]) if following else None
    assert len(seen) == 300
    assert seen == sorted(seen, reverse=True)


def test_what_a_chart_shows_is_in_a_table_too(data: Site) -> None:
    page = see(data.as_user("viewer"), f"{GROUP}?range=7d")
    for name in ("events", "outcomes", "delays"):
        option = re.search(rf'data-chart="{name}" data-option="([^"]+)"', page)
        assert option
        for series in json.loads(html.unescape(option[1]))["series"]:
            assert f"{sum(series['data']):,}" in page


def test_a_viewer_sees_sums_and_no_event(data: Site) -> None:
    browser = data.as_user("viewer")
    assert f"{GROUP}/events?" not in see(browser, GROUP)
    for path in ("/events", "/diagnostics", "/trace?event_id=id1", "/test-events", "/test-events/stream"):
        assert browser.see(GROUP + path).status_code == 403
    assert browser.get("/api/reports/totals?group=acme_site").status_code == 200
    assert browser.get("/api/reports/events?group=acme_site").status_code == 403
    assert browser.get("/api/reports/totals?group=other_site").status_code == 404


@pytest.mark.parametrize("path", PAGES)
def test_a_group_without_events_says_what_to_do(data: Site, path: str) -> None:
    page = see(data.as_user("chief"), f"/accounts/bolt/groups/bolt_site{path}")
    assert re.search(
        r"/connect|choose a longer range|Enter the|Send one with the form|curl|No event was rejected",
        page,
        re.IGNORECASE,
    )


@pytest.mark.parametrize(
    "query",
    [
        "range=forever", "first=5&last=3", "first=x&last=y", "range=2h&event_name=%00", "after=1.2", "after=-1.-1.-1", "status=lost",
        "delay=99999999999", "with_key=nobody", "first=0&last=9999999999", "source=%F0%9F%98%80", "after=9e9.1.1", "limited_data_use=perhaps",
        "status=rejected&field=%5B%5D&reason=%27%29%20OR%201",
    ],
)  # fmt: skip
def test_odd_addresses_are_answered(data: Site, query: str) -> None:
    browser = data.as_user("analyst")
    for path in ("", "/events", "/diagnostics", "/test-events"):
        see(browser, f"{GROUP}{path}?{query}")


def test_the_api_says_which_parameter_is_wrong(data: Site) -> None:
    browser = data.as_user("analyst")
    for query, word in (("first=5&last=3", "first"), ("first=x", "first"), ("last=-1", "last")):
        answer = browser.get(f"/api/reports/totals?group=acme_site&{query}")
        assert answer.status_code == 400
        assert word in answer.json()["description"]


def hostile_rows(store: ClickHouseStore) -> None:
    """Every text that a sender writes, and an unknown source, key and partner, as an attack."""
    (row,) = conversions(Random(1), 1)
    texts = dict.fromkeys(
        (
            "event_id",
            "event_name",
            "request_id",
            "source",
            "key_id",
            "event_source",
            "event_source_url",
            "referrer_url",
            "partner_name",
        ),
        HOSTILE,
    )
    names = ("order_id", "content_name", "currency", "content_category", "status", "search_string")
    user = dict.fromkeys(("em", "ph", "client_user_agent", "external_id", "aFC", "client_ip_address"), HOSTILE)
    common = {
        "event_group_id": "acme_site",
        "account_id": "acme",
        "received_at": (NOW - 60) * 1_000_000,
        "dedup_key": 1,
    }
    made = [
        {**row, **texts, **common, "row": place, "status": status, "event_time": NOW - 90 + place, "user_data": user,
         "custom_data": {**dict.fromkeys(names, HOSTILE), "value": 1}, "unknown": {HOSTILE: HOSTILE}, "hashed_on_receipt": [HOSTILE],
         "event_id": HOSTILE + str(place % 2)}
        for place, status in enumerate(("kept", "kept", "kept", "duplicate"))
    ]  # fmt: skip
    load(store, "conversions", made)
    (bad,) = rejections(Random(1), 1)
    wrong = {**bad, **{key: texts[key] for key in ("event_id", "event_name", "request_id", "source", "key_id")}, **common,
             "errors": {HOSTILE: HOSTILE, "event_name": f"Invalid event name: {HOSTILE}. Event name must be"}, "event": HOSTILE}  # fmt: skip
    del wrong["dedup_key"]
    load(store, "rejections", [wrong])
    load(store, "test_events", [{**wrong, "received_at": NOW * 1_000_000}])
    lost = {
        "reason": HOSTILE,
        "detail": HOSTILE,
        **{key: value for key, value in wrong.items() if key not in ("errors", "event_index")},
    }
    load(store, "dead_letters", [lost])


def test_nothing_that_a_sender_writes_becomes_markup(clickhouse: ClickHouseStore, tmp_path: Path) -> None:
    hostile_rows(clickhouse)
    with console_site(tmp_path, clickhouse) as site:
        site.now = NOW
        browser = site.as_user("admin")
        paths: list[str] = [GROUP + path for path in PAGES]
        paths += ["/accounts/acme", f"{GROUP}/events?limited_data_use=true", f"{GROUP}/events?status=duplicate"]
        pages: dict[str, str] = {path: see(browser, path) for path in paths}
        for event_id in (HOSTILE, f"{HOSTILE}0", f"{HOSTILE}1"):
            pages[f"trace {event_id}"] = browser.get(f"{GROUP}/trace", params={"event_id": event_id}).text
            pages[f"field {event_id}"] = browser.get(
                f"{GROUP}/events",
                params={
                    "status": "rejected",
                    "field": HOSTILE,
                    "event_name": HOSTILE,
                    "source": HOSTILE,
                    "key_id": HOSTILE,
                },
            ).text
        with browser.stream("GET", f"{GROUP}/test-events/stream?live=yes") as stream:
            pages["stream"] = ""
            for line in stream.iter_lines():
                pages["stream"] += line
                if HOSTILE[:3] and pages["stream"].count("event: seen") >= 4:
                    break
    shown = 0
    for path, text in pages.items():
        assert "<script>alert" not in text, path
        assert "<img src=x" not in text, path
        assert "alert(1)</script>" not in text, path
        shown += "&lt;script&gt;alert" in text
    assert shown > 10
    assert 'src="x"' not in "".join(pages.values())


def test_tests_come_as_they_come_in_and_go_on_where_they_ended(data: Site) -> None:
    browser = data.as_user("analyst")
    tested = {
        "block": 1, "row": 0, "received_at": NOW * 1_000_000, "request_id": "r", "event_group_id": "acme_site", "account_id": "acme",
        "key_id": "k", "source": "api", "event_index": 0, "event_id": "tested", "event_name": "LEAD",
        "errors": {"event_time": "looks like milliseconds or finer; send seconds since 1970 in UTC"}, "event": '{"event_id":"tested"}',
    }  # fmt: skip
    load(data.store, "test_events", [tested])
    page = see(browser, f"{GROUP}/test-events")
    assert "Divide by 1000" in page
    assert 'data-after="1.0"' in page
    seen = []
    with browser.stream("GET", f"{GROUP}/test-events/stream?after=0.0") as stream:
        for line in stream.iter_lines():
            seen.append(line)
            if "event: seen" in seen and line == "":
                break
    assert "id: 1.0.0" in seen
    assert any("Divide by 1000" in line for line in seen)


@pytest.mark.parametrize(
    ("event", "key", "words"),
    [
        ("{", "k", "not JSON"), ("[]", "k", "one JSON object"), ("{}", "", "Paste an API key"), ("[" * 10_000, "k", "not JSON"),
        ("{}", "k\r\nX: y", "No answer"), ("{}", "\u00e9", "Paste an API key"),
    ],
)  # fmt: skip
def test_an_event_that_cannot_be_sent_says_why(data: Site, event: str, key: str, words: str) -> None:
    browser = data.as_user("analyst")
    see(browser, f"{GROUP}/test-events")
    answer = browser.submit(f"{GROUP}/test-events", event=event, api_key=key, to="/v1/test_events")
    assert answer.status_code == 400
    assert words in answer.text or "Paste an API key" in answer.text


def test_snippets_are_filled_in_with_the_group(data: Site) -> None:
    page = html.unescape(see(data.as_user("viewer"), f"{GROUP}/connect"))
    assert page.count("acme_site") >= 5
    assert page.count("https://events.example.com/v1/events") >= 4


def test_every_report_is_in_the_document_of_the_api(data: Site) -> None:
    document: Any = data.as_user("analyst").get("/api/openapi.json").json()
    reports = [path for path in document["paths"] if path.startswith("/api/reports/")]
    assert len(reports) == 16
    asked = {path: {one["name"] for one in document["paths"][path]["get"]["parameters"]} for path in reports}
    assert asked["/api/reports/totals"] == {"group", "first", "last", "event_name", "source"}
    assert asked["/api/reports/choices"] == {"group", "first", "last"}
    assert all("group" in names for names in asked.values())
    for path in reports:
        assert data.as_user("analyst").get(path, params={"group": "acme_site"}).status_code == 200, path
