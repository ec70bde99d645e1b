"""What a page calls, and the event that arrives."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from browser.recorder import GROUP, Pages, Recorder, document, snippet
from headgate_contract.validate import Rules, read_batch

ROOT = Path(__file__).parents[2]
STUB = """
(function (n) {
  var f = window[n] = function () {
    var a = Array.prototype.slice.call(arguments);
    a.push(Date.now());
    f.eventProcessor ? f.eventProcessor.apply(f, a) : f.queue.push(a);
  };
  f.queue = [];
})("rkp");
"""


def without_id(event: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name != "event_id"}


def script_tag(recorder: Recorder, path: str = "") -> str:
    return f'<script async src="{recorder.origin}{path}/pixel.js?v=0.1.0" crossorigin></script>'


@pytest.mark.usefixtures("shop")
def test_the_base_code_sends_a_page_view(recorder: Recorder, pages: Pages) -> None:
    before = int(time.time())
    (event,) = recorder.await_events(1)
    assert abs(event.pop("event_time") - before) <= 5
    assert len(event.pop("event_id")) == 32
    assert event.pop("user_data").keys() == {"aFC"}
    assert event == {
        "event_name": "PAGE_VIEW",
        "event_type": "conversion",
        "event_source": "website",
        "event_source_url": pages.url(),
        "custom_data": {},
    }


def test_a_referrer_is_sent_where_there_is_one(shop: Page, recorder: Recorder, pages: Pages) -> None:
    shop.evaluate("location.href = '/next'")
    assert recorder.await_events(2)[1]["referrer_url"] == pages.url()


def test_no_preflight_and_no_cookie_of_the_event_server_is_needed(shop: Page, recorder: Recorder) -> None:
    shop.context.add_cookies([{"name": "session", "value": "secret", "url": recorder.origin}])
    shop.evaluate("headgate('event', 'LEAD')")
    recorder.await_events(2)
    assert {request.method for request in recorder.requests} == {"GET", "POST"}
    assert not [request for request in recorder.requests if "secret" in request.everything()]


def test_what_was_called_before_the_script_came_is_sent_in_order_with_the_time_of_the_call(
    page: Page, pages: Pages, recorder: Recorder, faults: list[str]
) -> None:
    recorder.script_gate.clear()
    pages.documents["/"] = document(snippet(recorder.origin))
    page.goto(pages.url(), wait_until="commit")
    page.evaluate("""() => {
        headgate("event", "ADD_TO_CART", {event_id: "a"});
        headgate.queue.push(null, 5, "LEAD", ["event", "LEAD", {event_id: "b"}, 1700000000999]);
        headgate("event", "PURCHASE", {event_id: "c", event_time: 1700000001});
    }""")
    assert page.evaluate("headgate.queue.length") == 8
    recorder.script_gate.set()
    events = recorder.await_events(4)
    assert [event["event_name"] for event in events] == ["PAGE_VIEW", "ADD_TO_CART", "LEAD", "PURCHASE"]
    assert [event["event_time"] for event in events[2:]] == [1700000000, 1700000001]
    assert page.evaluate("headgate.queue.length") == 0
    assert faults == []


def test_the_stub_that_sites_carry_already_is_served_beside_our_own(
    page: Page, pages: Pages, recorder: Recorder, faults: list[str]
) -> None:
    calls = 'rkp("init", "shop"); rkp("event", "PAGE_VIEW"); rkp("event", "LEAD", {event_id: "1"});'
    pages.documents["/"] = document(f"<script>{STUB}{calls}</script>{script_tag(recorder)}")
    pages.documents["/both"] = document(f"<script>{STUB}{calls}</script>{snippet(recorder.origin)}")
    page.goto(pages.url())
    recorder.await_events(2)
    page.evaluate("rkp('event', 'SEARCH')")
    recorder.await_events(3)
    assert recorder.names() == ["PAGE_VIEW", "LEAD", "SEARCH"]
    page.goto(pages.url("/both"))
    recorder.await_events(6)
    page.evaluate("() => { rkp('event', 'DOWNLOAD'); headgate('event', 'CONTACT'); }")
    recorder.await_events(8)
    assert recorder.names()[6:] == ["DOWNLOAD", "CONTACT"]
    assert faults == []


def test_a_global_that_another_script_serves_is_left_to_it(page: Page, pages: Pages, recorder: Recorder) -> None:
    other = "rkp.theirs = []; rkp.eventProcessor = function () { rkp.theirs.push([].slice.call(arguments, 0, 2)); };"
    pages.documents["/"] = document(f"<script>{STUB}{other}</script>{snippet(recorder.origin)}")
    page.goto(pages.url())
    recorder.await_events(1)
    page.evaluate("() => { rkp('event', 'LEAD'); headgate('event', 'SEARCH'); }")
    recorder.await_events(2)
    assert recorder.names() == ["PAGE_VIEW", "SEARCH"]
    assert page.evaluate("rkp.theirs") == [["event", "LEAD"]]


def test_a_script_without_a_stub_and_a_script_loaded_twice_send_each_event_once(
    page: Page, pages: Pages, recorder: Recorder
) -> None:
    """From a server behind a path, for which the script's own address speaks."""
    pages.documents["/"] = document(script_tag(recorder, "/gate") + script_tag(recorder, "/gate"))
    page.goto(pages.url())
    page.evaluate("() => { headgate('init', 'shop'); headgate('event', 'LEAD'); headgate('event', 'SEARCH'); }")
    recorder.await_events(2)
    page.goto("about:blank")
    assert recorder.names() == ["LEAD", "SEARCH"]
    assert {request.path for request in recorder.requests if request.method == "POST"} == {"/gate/v1/pixel"}


def test_every_field_of_the_contract_arrives_flat_or_nested(shop: Page, recorder: Recorder) -> None:
    custom = {
        "content_category": "tea",
        "content_ids": ["a", 2],
        "content_name": "Green tea",
        "content_type": "product",
        "contents": [{"id": "a", "quantity": 2, "price": 4.5, "delivery_category": "in_store"}],
        "currency": "EUR",
        "num_items": 2,
        "predicted_ltv": 120.5,
        "search_string": "green",
        "status": "paid",
        "value": 9.0,
        "order_id": "order-1",
        "purchase_type": "first_time_purchase",
        "delivery_category": "in_store",
        "utm_source": "tv",
        "utm_medium": "video",
        "utm_campaign": "spring",
        "utm_term": "tea",
        "utm_content": "a",
    }
    user = {
        **{name: letter * 64 for name, letter in zip(("em", "ph", "fn", "ln", "ge", "db"), "abcdef", strict=True)},
        "ct": "Kassel",
        "st": "Hessen",
        "zp": "34117",
        "country": "DE",
        "external_id": "17",
        "client_ip_address": "192.0.2.1",
        "client_user_agent": "Test",
        "subscription_id": "s1",
        **{name: f"id-{name}" for name in ("aGA", "aID", "aDX", "aGI", "aRI", "aFC")},
    }
    fields = {
        "event_id": "order-1",
        "event_time": int(time.time()),
        "event_source": "other",
        "event_source_url": "https://shop.example/thanks",
        "referrer_url": "https://search.example/",
        "opt_out": "false",
        "partner_name": "partner",
    }
    shop.evaluate("given => headgate('event', 'PURCHASE', given)", {**fields, **user, **custom})
    shop.evaluate("given => headgate('event', 'PURCHASE', given)", {**fields, "user_data": user, "custom_data": custom})
    _, flat, nested = recorder.await_events(3)
    assert flat == nested
    assert flat == {
        **fields,
        "event_name": "PURCHASE",
        "event_type": "conversion",
        "user_data": user,
        "custom_data": custom,
    }
    body = json.dumps({"event_group_id": GROUP, "events": [flat]}).encode()
    assert not read_batch(body, now=int(time.time()), rules_of=lambda _: Rules("article")).failed


def test_other_spellings_are_read_as_the_field(shop: Page, recorder: Recorder) -> None:
    shop.evaluate("""() => headgate("event", "LEAD", {
        event_source_URL: "https://a.example/", referrer_URL: "https://b.example/", email: "A".repeat(64), AID: "i", foo: 1,
        user_data: {unknown: "stays in the page"}, custom_data: {bar: {deep: [1]}},
    })""")
    event = recorder.await_events(2)[1]
    assert (event["event_source_url"], event["referrer_url"]) == ("https://a.example/", "https://b.example/")
    assert event["user_data"] == {"em": "a" * 64, "aID": "i", "aFC": event["user_data"]["aFC"]}
    assert event["custom_data"] == {"foo": 1, "bar": {"deep": [1]}}


def test_numbers_serve_as_ids_and_empty_values_as_absent(shop: Page, recorder: Recorder) -> None:
    shop.evaluate("""() => headgate("event", "LEAD", {event_id: 17, external_id: 18, ct: "", st: null, zp: undefined,
        value: "", event_source_url: null})""")
    shop.evaluate("() => { for (const none of ['', NaN, () => 1, [1]]) headgate('event', 'LEAD', {event_id: none}); }")
    _, event, *without = recorder.await_events(6)
    assert event["event_id"] == "17"
    assert event["user_data"] == {"external_id": "18", "aFC": event["user_data"]["aFC"]}
    assert event["custom_data"] == {}
    assert event["event_source_url"] == shop.url
    assert {len(event["event_id"]) for event in without} == {32}


def test_events_wait_for_the_first_group_and_go_to_each_that_is_named(
    page: Page, pages: Pages, recorder: Recorder
) -> None:
    recorder.settings["other"] = {"cookie": False, "advanced_matching": False}
    pages.documents["/"] = document(script_tag(recorder))
    page.goto(pages.url())
    page.evaluate("() => { headgate('event', 'SEARCH'); headgate('event', 'LEAD'); }")
    page.evaluate("() => headgate('init', 'shop')")
    recorder.await_events(2)
    page.evaluate("() => { headgate('init', 'other'); headgate('event', 'DONATE', {event_id: 'd'}); }")
    recorder.await_events(3)
    recorder.await_events(1, "other")
    assert recorder.names() == ["SEARCH", "LEAD", "DONATE"]
    assert recorder.names("other") == ["DONATE"]
    assert "aFC" in recorder.events()[2]["user_data"]
    assert recorder.events("other")[0]["user_data"] == {}
    assert len(recorder.asked("/v1/pixel/settings")) == 2


def test_an_unknown_group_is_sent_to_without_cookie_and_complaint(
    page: Page, pages: Pages, recorder: Recorder, faults: list[str]
) -> None:
    pages.documents["/"] = document(snippet(recorder.origin, "nobody"))
    page.goto(pages.url())
    (event,) = recorder.await_events(1, "nobody")
    assert event["user_data"] == {}
    assert page.context.cookies() == []
    assert faults == []


def test_odd_arguments_neither_throw_into_the_page_nor_cost_other_events(shop: Page, recorder: Recorder) -> None:
    shop.evaluate("""() => {
        const cycle = {}; cycle.self = cycle;
        const trap = new Proxy({}, {ownKeys() { throw new Error("trap"); }});
        headgate();
        headgate(undefined, null);
        headgate("constructor", "x");
        headgate("__defineGetter__", "event", () => null);
        headgate("init");
        headgate("event", Symbol("s"), trap);
        headgate("event", "LEAD", {
            event_id: "odd", cycle, big: 12345678901234567890n, many: [1n], good: 1, cut: "tea \\ud83c\\udf75 \\ud83c", not: NaN, f() {}, s: Symbol("s"),
            get thrown() { throw new Error("getter"); }, em: {}, event_source: cycle,
            user_data: {get ph() { throw new Error("inner"); }, external_id: "7"},
            custom_data: {get x() { throw new Error("inner"); }, y: 2, toJSON() { throw new Error("json"); }},
        });
        headgate("event", "DOWNLOAD", JSON.parse('{"constructor": 1, "toString": "x", "__proto__": {"polluted": 1}}'));
        for (const odd of ["text", 5, true, null, undefined, [1], () => 1]) headgate("event", "SEARCH", odd);
        headgate("event", "DONATE", trap);
        headgate("event", "CONTACT");
    }""")
    until_last = recorder.await_events(11)
    events = {event["event_name"]: event for event in until_last}
    odd = events["LEAD"]
    assert odd["custom_data"] == {
        "big": "12345678901234567890",
        "many": ["1"],
        "good": 1,
        "cut": "tea 🍵 \ufffd",
        "y": 2,
    }
    assert odd["user_data"] == {"external_id": "7", "aFC": odd["user_data"]["aFC"]}
    assert odd["event_source"] == "website"
    assert events["DOWNLOAD"]["custom_data"] == {"constructor": 1, "toString": "x", "__proto__": {"polluted": 1}}
    assert shop.evaluate("({}).polluted") is None
    assert recorder.names().count("SEARCH") == 7
    assert "CONTACT" in events


def test_a_page_that_is_rendered_ahead_fires_when_it_is_seen(page: Page, pages: Pages, recorder: Recorder) -> None:
    page.add_init_script("Object.defineProperty(document, 'prerendering', {get: () => !window.seen})")
    pages.documents["/"] = document(snippet(recorder.origin))
    page.goto(pages.url())
    assert page.evaluate("headgate.queue.length") == 2
    page.evaluate("() => { window.seen = true; document.dispatchEvent(new Event('prerenderingchange')); }")
    recorder.await_events(1)
    assert recorder.names() == ["PAGE_VIEW"]


def test_the_examples_of_the_documentation_run(page: Page, pages: Pages, recorder: Recorder, faults: list[str]) -> None:
    recorder.settings["demo_website"] = {"cookie": True, "advanced_matching": True}
    pages.documents["/"] = document(script_tag(recorder))
    page.goto(pages.url())
    examples = re.findall(r"^```js\n(.*?)^```", (ROOT / "docs" / "pixel.md").read_text(), re.MULTILINE | re.DOTALL)
    for example in examples:
        page.evaluate(f"() => {{ {example} }}")
    events = recorder.await_events(5, "demo_website")
    assert {event["event_name"] for event in events} == {"PAGE_VIEW", "PURCHASE", "ADD_TO_CART", "LEAD", "SIGN_UP"}
    body = json.dumps({"event_group_id": GROUP, "events": events}).encode()
    assert not read_batch(body, now=int(time.time()), rules_of=lambda _: Rules("none")).failed
    assert {"em", "ph"} < next(event for event in events if event["event_name"] == "SIGN_UP")["user_data"].keys()
    assert faults == []


def test_several_calls_of_one_turn_share_a_request(shop: Page, recorder: Recorder) -> None:
    recorder.await_events(1)
    shop.evaluate("() => { for (const name of ['LEAD', 'SEARCH', 'DONATE']) headgate('event', name); }")
    recorder.await_events(4)
    assert [len(body["events"]) for body in recorder.bodies()] == [1, 3]
    assert {body["event_group_id"] for body in recorder.bodies()} == {GROUP}
