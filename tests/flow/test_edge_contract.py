"""The contract, sent to the edge: docs/contract.md, the vectors, and what no contract foresees."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from edge_site import EdgeSite, batch, event
from headgate.edge.limits import EdgeLimits
from headgate.edge.problems import STATUS
from headgate.registry.snapshot import EventGroup
from headgate.testing import GROUP as VECTOR_GROUP
from headgate.testing import NOW as VECTOR_NOW
from headgate.testing import read_json, request_vectors, same_json
from headgate_contract.vocabulary import EXTENDED_IDENTIFIERS, Identifiers
from malformed import BODIES, EVENTS, ODD_EVENTS, around

TEXT = (Path(__file__).parents[2] / "docs" / "contract.md").read_text()
EXAMPLES = re.findall(r"```json request\n(.*?)```\n```json answer (\d+)\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.parametrize(("request_text", "status", "answer_text"), EXAMPLES)
async def test_the_examples_are_answered_as_written(request_text: str, status: str, answer_text: str) -> None:
    site = EdgeSite()
    for path in ("/v1/events", "/v1/test_events"):
        answer = await site.post(request_text.encode(), path)
        assert answer.json == msgspec.json.decode(answer_text)
        assert answer.status == int(status)


def test_no_example_goes_untested() -> None:
    assert len(EXAMPLES) == TEXT.count("```json") / 2 == 5


def test_every_status_is_explained() -> None:
    explained = {int(code) for code in re.findall(r"^\| (\d{3}) \|", TEXT, re.MULTILINE)}
    assert explained == {200, 210, 431, 500, *(int(status) for status in STATUS.values())}


async def test_the_identifiers_named_are_the_ones_that_suffice() -> None:
    for field in EXTENDED_IDENTIFIERS:
        assert f"`{field}`" in TEXT
        sent = event(user_data={field: "a@example.com" if field == "em" else "1234567"})
        assert (await EdgeSite().post(batch(sent, group="app"))).status == 200


def _site(now: int, identifiers: Identifiers) -> EdgeSite:
    """An edge that knows the vectors' event group."""
    site = EdgeSite(EdgeLimits(rejected_per_minute=0))
    site.clock.now = now * 1_000_000
    site.registered.change(groups={VECTOR_GROUP: EventGroup(VECTOR_GROUP, "acme", identifiers)})
    return site


async def test_the_vectors_are_answered_as_they_say() -> None:
    for vector in request_vectors(Path(__file__).parents[2] / "vectors"):
        answer = await _site(vector.now, vector.identifiers).post(vector.body, vector.path)
        assert answer.status == vector.code, vector.name
        assert same_json(vector.answer, read_json(answer.body)), vector.name


@pytest.mark.parametrize("path", ["/v1/events", "/v1/test_events"])
async def test_text_from_hell_is_never_our_fault_and_its_neighbours_are_accepted(path: str) -> None:
    site = _site(VECTOR_NOW, "article")
    for case in BODIES:
        assert (await site.post(case.text, path)).status in (400, 413), case.name
    assert await site.receipts() == []
    for case in (*EVENTS, *ODD_EVENTS):
        answer = await site.post(around(case.text, 1), path)
        assert answer.status in (200, 210, 413), case.name
    for receipt in await site.receipts():
        assert receipt.received == receipt.accepted + sum(bool(rejection.errors) for rejection in receipt.rejections)
        assert receipt.accepted >= 2


async def test_a_receipt_says_where_a_server_sends_from_and_never_where_a_page_is_looked_at() -> None:
    site = EdgeSite(EdgeLimits(trusted_proxies=("10.0.0.0/8",)))
    headers = site.headers(x_forwarded_for="198.51.100.1, 203.0.113.9", x_forwarded_proto="https")
    await site.post(batch(event()), headers=headers, client=("10.1.2.3", 1))
    await site.post(batch(event()), "/v1/test_events", headers=headers, client=("10.1.2.3", 1))
    await site.post(batch(event()))
    assert [receipt.address for receipt in await site.receipts()] == ["203.0.113.9", "203.0.113.9", "127.0.0.1"]
