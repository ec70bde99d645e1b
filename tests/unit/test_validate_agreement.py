"""Two validators that agree: what the typed decode accepts and what the explaining path says, on any JSON value."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from headgate.testing import NOW, body_of, read_json, same_json
from headgate_contract import redact
from headgate_contract.event import Event, EventBatch
from headgate_contract.explain import explain
from headgate_contract.money import fraction
from headgate_contract.validate import UNREADABLE, Rules, is_normal, read_batch
from headgate_contract.vocabulary import Sufficient
from strategies import json_values, mutated_events, normal_events, sent_events

_any_decoder = msgspec.json.Decoder(float_hook=fraction)
_event_decoder = msgspec.json.Decoder(Event)
_batch_decoder = msgspec.json.Decoder(EventBatch)
_encode = msgspec.json.Encoder(decimal_format="number").encode

anything = json_values | normal_events() | sent_events() | mutated_events()
groups = st.sampled_from(["article", "extended", "none"])
many = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _explained(sent: Any, identifiers: Sufficient) -> tuple[Any, dict[str, str]]:
    """Normal form as JSON and errors, by the explaining path alone."""
    normal, errors = explain(_any_decoder.decode(_encode(sent)), now=NOW, identifiers=identifiers)
    return read_json(_encode(normal)), errors


@many
@given(anything, groups)
def test_what_the_typed_decode_accepts_is_explained_as_good_and_comes_to_the_same(
    sent: Any, identifiers: Sufficient
) -> None:
    try:
        event = _event_decoder.decode(_encode(sent))
    except UNREADABLE:
        return
    line = _encode(event)
    if is_normal((event,), NOW, Rules(identifiers)) and not redact.may_hold_email(line):
        normal, errors = _explained(sent, identifiers)
        assert errors == {}
        assert same_json(normal, read_json(line))


@many
@given(anything, groups)
@example({}, "article")
@example([], "article")
@example({"event_time": 10**11}, "article")
def test_a_batch_of_one_gets_the_verdict_and_the_reasons_of_the_explaining_path(
    sent: Any, identifiers: Sufficient
) -> None:
    batch = read_batch(body_of(sent), now=NOW, rules_of=lambda _: Rules(identifiers))
    normal, errors = _explained(sent, identifiers)
    assert (batch.received, batch.accepted, len(batch.failed)) == (1, int(not errors), int(bool(errors)))
    if errors:
        answered = read_json(batch.failed[0].answer)
        assert answered.pop("errors") == errors
        as_sent = read_json(_encode(sent))
        if isinstance(as_sent, dict):
            as_sent.pop("errors", None)
        assert same_json(as_sent if isinstance(sent, dict) else {"event": as_sent}, answered)
    else:
        assert same_json(normal, read_json(batch.lines))


@many
@given(st.lists(normal_events(), min_size=1, max_size=5))
def test_events_in_normal_form_take_the_first_gear(events: list[Any]) -> None:
    body = body_of(*events)
    assert is_normal(_batch_decoder.decode(body).events, NOW, Rules())
    batch = read_batch(body, now=NOW, rules_of=lambda _: Rules())
    assert (batch.accepted, batch.failed, batch.unknown_fields) == (len(events), [], 0)
    assert not redact.may_hold_email(batch.lines)
    assert same_json(events, [read_json(line) for line in batch.lines.split(b"\n")])


#: one step from normal form, each of which the first gear must leave to the explaining path
BEYOND_TYPES: list[dict[str, Any]] = [
    {"event_time": NOW + 3601},
    {"user_data": {"em": "A" * 64}},
    {"user_data": {"em": "g" * 64}},
    {"user_data": {"em": "a" * 62 + "  "}},
    {"user_data": {"em": " " * 64}},
    {"user_data": {"em": "\uff12" * 64}},
    {"user_data": {"aGA": ""}},
    {"user_data": {"ph": "a" * 64}},
    {"user_data": {"is_hashed": False, "em": "a" * 64}},
    {"user_data": {"aGA": "jo@example.com"}},
    {"custom_data": {"value": "NaN"}},
    {"custom_data": {"value": "Infinity"}},
    {"custom_data": {"value": 10**15}},
    {"custom_data": {"num_items": 1.5}},
    {"custom_data": {"num_items": -1}},
    {"custom_data": {"contents": [{"id": 1, "quantity": -1, "price": 1}]}},
    {"custom_data": {"contents": [{"id": 1, "quantity": 1, "price": "sNaN"}]}},
    {"event_source_url": "https://example.com/?phone=15551234567"},
]


@pytest.mark.parametrize("change", BEYOND_TYPES, ids=str)
def test_what_types_cannot_say_is_held_by_the_pass_over_the_events(change: dict[str, Any]) -> None:
    sent = {"event_name": "LEAD", "event_type": "conversion", "event_time": 1, "user_data": {"aGA": "x"}, **change}
    event = _event_decoder.decode(_encode(sent))
    assert not is_normal((event,), NOW, Rules()) or redact.may_hold_email(_encode(event))


def test_digests_are_checked_each_by_itself_though_all_at_once() -> None:
    """Two digests, one a character short of hexadecimal: their join must not pass for two good ones."""
    users = [{"em": "a" * 64, "ph": "b" * 63 + " "}, {"em": "a" * 64, "ph": " " + "b" * 63}]
    events = [{"event_name": "LEAD", "event_type": "conversion", "event_time": 1, "user_data": user} for user in users]
    decoded = _batch_decoder.decode(body_of(*events)).events
    assert not is_normal(decoded, NOW, Rules())
    assert not is_normal(decoded[:1], NOW, Rules())
