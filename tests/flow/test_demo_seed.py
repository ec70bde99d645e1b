"""`headgate demo seed`: believable events that hold to the contract and add up."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from headgate.processes.demo_events import PLACES, slots
from headgate_contract.validate import Rules, read_batch
from server import headgate, serving

FIRST = 1_790_000_000 // 86_400 * 86_400


def test_the_same_seed_makes_the_same_events() -> None:
    def made(seed: int) -> list[object]:
        return [(end, receipts) for end, receipts in slots(first=FIRST, days=2, events=2000, seed=seed)]

    assert made(1) == made(1)
    assert made(1) != made(2)


def test_accepted_events_are_in_normal_form_and_rejected_ones_have_reasons() -> None:
    sources: Counter[tuple[str, str]] = Counter()
    rejected: Counter[str] = Counter()
    for end, receipts in slots(first=FIRST, days=20, events=8000, seed=3):
        for receipt in receipts:
            assert end - 120 <= receipt.received_at // 1_000_000 < end
            assert receipt.received == receipt.accepted + len(receipt.rejections)
            assert all(rejection.errors and rejection.event for rejection in receipt.rejections)
            rejected[receipt.event_group_id] += len(receipt.rejections)
            sources[receipt.event_group_id, receipt.source] += receipt.accepted
            if receipt.accepted:
                body = b'{"event_group_id":"g","events":[%b]}' % receipt.events.replace(b"\n", b",")
                batch = read_batch(body, now=end, rules_of=lambda _group: Rules("extended"))
                assert (batch.accepted, batch.failed, batch.lines) == (receipt.accepted, [], receipt.events)
    assert {group for group, _ in sources} == {place.event_group_id for place in PLACES}
    assert ("streaming_signup", "pixel") not in sources
    assert rejected["streaming_signup"] > 10 * rejected["demo_website"]
    assert sum(sources.values()) + sum(rejected.values()) == pytest.approx(8000, rel=0.1)


def test_a_seeded_folder_adds_up_and_is_seeded_once_only(tmp_path: Path) -> None:
    done = headgate(tmp_path, "demo", "seed", "--events", "3000", "--days", "3")
    assert done.returncode == 0, done.stderr
    assert "events of 3 days" in done.stdout
    assert "demo_website, streaming_signup, kitchen_shop" in done.stdout
    lines = [json.loads(line) for line in headgate(tmp_path, "reconcile", "--json").stdout.splitlines()]
    assert lines
    assert all(line["adds_up"] for line in lines)
    assert {line["event_group_id"] for line in lines} == {place.event_group_id for place in PLACES}
    assert sum(line["duplicate"] for line in lines) > 100
    again = headgate(tmp_path, "demo", "seed")
    assert (again.returncode, "holds demo events already" in again.stderr) == (1, True)


def test_a_running_server_is_not_seeded_under(tmp_path: Path) -> None:
    with serving(tmp_path):
        refused = headgate(tmp_path, "demo", "seed", "--events", "1000")
    assert refused.returncode == 1
    assert "another server holds" in refused.stderr
