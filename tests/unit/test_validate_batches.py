"""Batches: each event by itself, order kept, nothing lost between received, accepted and failed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headgate.errors import UnknownEventGroup
from headgate.testing import GROUP, NOW, body_of, good_event, read_json, same_json
from headgate_contract.errors import NotABatch
from headgate_contract.validate import AROUND_LIMIT, Batch, Rules, read_batch
from strategies import json_values, mutated_events, normal_events, sent_events

some = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
INTERNAL = ("unknown", "hashed_on_receipt")


def _read(body: bytes) -> Batch:
    return read_batch(body, now=NOW, rules_of=lambda _: Rules())


def _lines(batch: Batch) -> list[bytes]:
    return batch.lines.split(b"\n") if batch.lines else []


@some
@given(st.lists(normal_events() | sent_events(), max_size=4), st.data())
def test_a_bad_event_changes_nothing_for_its_neighbours(neighbours: list[Any], data: st.DataObject) -> None:
    alone = [_read(body_of(event)) for event in neighbours]
    events: list[Any] = list(neighbours)
    strangers = json_values | mutated_events() | st.just(msgspec.Raw(b'{"event_name":NaN}'))
    bad = data.draw(strangers.filter(lambda event: not _read(body_of(event)).accepted))
    place = data.draw(st.integers(0, len(events)))
    events.insert(place, bad)
    batch = _read(body_of(*events))
    assert batch.received == len(events) == batch.accepted + len(batch.failed)
    # as text, not only as value: the line that is kept does not depend on who else was in the request
    assert [read_json(line) for line in _lines(batch)] == [read_json(line) for one in alone for line in _lines(one)]
    places = [failed.rejection.index for failed in batch.failed]
    assert place in places
    assert places == sorted(places)
    assert [i for i in places if i != place] == [i + (i >= place) for i, one in enumerate(alone) for _ in one.failed]


@some
@given(st.lists(json_values | normal_events() | sent_events() | mutated_events(), min_size=1, max_size=6))
def test_received_is_accepted_plus_failed(events: list[Any]) -> None:
    batch = _read(body_of(*events))
    assert batch.received == len(events) == batch.accepted + len(batch.failed)
    assert len(_lines(batch)) == batch.accepted
    assert all(failed.rejection.errors for failed in batch.failed)


@some
@given(sent_events() | normal_events())
def test_an_accepted_event_sent_again_as_it_is_kept_comes_to_the_same(event: dict[str, Any]) -> None:
    first = _read(body_of(event))
    if not first.accepted:
        return
    kept = {field: value for field, value in read_json(first.lines).items() if field not in INTERNAL}
    kept["user_data"].pop("ph_e164", None)
    second = _read(body_of(kept))
    assert second.accepted == 1
    assert same_json(kept, read_json(second.lines))


@some
@given(json_values | mutated_events())
def test_a_failed_event_sent_again_as_it_is_answered_fails_with_the_same_errors(event: Any) -> None:
    first = _read(body_of(event))
    if not first.failed or not isinstance(event, dict):
        return
    answered = first.failed[0].answer
    second = _read(body_of(msgspec.Raw(answered)))
    assert same_json(read_json(answered), read_json(second.failed[0].answer))


def test_a_thousand_events_are_read_and_one_more_is_refused() -> None:
    assert _read(body_of(*[good_event(str(i)) for i in range(1000)])).accepted == 1000
    with pytest.raises(NotABatch, match="1001 events"):
        _read(body_of(*[good_event(str(i)) for i in range(1001)]))


def test_what_the_registry_says_of_the_group_passes_through() -> None:
    def unknown(_: str) -> Rules:
        raise UnknownEventGroup

    for body in (body_of(good_event()), body_of({}), body_of(good_event(), around=1)):
        with pytest.raises(UnknownEventGroup):
            read_batch(body, now=NOW, rules_of=unknown)


def test_the_rules_are_asked_for_the_group_of_the_body() -> None:
    asked: list[str] = []

    def rules_of(group: str) -> Rules:
        asked.append(group)
        return Rules("extended")

    sent = good_event(user_data={"client_ip_address": "192.0.2.7"})
    assert read_batch(body_of(sent, event_group_id="shop"), now=NOW, rules_of=rules_of).accepted == 1
    assert set(asked) == {"shop"}
    assert read_batch(body_of(sent), now=NOW, rules_of=rules_of).event_group_id == GROUP


def test_partners_and_unknowns_are_counted_alike_in_every_gear() -> None:
    events = [
        good_event(partner_name="One"),
        good_event(partner_name="Two", event_source="kiosk"),
        good_event(event_source=""),
    ]
    first_gear = _read(body_of(*events))
    other_gears = _read(body_of(*events, {}, good_event(extra=1)))
    assert (first_gear.partner_names, first_gear.unknown_sources, first_gear.unknown_fields) == ({"One", "Two"}, 2, 0)
    assert (other_gears.partner_names, other_gears.unknown_sources, other_gears.unknown_fields) == (
        {"One", "Two"},
        2,
        1,
    )


def test_a_long_text_around_the_events_is_kept_once_and_not_a_thousand_times() -> None:
    events = [{}, *(good_event(str(i)) for i in range(999))]
    batch = _read(body_of(*events, note="x" * 5_000_000))
    assert batch.accepted == 999
    assert len(batch.lines) < 5_000_000 + 999 * 1000
    noted = ["unknown" in read_json(line) for line in _lines(batch)]
    assert noted == [True] + [False] * 998
    short = _read(body_of(*events, note="x" * (AROUND_LIMIT - 100)))
    assert all("unknown" in read_json(line) for line in _lines(short))


def test_numbers_too_large_for_any_decimal_have_their_reason_and_do_no_harm_elsewhere() -> None:
    huge = msgspec.Raw(b"1e99999999999999999999")
    batch = _read(
        body_of(good_event(custom_data={"value": huge}), good_event(event_id=None, seen=huge), good_event("a"))
    )
    assert [failed.rejection.errors for failed in batch.failed] == [{"custom_data.value": "must be a finite number"}]
    assert batch.failed[0].answer.startswith(b'{"event_name"')
    assert b"1e99999999999999999999" in batch.failed[0].answer
    assert [read_json(line).get("unknown") for line in _lines(batch)] == [{"seen": '"Infinity"'}, None]


@pytest.mark.parametrize("exponent", ["1e400", "1e9999999", "-1e9999999", "1E+999999999999999"])
def test_an_amount_with_a_large_exponent_is_out_of_bounds_and_no_crash(exponent: str) -> None:
    for field in ("value", "predicted_ltv", "num_items"):
        for number in (exponent.encode(), b'"%s"' % exponent.encode()):
            failed = _read(body_of(good_event(custom_data={field: msgspec.Raw(number)}))).failed
            reason = "must lie between 0 and 1e9" if field == "num_items" else "must lie between -1e15 and 1e15"
            # in the answer and in what is kept: nothing of it reads as somebody's telephone
            assert failed[0].rejection.errors == {f"custom_data.{field}": reason}
            assert reason.encode() in failed[0].answer


def test_zero_is_zero_however_it_is_written() -> None:
    for zero in (b"0", b"-0", b"0.000", b"0e99", b'"0E-400"', b"1e-400"):
        batch = _read(body_of(good_event(custom_data={"value": msgspec.Raw(zero)})))
        assert read_json(batch.lines)["custom_data"]["value"] == Decimal(0)
