"""The pixel's endpoints: who is let in, what is taken, and what a page is told."""

from __future__ import annotations

import gzip
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest

from edge_site import DIGEST, GROUP, NOW, Answer, EdgeSite, batch, event
from headgate.edge.limits import EdgeLimits
from headgate.edge.pixel_script import base_code, newest
from headgate.registry.snapshot import Account, EventGroup

SHOP = "https://shop.example"
AGENT = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"


def pixel_site(limits: EdgeLimits = EdgeLimits(), **group: Any) -> EdgeSite:  # noqa: B008 - frozen
    site = EdgeSite(limits)
    settings = {"origins": frozenset({SHOP, "https://*.shop.example"}), **group}
    site.registered.change(
        groups={**site.registered.current.groups, GROUP: EventGroup(GROUP, "acme", "article", **settings)}
    )
    return site


async def send(site: EdgeSite, *events: Any, group: str = GROUP, origin: str = SHOP, **more: Any) -> Answer:
    headers = {
        "origin": origin,
        "user-agent": AGENT,
        "content-type": "text/plain;charset=UTF-8",
        **more.pop("headers", {}),
    }
    body = msgspec.json.encode(batch(*events, group=group))
    return await site.post(body, "/v1/pixel", {name: value for name, value in headers.items() if value}, **more)


async def kept(site: EdgeSite) -> list[dict[str, Any]]:
    return [
        msgspec.json.decode(line) for receipt in await site.receipts() for line in receipt.events.split(b"\n") if line
    ]


# --- what is taken ---


async def test_an_event_of_a_listed_page_is_kept_with_what_the_browser_says_of_itself() -> None:
    site = pixel_site()
    answer = await send(site, event(user_data={"aFC": "hg.1"}), client=("203.0.113.9", 4), scheme="https")
    assert (answer.status, answer.body) == (204, b"")
    (receipt,) = await site.receipts()
    assert (receipt.source, receipt.key_id, receipt.account_id, receipt.received, receipt.accepted) == (
        "pixel", "pixel", "acme", 1, 1,
    )  # fmt: skip
    (line,) = await kept(site)
    assert line["user_data"] == {"aFC": "hg.1", "client_ip_address": "203.0.113.9", "client_user_agent": AGENT}


async def test_a_page_view_needs_no_identifier_and_no_user_data() -> None:
    site = pixel_site()
    assert (await send(site, event(event_name="PAGE_VIEW", user_data=None))).status == 204
    (line,) = await kept(site)
    assert line["user_data"] == {"client_ip_address": "127.0.0.1", "client_user_agent": AGENT}


async def test_what_a_page_says_of_the_address_is_not_believed() -> None:
    site = pixel_site()
    await send(site, event(user_data={"client_ip_address": "198.51.100.1", "client_user_agent": "made up"}))
    (line,) = await kept(site)
    assert line["user_data"] == {"client_ip_address": "127.0.0.1", "client_user_agent": AGENT}


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        (["203.0.113.9"], "203.0.113.9"),
        (["198.51.100.1, 203.0.113.9"], "203.0.113.9"),
        (["198.51.100.1", "203.0.113.9, 10.0.0.7"], "203.0.113.9"),
        (["[2001:db8::5]:4711"], "2001:db8::5"),
        (["203.0.113.9:55"], "203.0.113.9"),
        (["unknown"], "10.1.2.3"),
        ([], "10.1.2.3"),
    ],
)
async def test_behind_a_proxy_the_address_is_the_last_one_that_is_no_proxy_of_ours(
    forwarded: list[str], address: str
) -> None:
    site = pixel_site(EdgeLimits(trusted_proxies=("10.0.0.0/8",)))
    headers = [("origin", SHOP), ("x-forwarded-proto", "https"), *(("x-forwarded-for", value) for value in forwarded)]
    body = msgspec.json.encode(batch(event()))
    assert (await site.request("POST", "/v1/pixel", [body], headers, client=("10.1.2.3", 1))).status == 204
    assert (await kept(site))[0]["user_data"]["client_ip_address"] == address


async def test_a_stranger_cannot_forge_its_address() -> None:
    site = pixel_site(EdgeLimits(trusted_proxies=("10.0.0.0/8",)))
    await send(site, event(), headers={"x-forwarded-for": "198.51.100.1"}, client=("203.0.113.9", 1), scheme="https")
    assert (await kept(site))[0]["user_data"]["client_ip_address"] == "203.0.113.9"


async def test_money_of_a_page_is_kept_to_the_last_digit() -> None:
    site = pixel_site()
    body = batch(event(custom_data={"value": msgspec.Raw(b"0.1000000000000000055"), "currency": "EUR"}))
    headers = {"origin": SHOP}
    await site.post(msgspec.json.encode(body), "/v1/pixel", headers)
    (receipt,) = await site.receipts()
    assert (receipt.accepted, b"0.1000000000000000055" in receipt.events) == (1, True)


@pytest.mark.parametrize("sent", [None, "false", False])
async def test_global_privacy_control_is_limited_data_use_whatever_the_page_says(sent: Any) -> None:
    site = pixel_site()
    await send(site, event(opt_out=sent), headers={"sec-gpc": "1"})
    assert (await kept(site))[0]["opt_out"] == "true"


async def test_an_address_in_a_user_agent_is_not_kept() -> None:
    site = pixel_site()
    await send(site, event(), headers={"user-agent": "crawler jane@example.com"})
    assert b"jane" not in (await site.receipts())[0].events


async def test_a_raw_address_of_a_page_is_hashed_on_receipt_as_ever() -> None:
    site = pixel_site()
    await send(site, event(user_data={"em": "Jane@Example.com"}))
    (line,) = await kept(site)
    assert len(line["user_data"]["em"]) == 64
    assert line["hashed_on_receipt"] == ["em"]


async def test_an_invalid_event_is_rejected_with_its_reasons_beside_a_kept_one_and_the_page_hears_nothing() -> None:
    site = pixel_site()
    answer = await send(site, event(), event(event_name="NOPE", event_id="e-2"))
    assert (answer.status, answer.body) == (204, b"")
    (receipt,) = await site.receipts()
    assert (receipt.received, receipt.accepted) == (2, 1)
    assert list(receipt.rejections[0].errors) == ["event_name"]


@pytest.mark.parametrize("content_type", ["text/plain", "text/plain;charset=UTF-8", "application/json", ""])
async def test_json_comes_under_any_name_that_a_browser_sends_without_asking(content_type: str) -> None:
    site = pixel_site()
    assert (await send(site, event(), headers={"content-type": content_type})).status == 204
    assert len(await kept(site)) == 1


async def test_a_packed_body_is_read() -> None:
    site = pixel_site()
    packed = gzip.compress(msgspec.json.encode(batch(event())))
    await site.post(packed, "/v1/pixel", {"origin": SHOP, "content-encoding": "gzip"})
    assert len(await kept(site)) == 1


# --- what is not ---


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "http://shop.example", "null", "", "https://shop.example.evil.example", "x" * 999],
)
async def test_a_foreign_page_gets_the_same_answer_and_its_events_are_rejected_and_counted(origin: str) -> None:
    site = pixel_site()
    answer = await send(site, event(), event(event_id="e-2"), origin=origin)
    assert (answer.status, answer.body) == (204, b"")
    (receipt,) = await site.receipts()
    assert (receipt.event_group_id, receipt.account_id, receipt.accepted) == (GROUP, "acme", 0)
    assert [(one.index, list(one.errors), one.event_name) for one in receipt.rejections] == [
        (0, ["origin"], "PURCHASE"), (1, ["origin"], "PURCHASE"),
    ]  # fmt: skip
    assert DIGEST not in receipt.rejections[0].event
    site.parts.metrics.flush()
    assert site.count("headgate_edge_pixel_refused_events_total", reason="foreign_origin") == 2


async def test_an_unknown_group_gets_the_same_answer_and_is_rejected_under_no_group() -> None:
    site = pixel_site()
    answer = await send(site, event(), group="jane@example.com")
    assert (answer.status, answer.body) == (204, b"")
    (receipt,) = await site.receipts()
    assert (receipt.event_group_id, receipt.account_id) == ("", "")
    assert "there is no event group" in receipt.rejections[0].errors["event_group_id"]
    assert "jane" not in str(receipt)


async def test_a_group_without_origins_takes_no_page() -> None:
    site = pixel_site(origins=frozenset())
    await send(site, event())
    assert await kept(site) == []


async def test_a_partner_that_the_account_does_not_list_is_refused() -> None:
    site = pixel_site()
    site.registered.change(accounts={"acme": Account("acme", frozenset({"Agency"}))})
    await send(site, event(partner_name="Other"))
    await send(site, event(partner_name="Agency"))
    first, second = await site.receipts()
    assert (list(first.rejections[0].errors), second.accepted) == (["partner_name"], 1)


async def test_a_flood_of_foreign_events_is_counted_and_not_kept() -> None:
    site = pixel_site()
    for number in range(30):
        await send(site, *(event(event_id=f"{number}-{i}") for i in range(100)), origin="https://evil.example")
    kept_rejections = sum(len(receipt.rejections) for receipt in await site.receipts())
    site.parts.metrics.flush()
    assert site.count("headgate_edge_pixel_refused_events_total", reason="foreign_origin") == 3000
    assert 1000 <= kept_rejections <= 1100


async def test_pages_that_send_too_fast_are_told_to_wait_and_other_groups_are_not() -> None:
    site = pixel_site(EdgeLimits(pixel_events_per_second=10))
    await send(site, *(event(event_id=f"e{i}") for i in range(15)))
    answer = await send(site, event())
    assert (answer.status, answer.headers["retry-after"]) == (429, "1")
    assert answer.headers["access-control-allow-origin"] == SHOP
    site.clock.move(1.0)
    assert (await send(site, event())).status == 204


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"event_group_id":"shop"}', b"\xff"])
async def test_what_is_no_batch_is_told_so(body: bytes) -> None:
    answer = await pixel_site().post(body, "/v1/pixel", {"origin": SHOP})
    assert (answer.status, answer.json["failed_events"]) == (400, [])
    assert answer.headers["access-control-allow-origin"] == SHOP


async def test_a_form_is_no_body_for_events() -> None:
    refused = await send(pixel_site(), event(), headers={"content-type": "multipart/form-data"})
    assert (refused.status, "application/json or text/plain" in refused.json["description"]) == (415, True)


async def test_a_page_may_send_less_than_a_server() -> None:
    assert (await pixel_site().post(b" " * 300_000, "/v1/pixel", {"origin": SHOP})).status == 413


async def test_a_page_may_not_send_over_plain_http() -> None:
    assert (await send(pixel_site(), event(), client=("203.0.113.9", 1))).status == 403


async def test_a_log_that_takes_nothing_is_said_so_that_the_page_tries_again() -> None:
    site = pixel_site()
    site.log.fail_next(1)
    answer = await send(site, event())
    assert (answer.status, answer.headers["retry-after"]) == (503, "2")
    assert "Retry-After" in answer.headers["access-control-expose-headers"]


# --- browsers' questions ---


async def test_a_browser_may_ask_before_it_sends_json() -> None:
    asked = {"origin": SHOP, "access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    answer = await pixel_site().request("OPTIONS", "/v1/pixel", headers=asked)
    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == SHOP
    assert answer.headers["access-control-allow-methods"] == "POST"
    assert "Content-Type" in answer.headers["access-control-allow-headers"]
    assert answer.headers["access-control-max-age"] == "86400"
    assert answer.headers["vary"] == "Origin"


async def test_the_api_of_servers_is_not_for_pages() -> None:
    answer = await pixel_site().request("OPTIONS", "/v1/events", headers={"origin": SHOP})
    assert not any(name.startswith("access-control") for name in answer.headers)


@pytest.mark.parametrize(
    ("group", "origin", "expected"),
    [
        (GROUP, SHOP, {"cookie": True, "advanced_matching": False}),
        (GROUP, "https://www.shop.example", {"cookie": True, "advanced_matching": False}),
        (GROUP, "https://evil.example", None),
        ("nobody", SHOP, None),
        ("", SHOP, None),
    ],
)
async def test_a_script_is_told_what_it_may_do_where_the_page_is_listed(group: str, origin: str, expected: Any) -> None:
    query = urlencode({"event_group_id": group}).encode()
    answer = await pixel_site().request("GET", "/v1/pixel/settings", headers={"origin": origin}, query_string=query)
    assert answer.status == (200 if expected else 204)
    assert (answer.json if answer.body else None) == expected
    assert answer.headers["access-control-allow-origin"] == origin


async def test_an_address_with_too_many_parameters_is_refused() -> None:
    query = b"&".join(b"a=1" for _ in range(500))
    for path in ("/v1/pixel/settings", "/v1/pixel.gif", "/pixel.js"):
        answer = await pixel_site().request("GET", path, query_string=query)
        assert (answer.status, "parameters" in answer.json["description"]) == (400, True)


# --- the image ---


def image(**more: str) -> bytes:
    return urlencode({"event_group_id": GROUP, "event_name": "PAGE_VIEW", **more}).encode()


async def get_image(site: EdgeSite, query: bytes, referer: str = f"{SHOP}/cart?x=1") -> Answer:
    headers = {"referer": referer, "user-agent": AGENT}
    return await site.request("GET", "/v1/pixel.gif", headers=headers, query_string=query)


async def test_an_image_is_an_event_of_the_page_that_holds_it() -> None:
    site = pixel_site()
    answer = await get_image(
        site, image(**{"custom_data.value": "9.99", "user_data.external_id": "u1", "event_id": "i"})
    )
    assert (answer.status, answer.headers["content-type"]) == (200, "image/gif")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.body.startswith(b"GIF89a")
    (line,) = await kept(site)
    assert line == {
        "event_id": "i", "event_name": "PAGE_VIEW", "event_type": "conversion", "event_source": "website",
        "event_time": NOW, "event_source_url": f"{SHOP}/cart?x=1", "custom_data": {"value": 9.99},
        "user_data": {"external_id": "u1", "client_ip_address": "127.0.0.1", "client_user_agent": AGENT},
    }  # fmt: skip


@pytest.mark.parametrize("referer", ["https://evil.example/", "", "::", "http://["])
async def test_an_image_on_a_foreign_page_is_shown_and_its_event_rejected(referer: str) -> None:
    site = pixel_site()
    answer = await get_image(site, image(), referer)
    assert (answer.status, answer.headers["content-type"]) == (200, "image/gif")
    (receipt,) = await site.receipts()
    assert list(receipt.rejections[0].errors) == ["origin"]


async def test_an_image_may_use_the_spellings_of_the_pixel() -> None:
    site = pixel_site()
    await get_image(site, image(event_source_URL=f"{SHOP}/a", referrer_URL="https://b.example/", opt_out="true"))
    (line,) = await kept(site)
    assert (line["event_source_url"], line["referrer_url"], line["opt_out"]) == (
        f"{SHOP}/a",
        "https://b.example/",
        "true",
    )


@pytest.mark.parametrize("written", [b"&opt_out=", b"&opt_out", b"&opt_out=maybe", b"&opt_out=false&opt_out="])
async def test_an_image_whose_opt_out_is_no_yes_and_no_no_is_rejected_for_it(written: bytes) -> None:
    site = pixel_site()
    await get_image(site, image() + written)
    (receipt,) = await site.receipts()
    assert list(receipt.rejections[0].errors) == ["opt_out"]


async def test_an_image_whose_user_data_is_no_object_is_rejected_for_it() -> None:
    site = pixel_site()
    await get_image(site, image(user_data="u1"))
    (receipt,) = await site.receipts()
    assert receipt.rejections[0].errors == {"user_data": "must be an object"}


# --- the script ---


async def test_a_named_version_of_the_script_is_kept_for_a_year_and_read_by_any_page() -> None:
    script = newest()
    answer = await pixel_site().request("GET", "/pixel.js", query_string=f"v={script.version}".encode())
    assert (answer.status, answer.body) == (200, script.content)
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["access-control-allow-origin"] == "*"


async def test_the_newest_script_is_served_for_an_hour_where_no_version_is_named() -> None:
    for query in (b"", b"v=99.0.0"):
        answer = await pixel_site().request("GET", "/pixel.js", query_string=query)
        assert (answer.body, answer.headers["cache-control"]) == (newest().content, "public, max-age=3600")


async def test_the_script_comes_packed_and_not_again_to_who_has_it() -> None:
    site = pixel_site()
    answer = await site.request("GET", "/pixel.js", headers={"accept-encoding": "br, gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(answer.body) == newest().content
    assert len(answer.body) < 4096
    again = await site.request("GET", "/pixel.js", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status, again.body) == (304, b"")


def test_the_base_code_names_server_group_version_and_digest() -> None:
    code = base_code("https://events.example", "g-1", nonce='n"1')
    assert f'src="https://events.example/pixel.js?v={newest().version}"' in code
    assert f'integrity="{newest().integrity}"' in code
    assert 'headgate("init", "g-1")' in code
    assert "https://events.example/v1/pixel.gif?event_group_id=g-1&amp;event_name=PAGE_VIEW" in code
    assert code.count('nonce="n&quot;1"') == 2
    assert "{{" not in code
    assert "nonce" not in base_code("https://events.example", "g-1")
