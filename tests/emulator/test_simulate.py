"""The language of faults, and what a server makes of it."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_site import EdgeSite, batch, event
from headgate_contract.simulate import LONGEST_SLOW, REASON, STATUSES, Fault, read_fault, with_failure
from headgate_contract.validate import Rules, read_batch

NOW = 1_700_000_000
TEST = "/v1/test_events"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("429;retry-after=3", Fault("status", status=429, retry_after=3)),
        (" 500 ; slow = 0.5 ; times = 2 ", Fault("status", status=500, slow=0.5, times=2)),
        ("210;nth=2", Fault("partial", nth=2)),
        ("210", Fault("partial", nth=1)),
        ("slow=0.5", Fault("slow", slow=0.5)),
        ("slow=1;times=3", Fault("slow", slow=1, times=3)),
        ("reset", Fault("reset")),
        ("reset-after;slow=0.1", Fault("reset-after", slow=0.1)),
    ],
)
def test_a_fault_reads_as_it_is_written(text: str, fault: Fault) -> None:
    assert read_fault(text) == fault


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "'' is not a fault; write a status"),
        ("200", "'200' is not a fault"),
        ("boom", "'boom' is not a fault"),
        ("429;retry-after", "'retry-after' is not an option"),
        ("429;retry-after=soon", "retry-after must be a whole number from 0 to 3600"),
        ("429;nth=1", "'nth' is not an option of '429'"),
        ("reset;retry-after=1", "'retry-after' is not an option of 'reset'"),
        ("210;nth=0", "nth must be a whole number from 1 to 1000"),
        ("slow=60", "slow must be seconds from 0 to 5"),
        ("slow=1e9", "slow must be seconds"),
        ("slow=1;slow=2", "or is there twice"),
        ("500;times=0", "times must be a whole number from 1"),
        ("5" * 300, "longer than 200 characters"),
        ("\u0665\u0660\u0660", "is not a fault"),
    ],
)
def test_a_malformed_fault_is_told_what_is_wrong_and_the_cure(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=r".") as why:
        read_fault(text)
    assert said in str(why.value)


@given(st.text(alphabet="0123456789;=.-slowretaftimnhx ", max_size=40))
def test_whatever_is_written_is_a_bounded_fault_or_an_error_that_says_so(text: str) -> None:
    try:
        fault = read_fault(text)
    except ValueError as why:
        assert str(why)  # noqa: PT017 - either way is fine
        return
    assert 0 <= fault.slow <= LONGEST_SLOW
    assert (fault.kind == "status") == (fault.status in STATUSES)


@given(st.lists(st.booleans(), min_size=1, max_size=8), st.integers(1, 10))
def test_the_nth_event_fails_and_its_neighbours_are_as_before(good: list[bool], nth: int) -> None:
    events = [event(event_id=f"e-{i}") if is_good else {"event_id": f"e-{i}"} for i, is_good in enumerate(good)]
    body = msgspec.json.encode(batch(*events))
    before = read_batch(body, now=NOW, rules_of=lambda _: Rules())
    after = with_failure(before, body, nth)
    failing = {i for i, is_good in enumerate(good) if not is_good} | ({nth - 1} if nth <= len(good) else set())
    assert [failed.rejection.index for failed in after.failed] == sorted(failing)
    kept = [msgspec.json.decode(line)["event_id"] for line in after.lines.split(b"\n") if line]
    assert kept == [f"e-{i}" for i in range(len(good)) if i not in failing]
    assert after.accepted == len(kept)
    assert after.received == len(good)


async def _simulated(site: EdgeSite, fault: str, body: dict[str, Any], path: str = TEST) -> Any:
    return await site.post(body, path, site.headers(x_headgate_simulate=fault))


async def test_the_server_answers_test_events_with_the_fault_that_was_asked_for() -> None:
    site = EdgeSite()
    answer = await _simulated(site, "429;retry-after=3", batch())
    assert (answer.status, answer.headers["retry-after"]) == (429, "3")
    assert answer.json == {"code": 429, "description": "simulated fault: Too Many Requests"}
    answer = await _simulated(site, "210;nth=2", batch(event(), event(event_id="e-2")))
    assert answer.status == answer.json["code"] == 210
    assert answer.json["failed_events"] == [{**event(event_id="e-2"), "errors": {"event": REASON}}]
    began = time.monotonic()
    assert (await _simulated(site, "slow=0.1", batch())).status == 200
    assert time.monotonic() - began >= 0.1


async def test_a_refusal_on_demand_keeps_no_copy_and_a_partial_one_does() -> None:
    site = EdgeSite()
    await _simulated(site, "500", batch())
    assert await site.receipts() == []
    await _simulated(site, "210", batch(event(), event(event_id="e-2")))
    [receipt] = await site.receipts()
    assert receipt.test
    assert [bool(rejection.errors) for rejection in receipt.rejections] == [True, False]


async def test_the_header_means_nothing_where_events_are_kept() -> None:
    site = EdgeSite()
    for fault in ("500", "reset", "nonsense"):
        assert (await _simulated(site, fault, batch(), "/v1/events")).status == 200


async def test_a_malformed_header_is_400_with_the_cure() -> None:
    answer = await _simulated(EdgeSite(), "boom", batch())
    assert answer.status == 400
    assert answer.json["description"].startswith("X-Headgate-Simulate: 'boom' is not a fault; write a status (429")
    assert set(answer.json) == {"code", "description", "events_received", "failed_events"}


async def test_a_fault_needs_a_key_like_any_other_request() -> None:
    site = EdgeSite()
    answer = await site.post(batch(), TEST, site.headers(x_headgate_simulate="500", authorization=""))
    assert answer.status == 401


async def test_times_counts_for_each_key_and_then_lets_one_through() -> None:
    site = EdgeSite()
    statuses = [(await _simulated(site, "500;times=2", batch())).status for _ in range(6)]
    assert statuses == [500, 500, 200, 500, 500, 200]
    headers = site.headers("key-other", x_headgate_simulate="500;times=2")
    assert (await site.post(batch(), TEST, headers)).status == 500


@pytest.mark.parametrize(("fault", "kept"), [("reset", 0), ("reset-after", 1)])
async def test_a_real_connection_is_reset_without_an_answer(fault: str, kept: int) -> None:
    site = EdgeSite()
    body = msgspec.json.encode(batch())
    async with site.served() as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        lines = [f"{name}: {value}" for name, value in site.headers(x_headgate_simulate=fault).items()]
        head = "\r\n".join([f"POST {TEST} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", *lines, "", ""])
        writer.write(head.encode() + body)
        with pytest.raises(ConnectionResetError):
            async with asyncio.timeout(10):
                await reader.read()
        writer.close()
        # the server lives on
        assert (await site.post(batch())).status == 200
    assert sum(receipt.test for receipt in await site.receipts()) == kept
