from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate_client import Response
from headgate_client._answer import NotNow, Refused, Settled, read_answer
from headgate_client._batch import Item, new_id, read_event
from headgate_contract.validate import Rules, read_batch
from strategies import json_values

NOW = 1_700_000_000


def items(*events: dict[str, Any]) -> list[Item]:
    read = [read_event(place, event, 10**6, new_id) for place, event in enumerate(events)]
    assert all(isinstance(item, Item) for item in read)
    return read  # type: ignore[return-value]


def failed(*events: dict[str, Any], of: int, status: int = 210) -> Response:
    body = {"code": status, "description": "some", "events_received": of, "failed_events": list(events)}
    return Response(status, {}, json.dumps(body).encode())


def test_equal_events_are_told_apart_by_their_order() -> None:
    same = {"event_id": "same", "n": 1}
    sent = items(same, {"event_id": "other"}, same, same)
    verdict = read_answer(failed({**same, "errors": {"a": "1"}}, {**same, "errors": {"a": "2"}}, of=len(sent)), sent)
    assert verdict == Settled({0: {"a": "1"}, 2: {"a": "2"}})


def test_events_of_one_id_are_told_apart_by_what_they_say() -> None:
    sent = items({"event_id": "x", "opt_out": True}, {"event_id": "x", "opt_out": 1}, {"event_id": "x", "opt_out": 1.0})
    verdict = read_answer(failed({"event_id": "x", "opt_out": 1, "errors": {"opt_out": "no"}}, of=len(sent)), sent)
    assert verdict == Settled({1: {"opt_out": "no"}})


def test_an_event_that_has_a_field_named_errors_is_found() -> None:
    sent = items({"event_id": "a"}, {"event_id": "b", "errors": {"old": "one"}})
    assert read_answer(failed({"event_id": "b", "errors": {"new": "one"}}, of=len(sent)), sent) == Settled(
        {1: {"new": "one"}}
    )


def test_a_server_that_writes_the_event_anew_is_understood_by_the_id() -> None:
    sent = items({"event_id": "a", "value": 1}, {"event_id": "b", "value": 1})
    assert read_answer(failed({"event_id": "b", "value": 1.0, "errors": {"x": "y"}}, of=len(sent)), sent) == Settled(
        {1: {"x": "y"}}
    )


def test_failed_events_out_of_order_are_found_by_their_ids() -> None:
    sent = items({"event_id": "a"}, {"event_id": "b"})
    told = read_answer(
        failed({"event_id": "b", "errors": {"x": "b"}}, {"event_id": "a", "errors": {"x": "a"}}, of=len(sent)), sent
    )
    assert told == Settled({0: {"x": "a"}, 1: {"x": "b"}})


def test_a_failed_event_that_was_not_sent_leaves_the_others_open() -> None:
    sent = items({"event_id": "a"}, {"event_id": "b"})
    told = read_answer(
        failed({"event_id": "a", "errors": {"x": "a"}}, {"event_id": "z", "errors": {}}, of=len(sent)), sent
    )
    assert told == Settled({0: {"x": "a"}}, open=(1,))


def test_a_400_that_lists_too_few_rejects_all() -> None:
    told = read_answer(
        failed({"event_id": "b", "errors": {"x": "y"}}, status=400, of=2),
        items({"event_id": "a"}, {"event_id": "b"}),
    )
    assert told == Settled({0: {"event": "some"}, 1: {"x": "y"}})


def test_errors_that_are_no_texts_are_shown_as_json() -> None:
    told = read_answer(failed({"event_id": "a", "errors": {"x": ["y"]}}, of=1), items({"event_id": "a"}))
    assert told == Settled({0: {"x": '["y"]'}})
    told = read_answer(failed({"event_id": "a", "errors": "bad"}, of=1), items({"event_id": "a"}))
    assert told == Settled({0: {"event": "rejected, and the server did not say why"}})


def test_what_is_no_answer_of_an_events_api_is_no_verdict() -> None:
    sent = items({"event_id": "a"})
    for body in (
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"code":200}',
        b'{"code":0,"events_received":1}',
        b"\xff",
        b"[" * 9000,
    ):
        told = read_answer(Response(200, {}, body), sent)
        assert isinstance(told, NotNow), body
        assert told.reason == "unreadable"
        assert isinstance(read_answer(Response(400, {}, body), sent), Refused)


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["event_id", "event_name", "user_data", "errors", "x"]), json_values, max_size=5
        ),
        min_size=1,
        max_size=6,
    )
)
def test_every_rejected_event_of_the_real_validation_gets_its_own_place(events: list[dict[str, Any]]) -> None:
    sent = items(*events)
    body = b'{"event_group_id":"g","events":[' + b",".join(item.text for item in sent) + b"]}"
    batch = read_batch(body, now=NOW, rules_of=lambda _group: Rules())
    code = 400 if batch.accepted == 0 else 210
    answer = b'{"code":%d,"events_received":%d,"failed_events":[%s]}' % (
        code, len(sent), b",".join(one.answer for one in batch.failed),
    )  # fmt: skip
    if not batch.failed:
        return
    verdict = read_answer(Response(code, {}, answer), sent)
    assert isinstance(verdict, Settled)
    assert not verdict.open
    assert set(verdict.rejected) == {one.rejection.index for one in batch.failed}


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (210, {"code": 210, "events_received": 2, "failed_events": []}),
        (210, {"code": 200, "events_received": 2, "failed_events": [{"event_id": "a", "errors": {"x": "y"}}]}),
        (200, {"code": 400, "events_received": 2, "failed_events": []}),
        (200, {"code": 200, "events_received": 0, "failed_events": []}),
        (200, {"code": 200, "events_received": 2, "failed_events": [{"event_id": "a", "errors": {"x": "y"}}]}),
    ],
)
def test_an_answer_that_contradicts_itself_settles_nothing_as_accepted(status: int, body: dict[str, Any]) -> None:
    sent = items({"event_id": "a"}, {"event_id": "b"})
    verdict = read_answer(Response(status, {}, json.dumps(body).encode()), sent)
    assert isinstance(verdict, Settled)
    assert set(verdict.rejected) | set(verdict.open) == {0, 1}
