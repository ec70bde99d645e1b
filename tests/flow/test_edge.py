"""What the edge answers, and what it leaves in the log: the application with its real parts, without sockets."""

from __future__ import annotations

import gzip
from typing import Any

import msgspec
import pytest
import zstandard

from edge_site import DIGEST, GROUP, NOW, EdgeSite, batch, event
from headgate.edge.limits import EdgeLimits
from headgate_contract.event import Receipt, Rejection

LINE = (
    b'{"event_id":"e-1","event_name":"PURCHASE","event_source":"website","event_time":1699999940,'
    b'"event_type":"conversion","user_data":{"em":"' + DIGEST.encode() + b'"}}'
)


@pytest.fixture
def site() -> EdgeSite:
    return EdgeSite()


async def test_a_good_batch_is_in_the_log_when_it_is_answered(site: EdgeSite) -> None:
    answer = await site.post(batch())
    assert answer.status == 200
    assert answer.body == (
        b'{"code":200,"description":"all events were processed","events_received":1,"failed_events":[]}'
    )
    assert await site.receipts() == [
        Receipt(
            request_id=answer.headers["x-request-id"],
            received_at=NOW * 1_000_000,
            event_group_id=GROUP,
            account_id="acme",
            key_id="key-acme",
            address="127.0.0.1",
            received=1,
            accepted=1,
            events=LINE,
        )
    ]


async def test_a_mixed_batch_is_210_and_leaves_its_good_events_and_its_reasons(site: EdgeSite) -> None:
    bad = event(event_id="e-2", event_name="BUY")
    reason = {"event_name": "Invalid event name: BUY. Event name must be one of the supported values."}
    answer = await site.post(batch(bad, event()))
    assert answer.status == 210
    assert answer.json == {
        "code": 210,
        "description": "some events could not be processed",
        "events_received": 2,
        "failed_events": [{**bad, "errors": reason}],
    }
    [receipt] = await site.receipts()
    assert (receipt.received, receipt.accepted, receipt.events) == (2, 1, LINE)
    [rejection] = receipt.rejections
    assert (rejection.index, rejection.errors, rejection.event_id) == (0, reason, "e-2")
    assert DIGEST not in rejection.event


async def test_a_batch_without_a_good_event_is_400_and_still_accounted_for(site: EdgeSite) -> None:
    answer = await site.post(batch(event(event_time=None), "no event"))
    assert answer.status == answer.json["code"] == 400
    assert answer.json["description"] == "all events failed"
    [receipt] = await site.receipts()
    assert (receipt.received, receipt.accepted, len(receipt.rejections)) == (2, 0, 2)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"events":[{}]}',
        b'{"event_group_id":"shop"}',
        b'{"event_group_id":"shop","events":[]}',
        b'{"event_group_id":"shop","events":{}}',
        b'{"event_group_id":"shop","events":[' + b"1," * 1000 + b"1]}",
        b"[" * 100_000,
        b'{"event_group_id":"shop","events":[{}]} more',
    ],
    ids=lambda body: repr(body[:45]),
)
async def test_a_body_that_is_no_batch_is_400_with_the_four_fields_and_leaves_nothing(
    site: EdgeSite, body: bytes
) -> None:
    answer = await site.post(body)
    assert answer.status == answer.json["code"] == 400
    assert list(answer.json) == ["code", "description", "events_received", "failed_events"]
    assert answer.json["failed_events"] == []
    assert await site.receipts() == []


@pytest.mark.parametrize("path", ["/v1/events", "/v1/test_events"])
@pytest.mark.parametrize("encoding", ["gzip", "zstd", "identity", ""])
async def test_bodies_may_be_packed(site: EdgeSite, encoding: str, path: str) -> None:
    plain = msgspec.json.encode(batch())
    pack = {"gzip": gzip.compress, "zstd": zstandard.compress}.get(encoding, bytes)
    assert (await site.post(pack(plain), path, site.headers(content_encoding=encoding))).status == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"authorization": ""}, 401),
        ({"authorization": "Bearer"}, 401),
        ({"authorization": "Bearer nonsense"}, 401),
        ({"authorization": "Basic YTpi"}, 401),
        ({"authorization": "Bearer " + "x" * 20_000}, 401),
        ({"authorization": "Bearer \xe4.\xf6.\xfc"}, 401),
        ({"content_type": ""}, 415),
        ({"content_type": "text/plain"}, 415),
        ({"content_encoding": "br"}, 415),
        ({"content_encoding": "gzip, gzip"}, 415),
        ({"accept": "text/html"}, 406),
        ({"content_length": str(8 * 1024 * 1024 + 1)}, 413),
        ({"content_length": "many"}, 400),
        ({"content_encoding": "gzip"}, 400),
    ],
)
@pytest.mark.parametrize("path", ["/v1/events", "/v1/test_events"])
async def test_wrong_headers_have_their_status(site: EdgeSite, headers: dict[str, str], status: int, path: str) -> None:
    answer = await site.post(batch(), path, site.headers(**headers))
    assert answer.status == answer.json["code"] == status
    assert answer.json["description"]
    assert answer.headers["x-request-id"] == "request-1"
    assert await site.receipts() == []


async def test_without_a_good_key_nothing_else_is_looked_at(site: EdgeSite) -> None:
    answer = await site.request("POST", "/v1/events", [b"junk"], {"content-type": "text/plain"})
    assert answer.status == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="headgate"'


async def test_two_authorization_headers_are_not_chosen_between(site: EdgeSite) -> None:
    headers = [*site.headers().items(), ("authorization", f"Bearer {site.token()}")]
    assert (await site.request("POST", "/v1/events", [b"{}"], headers)).status == 401


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/events/", "/v2/events", "/metrics", "/V1/EVENTS"])
async def test_other_paths_are_404_in_json(site: EdgeSite, path: str) -> None:
    answer = await site.post(batch(), path)
    assert answer.status == answer.json["code"] == 404


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "TRACE"])
async def test_other_methods_are_405_and_say_which_one_is_taken(site: EdgeSite, method: str) -> None:
    answer = await site.request(method, "/v1/events", headers=site.headers())
    assert (answer.status, answer.headers["allow"]) == (405, "POST, OPTIONS")
    answer = await site.request("POST", "/healthz")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


async def test_options_lists_the_methods_and_has_no_body(site: EdgeSite) -> None:
    answer = await site.request("OPTIONS", "/v1/events")
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers == {"x-request-id": "request-1", "allow": "POST, OPTIONS"}


async def test_an_unknown_event_group_is_404_and_another_accounts_is_403(site: EdgeSite) -> None:
    assert (await site.post(batch(group="nowhere"))).status == 404
    assert (await site.post(batch(group="elsewhere"))).status == 403
    # the same when the events are bad: who may not send learns nothing about them
    assert (await site.post(batch("bad", group="elsewhere"))).status == 403
    assert await site.receipts() == []


async def test_which_identifiers_suffice_is_the_groups_setting(site: EdgeSite) -> None:
    by_address = event(user_data={"client_ip_address": "192.0.2.1"})
    refused = await site.post(batch(by_address))
    assert refused.status == 400
    assert "extended" in refused.json["failed_events"][0]["errors"]["user_data"]
    assert (await site.post(batch(by_address, group="app"))).status == 200


async def test_an_account_that_lists_its_partners_takes_no_other(site: EdgeSite) -> None:
    accounts = site.registered.current.accounts
    listed = msgspec.structs.replace(accounts["acme"], allowed_partners=frozenset({"Agency", "Studio"}))
    assert (await site.post(batch(event(partner_name="Anyone")))).status == 200
    site.registered.change(accounts={**accounts, "acme": listed})
    assert (await site.post(batch(event(), event(partner_name="Studio")))).status == 200
    assert (await site.post(batch())).status == 200
    refused = await site.post(batch(event(), event(partner_name="Anyone")))
    assert (refused.status, refused.json["code"]) == (403, 403)
    assert len(await site.receipts()) == 3


async def test_a_partners_key_works_for_the_accounts_that_granted_it(site: EdgeSite) -> None:
    headers = site.headers("key-partner")
    assert (await site.post(batch(event(partner_name="Agency"), group="elsewhere"), headers=headers)).status == 200
    assert (await site.post(batch(), headers=headers)).status == 403
    site.registered.change(grants={})
    assert (await site.post(batch(group="elsewhere"), headers=headers)).status == 403
    [receipt] = await site.receipts()
    assert (receipt.account_id, receipt.key_id) == ("zenith", "key-partner")


async def test_a_test_is_answered_like_the_real_thing_and_leaves_redacted_copies_only(site: EdgeSite) -> None:
    events = [
        event(user_data={"em": "Jane@Example.com"}, event_id="jane@example.com"),
        event(event_name="BUY"),
        event(),
    ]
    real = await site.post(batch(*events))
    test = await site.post(batch(*events), "/v1/test_events")
    assert (test.status, test.body) == (real.status, real.body)
    _, receipt = await site.receipts()
    assert (receipt.test, receipt.received, receipt.accepted, receipt.events) == (True, 3, 2, b"")
    assert [copy.index for copy in receipt.rejections] == [0, 1, 2]
    assert [bool(copy.errors) for copy in receipt.rejections] == [False, True, False]
    kept = msgspec.msgpack.encode(receipt)
    assert b"xample.com" not in kept
    assert DIGEST.encode() not in kept
    assert receipt.rejections[2] == Rejection(
        index=2,
        errors={},
        event=LINE.decode().replace(DIGEST, "[SHA-256]"),
        event_id="e-1",
        event_name="PURCHASE",
    )


async def test_a_failing_log_is_503_and_a_test_is_answered_all_the_same(site: EdgeSite) -> None:
    site.log.fail_next(2)
    assert (await site.post(batch(), "/v1/test_events")).status == 200
    assert await site.receipts() == []
    refused = await site.post(batch())
    assert (refused.status, refused.json["code"], refused.headers["retry-after"]) == (503, 503, "2")
    assert (await site.post(batch())).status == 200
    assert len(await site.receipts()) == 1


async def test_a_full_log_is_503_and_a_test_is_answered_all_the_same(site: EdgeSite) -> None:
    site.log.byte_cap = 0
    assert (await site.post(batch())).status == 503
    assert (await site.post(batch(), "/v1/test_events")).status == 200
    assert (await site.request("GET", "/readyz")).status == 503


async def test_readiness_is_about_the_log_and_the_registry_and_liveness_about_neither(site: EdgeSite) -> None:
    assert (await site.request("GET", "/readyz")).json == {"code": 200, "description": "ready"}
    site.registered.stale = 60
    refused = await site.request("GET", "/readyz")
    assert (refused.status, refused.headers["retry-after"]) == (503, "2")
    assert "registry" in refused.json["description"]
    assert (await site.request("GET", "/healthz")).json == {"code": 200, "description": "alive"}
    assert (await site.request("HEAD", "/healthz")).status == 200


class Broken:
    """An appender with a fault that nobody foresaw."""

    def append(self, receipt: Receipt) -> Any:
        raise ZeroDivisionError(receipt.events)

    def ready(self) -> str | None:
        return None

    async def close(self) -> None:
        pass


async def test_a_fault_is_500_in_json_and_the_log_line_has_the_place_but_no_data(
    capsys: pytest.CaptureFixture[str],
) -> None:
    site = EdgeSite()
    site.parts = site.parts._replace(appender=Broken())
    site.app = type(site.app)(site.parts, site.limits)
    answer = await site.post(batch())
    assert (answer.status, answer.json["code"]) == (500, 500)
    assert "Zero" not in answer.json["description"]
    printed = "".join(capsys.readouterr())
    assert "request-1" in printed
    assert "ZeroDivisionError" in printed
    assert "ingest.py" in printed
    assert DIGEST not in printed


async def test_plain_http_is_taken_from_this_machine_only(site: EdgeSite) -> None:
    assert (await site.post(batch(), client=("192.0.2.9", 5))).status == 403
    assert (await site.post(batch(), client=("192.0.2.9", 5), scheme="https")).status == 200
    assert (await site.post(batch(), client=("::1", 5))).status == 200
    behind = EdgeSite(EdgeLimits(trusted_proxies=("192.0.2.9",)))
    assert (await behind.post(batch(), client=("192.0.2.9", 5))).status == 403
    headers = behind.headers(x_forwarded_proto="https")
    assert (await behind.post(batch(), headers=headers, client=("192.0.2.9", 5))).status == 200
    # load balancers ask for health in the clear; there is nothing to protect
    assert (await site.request("GET", "/healthz", client=("192.0.2.9", 5))).status == 200


async def test_the_metrics_count_by_verdict_field_and_status_without_what_senders_wrote(site: EdgeSite) -> None:
    await site.post(
        batch(event(), event(event_source="moon", surprise=1), event(event_name="BUY"), event(event_time=None))
    )
    await site.post(batch(event(), event(custom_data={"contents": [{"id": "a", "price": 1}]})), "/v1/test_events")
    await site.post(batch(event(custom_data={"contents": [{"id": "a", "price": 1}]})))
    await site.post(b"", "/secret/path")
    site.parts.metrics.flush()
    count = site.count
    assert count("headgate_edge_requests_total", path="/v1/events", code="210") == 1
    assert count("headgate_edge_requests_total", path="other", code="404") == 1
    assert count("headgate_edge_events_total", verdict="accepted") == 2
    assert count("headgate_edge_events_total", verdict="rejected") == 3
    assert count("headgate_edge_events_total", verdict="test") == 2
    assert count("headgate_edge_rejected_fields_total", field="event_name", reason="invalid") == 1
    assert count("headgate_edge_rejected_fields_total", field="event_time", reason="missing") == 1
    assert count("headgate_edge_rejected_fields_total", field="custom_data.contents.quantity", reason="missing") == 1
    assert count("headgate_edge_unknown_total", what="source") == 1
    assert count("headgate_edge_unknown_total", what="field") == 1
