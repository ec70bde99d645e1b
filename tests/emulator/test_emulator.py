"""The emulator keeps to the contract: it answers as the vectors say, and as the server does."""

from __future__ import annotations

import gzip
import time
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import zstandard

from edge_site import DIGEST, GROUP, NOW, EdgeSite, batch, event
from headgate.edge.limits import EdgeLimits
from headgate.testing import RequestVector, read_json, request_vectors, same_json
from headgate_client.testing import Answer, Emulator
from headgate_contract.simulate import REASON

VECTORS = list(request_vectors(Path(__file__).parents[2] / "vectors"))
GOOD = msgspec.json.encode(batch())
HEADERS = {"content-type": "application/json", "authorization": "Bearer key"}


def post(emulator: Emulator, body: Any = None, path: str = "/v1/events", **more: str) -> Answer | None:
    sent = body if isinstance(body, bytes) else msgspec.json.encode(body or batch())
    headers = HEADERS | {name.replace("_", "-"): value for name, value in more.items()}
    return emulator.handle("POST", path, [pair for pair in headers.items() if pair[1]], sent).answer


def status(emulator: Emulator, body: Any = None, path: str = "/v1/events", **more: str) -> int:
    answer = post(emulator, body, path, **more)
    return answer.status if answer else 0


@pytest.fixture
def emulator() -> Emulator:
    return Emulator(now=NOW)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: f"{v.theme}: {v.name}")
def test_a_vector_is_answered_as_it_says(vector: RequestVector) -> None:
    emulator = Emulator(now=vector.now, identifiers=vector.identifiers)
    with httpx.Client(transport=emulator.transport, base_url=emulator.base_url) as http:
        answer = http.post(vector.path, content=vector.body, headers=HEADERS)
    assert answer.status_code == vector.code
    assert same_json(vector.answer, read_json(answer.content)), answer.text
    assert answer.headers["x-request-id"]
    if vector.kept is not None:
        found = emulator.tested if vector.path == "/v1/test_events" else emulator.accepted
        assert len(found) == len(vector.kept)


_ASKED: list[tuple[str, str, str, bytes, dict[str, str]]] = [
    ("a good batch", "POST", "/v1/events", GOOD, {}),
    ("a test", "POST", "/v1/test_events", GOOD, {}),
    ("no key", "POST", "/v1/events", GOOD, {"authorization": ""}),
    ("a key of another scheme", "POST", "/v1/events", GOOD, {"authorization": "Basic eDp5"}),
    ("an empty key", "POST", "/v1/events", GOOD, {"authorization": "Bearer "}),
    ("an unknown key", "POST", "/v1/events", GOOD, {"authorization": "Bearer nobody"}),
    ("another account's key", "POST", "/v1/events", msgspec.json.encode(batch(group="elsewhere")), {}),
    ("no such group", "POST", "/v1/events", msgspec.json.encode(batch(group="nowhere")), {}),
    ("no such path", "POST", "/v2/events", GOOD, {}),
    ("a GET", "GET", "/v1/events", b"", {}),
    ("options", "OPTIONS", "/v1/events", b"", {}),
    ("is it alive", "GET", "/healthz", b"", {}),
    ("is it ready", "GET", "/readyz", b"", {}),
    ("a post where none is taken", "POST", "/healthz", b"", {}),
    ("text", "POST", "/v1/events", GOOD, {"content-type": "text/plain"}),
    ("no content type", "POST", "/v1/events", GOOD, {"content-type": ""}),
    ("a charset", "POST", "/v1/events", GOOD, {"content-type": "application/json; charset=utf-8"}),
    ("another charset", "POST", "/v1/events", GOOD, {"content-type": "application/json; charset=utf-16"}),
    ("a kind of JSON", "POST", "/v1/events", GOOD, {"content-type": "application/vnd.x+json"}),
    ("html wanted", "POST", "/v1/events", GOOD, {"accept": "text/html"}),
    ("html preferred", "POST", "/v1/events", GOOD, {"accept": "text/html, */*;q=0.1"}),
    ("json excluded", "POST", "/v1/events", GOOD, {"accept": "application/json;q=0, */*"}),
    ("gzip", "POST", "/v1/events", gzip.compress(GOOD), {"content-encoding": "gzip"}),
    ("gzip in two", "POST", "/v1/events", gzip.compress(GOOD[:9]) + gzip.compress(GOOD[9:]), {"content-encoding": "gzip"}),
    ("zstd in two", "POST", "/v1/events", zstandard.compress(GOOD[:9]) + zstandard.compress(GOOD[9:]), {"content-encoding": "zstd"}),
    ("gzip cut short", "POST", "/v1/events", gzip.compress(GOOD)[:-9], {"content-encoding": "gzip"}),
    ("no gzip", "POST", "/v1/events", GOOD, {"content-encoding": "gzip"}),
    ("a bomb", "POST", "/v1/events", gzip.compress(b" " * 10_000), {"content-encoding": "gzip"}),
    ("zstd", "POST", "/v1/events", zstandard.compress(GOOD), {"content-encoding": "zstd"}),
    ("no zstd", "POST", "/v1/events", GOOD, {"content-encoding": "zstd"}),
    ("brotli", "POST", "/v1/events", GOOD, {"content-encoding": "br"}),
    ("twice packed", "POST", "/v1/events", gzip.compress(GOOD), {"content-encoding": "gzip, gzip"}),
    ("too long", "POST", "/v1/events", b" " * 10_000, {"content-length": "10000"}),
    ("no JSON", "POST", "/v1/events", b"{", {}),
    ("nothing", "POST", "/v1/events", b"", {}),
    ("a fault that is none", "POST", "/v1/test_events", GOOD, {"x-headgate-simulate": "boom"}),
    ("a fault", "POST", "/v1/test_events", GOOD, {"x-headgate-simulate": "429;retry-after=3"}),
    ("a bad request on demand", "POST", "/v1/test_events", GOOD, {"x-headgate-simulate": "400"}),
    ("an event that fails on demand", "POST", "/v1/test_events", GOOD, {"x-headgate-simulate": "210;nth=1"}),
    ("a fault where events are kept", "POST", "/v1/events", GOOD, {"x-headgate-simulate": "500"}),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body", "more"), [case[1:] for case in _ASKED], ids=[c[0] for c in _ASKED])
async def test_it_answers_as_the_server_does(method: str, path: str, body: bytes, more: dict[str, str]) -> None:
    site = EdgeSite(EdgeLimits(body=5_000))
    emulator = Emulator(now=NOW, groups={GROUP: "article", "app": "extended", "elsewhere": "article"}, body_limit=5_000)
    emulator.access.add_key(site.token(), [GROUP, "app"])
    headers = [pair for pair in (site.headers() | more).items() if pair[1]]
    expected = await site.request(method, path, [body], headers)
    found = emulator.handle(method, path, headers, body).answer
    assert found is not None
    assert (found.status, found.body) == (expected.status, expected.body)
    # the order of headers means nothing, and each numbers its requests in its own way
    assert dict(found.all_headers()) | {"x-request-id": ""} == expected.headers | {"x-request-id": ""}


async def test_partners_are_refused_in_the_servers_words() -> None:
    site, emulator = EdgeSite(), Emulator(now=NOW)
    emulator.access.allow_partners({"Agency"})
    body = batch(event(partner_name="Stranger"), group="elsewhere")
    expected = await site.post(body, headers=site.headers("key-partner"))
    found = post(emulator, body)
    assert found is not None
    assert (found.status, found.body) == (expected.status, expected.body) == (403, expected.body)
    assert status(emulator, batch(event(partner_name="Agency"))) == 200


def test_what_was_accepted_rejected_and_tested_is_there_to_assert_on(emulator: Emulator) -> None:
    raw = event(event_id="e-2", user_data={"em": "Jane@Example.com"})
    assert status(emulator, batch(event(), raw, event(event_name="BUY"))) == 210
    assert status(emulator, batch(event(event_id="t")), "/v1/test_events") == 200
    assert [sent["event_id"] for sent in emulator.accepted] == ["e-1", "e-2"]
    assert emulator.accepted[0] == {"event_group_id": GROUP, **event()}
    assert "Jane" not in str(emulator.accepted)
    assert [sent["event_name"] for sent in emulator.rejected] == ["BUY"]
    assert [sent["event_id"] for sent in emulator.tested] == ["t"]
    assert [(received.path, received.status) for received in emulator.requests] == [
        ("/v1/events", 210),
        ("/v1/test_events", 200),
    ]
    assert emulator.requests[0].events[1] == raw
    assert emulator.requests[0].header("Authorization") == "Bearer key"
    emulator.reset()
    assert emulator.requests == emulator.accepted == emulator.rejected == emulator.tested == []


def test_one_id_counts_once_within_ten_minutes(emulator: Emulator) -> None:
    for seconds in (0, 600, -600, 601, 1201):
        status(emulator, batch(event(event_time=NOW - 5000 + seconds)))
    status(emulator, batch(event(event_id=None), event(event_id=None)))
    assert [sent["event_time"] - NOW + 5000 for sent in emulator.duplicates] == [600, -600, 1201]
    assert len(emulator.kept) == 4
    assert len(emulator.accepted) == 7


def test_the_clock_stands_until_it_is_moved(emulator: Emulator) -> None:
    late = batch(event(event_time=NOW + 3601))
    assert status(emulator, late) == 400
    emulator.clock.move(1)
    assert status(emulator, late) == 200
    emulator.clock.set(NOW)
    assert status(emulator, late) == 400
    assert [received.at for received in emulator.requests] == [NOW, NOW + 1, NOW]
    assert abs(Emulator().clock() - time.time()) < 60


def test_a_revoked_key_is_refused(emulator: Emulator) -> None:
    emulator.access.add_key("key")
    assert status(emulator) == 200
    emulator.access.revoke_key("key")
    assert status(emulator) == 401


def test_faults_meet_the_next_requests_in_order(emulator: Emulator) -> None:
    emulator.inject("429;retry-after=3", "500;times=2", "210;nth=2", "reset", "reset-after")
    two = batch(event(), event(event_id="e-2"))
    answer = post(emulator, two)
    assert answer is not None
    assert dict(answer.headers)["retry-after"] == "3"
    assert [status(emulator, two) for _ in range(2)] == [500, 500]
    assert emulator.accepted == []
    partial = post(emulator, two)
    assert partial is not None
    assert partial.json["failed_events"] == [{**event(event_id="e-2"), "errors": {"event": REASON}}]
    assert [status(emulator, two) for _ in range(3)] == [0, 0, 200]
    # the first cut kept nothing, the second everything
    assert [sent["event_id"] for sent in emulator.accepted] == ["e-1", "e-1", "e-2", "e-1", "e-2"]
    assert [sent["event_id"] for sent in emulator.kept] == ["e-1", "e-2"]
    assert [received.fault for received in emulator.requests][-3:] == ["reset", "reset-after", None]


def test_a_malformed_fault_is_refused_and_none_of_its_neighbours_waits(emulator: Emulator) -> None:
    with pytest.raises(ValueError, match="'boom' is not a fault"):
        emulator.inject("500", "boom")
    assert status(emulator) == 200
    emulator.inject("500")
    emulator.clear_faults()
    assert status(emulator) == 200


def test_the_transport_serves_a_blocking_client(emulator: Emulator) -> None:
    emulator.inject("slow=0.05", "reset")
    with httpx.Client(transport=emulator.transport, base_url=emulator.base_url) as http:
        assert http.post("/v1/events", content=GOOD, headers=HEADERS).status_code == 200
        with pytest.raises(httpx.ReadError):
            http.post("/v1/events", content=GOOD, headers=HEADERS)


async def test_the_transport_serves_an_async_client(emulator: Emulator) -> None:
    emulator.inject("slow=0.05", "reset")
    async with httpx.AsyncClient(transport=emulator.transport, base_url=emulator.base_url) as client:
        assert (await client.post("/v1/events", content=GOOD, headers=HEADERS)).status_code == 200
        with pytest.raises(httpx.ReadError):
            await client.post("/v1/events", content=GOOD, headers=HEADERS)


def test_a_real_port_is_there_on_demand(headgate_emulator: Emulator, headgate_emulator_url: str) -> None:
    sent = batch(event(event_time=int(headgate_emulator.clock())))
    with httpx.Client(base_url=headgate_emulator_url, headers={"authorization": "Bearer key"}) as http:
        for _ in range(3):
            assert http.post("/v1/events", json=sent).json()["code"] == 200
        chunks = iter([b'{"event_group_id": "shop", ', b'"events": []}'])
        refused = http.post("/v1/events", content=chunks, headers=HEADERS)
        assert refused.json()["description"] == "events is empty; send at least one event"
        headgate_emulator.inject("210", "reset-after")
        assert http.post("/v1/events", json=batch(event(), event())).status_code == 210
        with pytest.raises(httpx.TransportError):
            http.post("/v1/events", json=sent)
        assert http.head("/readyz").status_code == 200
    assert [sent["event_id"] for sent in headgate_emulator.kept] == ["e-1", "e-1"]
    assert len(headgate_emulator.duplicates) == 3


def test_a_port_that_was_closed_takes_no_more(emulator: Emulator) -> None:
    with emulator.serve() as url:
        assert httpx.get(f"{url}/healthz").status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/healthz")


def test_the_fixture_is_fresh_for_each_test(headgate_emulator: Emulator) -> None:
    assert headgate_emulator.requests == []
    assert status(headgate_emulator, batch(event(user_data={"em": DIGEST}))) == 200
