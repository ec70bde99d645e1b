from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from email.utils import format_datetime
from itertools import repeat

import pytest

from client_world import NOW, World, breaks, refuses, rejects, says, takes_all
from headgate_client import Options, Retries, event, user_data
from headgate_client._flow import deliver_all

EVENTS = [{"event_id": "a"}, {"event_id": "b"}]


def test_events_that_the_server_takes_are_accepted_in_one_request() -> None:
    world = World(takes_all)
    outcome = world.run(deliver_all(world.route, EVENTS))
    assert (outcome.received, outcome.accepted, outcome.requests, outcome.all_accepted) == (2, 2, 1, True)
    assert world.bodies == [{"event_group_id": "g", "events": EVENTS}]


def test_no_events_are_no_request() -> None:
    world = World()
    assert world.run(deliver_all(world.route, [])).received == 0


def test_after_210_nothing_is_sent_again_and_the_invalid_event_comes_back_with_its_errors() -> None:
    world = World(rejects(1))
    outcome = world.run(deliver_all(world.route, EVENTS))
    assert outcome.accepted == 1
    (rejected,) = outcome.rejected
    assert (rejected.index, rejected.event, rejected.request_id) == (1, EVENTS[1], "req-1")
    assert rejected.errors == {"event_name": "event_name is required"}
    assert len(world.requests) == 1


def test_after_400_nothing_is_sent_again() -> None:
    world = World(rejects(0, 1))
    outcome = world.run(deliver_all(world.route, EVENTS))
    assert [one.index for one in outcome.rejected] == [0, 1]
    assert len(world.requests) == 1


@pytest.mark.parametrize("fault", [breaks, refuses(408), refuses(429), says(500), refuses(503), says(502), says(200)])
def test_a_passing_fault_is_tried_again_with_the_same_events_and_ids(fault: object) -> None:
    world = World(fault, fault, takes_all)  # type: ignore[arg-type]
    outcome = world.run(deliver_all(world.route, [{"event_name": "LEAD"}]))
    assert outcome.all_accepted
    assert outcome.requests == 3
    assert world.sent_ids() == [["made-1"]] * 3


@pytest.mark.parametrize(
    ("status", "reason"),
    [(401, "unauthorized"), (403, "forbidden"), (404, "not_found"), (405, "refused"), (406, "refused"),
     (413, "too_large"), (415, "refused"), (400, "refused"), (301, "refused"), (422, "refused")],
)  # fmt: skip
def test_a_refusal_is_not_tried_again_and_its_events_are_undelivered(status: int, reason: str) -> None:
    world = World(refuses(status, "because"))
    outcome = world.run(deliver_all(world.route, EVENTS))
    assert [(one.index, one.reason, one.status, one.attempts) for one in outcome.undelivered] == [
        (0, reason, status, 1),
        (1, reason, status, 1),
    ]
    assert outcome.undelivered[0].detail == f"{status}: because"
    assert not outcome.undelivered[0].may_pass
    assert len(world.requests) == 1


def test_waits_double_up_to_the_longest_and_are_random() -> None:
    options = Options(compress_over=None, retries=Retries(attempts=7, first_wait=1, longest_wait=10, deadline=None))
    world = World(*repeat(breaks, 7), random=0.5, options=options)
    outcome = world.run(deliver_all(world.route, EVENTS))
    assert world.waits == [0.5, 1, 2, 4, 5, 5]
    assert {one.reason for one in outcome.undelivered} == {"unreachable"}
    assert outcome.undelivered[0].attempts == 7
    assert outcome.undelivered[0].may_pass


def test_retry_after_in_seconds_is_honoured() -> None:
    world = World(says(429, retry_after="7"), takes_all)
    assert world.run(deliver_all(world.route, EVENTS)).all_accepted
    assert world.waits == [7]


def test_retry_after_as_a_date_is_honoured() -> None:
    moment = datetime.fromtimestamp(NOW + 9, UTC)
    world = World(says(503, retry_after=format_datetime(moment, usegmt=True)), takes_all)
    assert world.run(deliver_all(world.route, EVENTS)).all_accepted
    assert world.waits == [9]


def test_a_retry_after_beyond_the_deadline_ends_the_delivery_at_once() -> None:
    options = Options(retries=Retries(deadline=60))
    world = World(says(429, retry_after="61"), options=options)
    outcome = world.run(deliver_all(world.route, EVENTS))
    assert world.waits == []
    assert {one.reason for one in outcome.undelivered} == {"overloaded"}


def test_the_deadline_ends_the_attempts() -> None:
    options = Options(retries=Retries(attempts=None, first_wait=4, longest_wait=4, deadline=10))
    world = World(*repeat(says(500), 20), random=1.0, options=options)
    outcome = world.run(deliver_all(world.route, EVENTS))
    assert world.waits == [4, 4]
    assert outcome.undelivered[0].attempts == 3
    assert outcome.undelivered[0].reason == "server_error"


def test_events_are_cut_into_requests_of_a_thousand() -> None:
    world = World(takes_all, takes_all, takes_all)
    outcome = world.run(deliver_all(world.route, [{"n": n} for n in range(2001)]))
    assert [len(body["events"]) for body in world.bodies] == [1000, 1000, 1]
    assert (outcome.accepted, outcome.requests) == (2001, 3)
    assert len(set(outcome.event_ids)) == 2001


def test_events_are_cut_into_requests_under_the_byte_limit() -> None:
    options = Options(body_limit=10_000, compress_over=None)
    world = World(*repeat(takes_all, 10), options=options)
    outcome = world.run(deliver_all(world.route, [{"event_id": str(n), "s": "x" * 3_000} for n in range(7)]))
    assert outcome.all_accepted
    assert [len(body["events"]) for body in world.bodies] == [3, 3, 1]
    assert max(len(request.body) for request in world.requests) <= 10_000


def test_a_request_that_is_full_to_the_byte_goes_out_and_one_byte_more_does_not() -> None:
    options = Options(body_limit=10_000, compress_over=None)
    world = World(takes_all, options=options)
    limit = world.route.envelope.event_limit
    fitting = {"event_id": "x" * (limit - len('{"event_id":""}'))}
    assert world.run(deliver_all(world.route, [fitting])).all_accepted
    assert len(world.requests[0].body) == 10_000
    outcome = world.run(deliver_all(world.route, [{"event_id": fitting["event_id"] + "x"}]))
    assert "at most" in outcome.rejected[0].errors["event"]


def test_indexes_count_over_all_requests() -> None:
    world = World(takes_all, rejects(0, 2))
    outcome = world.run(deliver_all(world.route, [{"n": n} for n in range(1003)]))
    assert [one.index for one in outcome.rejected] == [1000, 1002]
    assert outcome.accepted_indexes() == [n for n in range(1003) if n not in (1000, 1002)]


def test_after_an_unreachable_server_the_rest_is_not_tried() -> None:
    options = Options(retries=Retries(attempts=2))
    world = World(takes_all, breaks, breaks, options=options)
    outcome = world.run(deliver_all(world.route, [{"n": n} for n in range(2500)]))
    assert outcome.accepted == 1000
    assert [one.index for one in outcome.undelivered] == list(range(1000, 2500))
    assert {one.attempts for one in outcome.undelivered} == {2, 0}
    assert "not tried" in outcome.undelivered[-1].detail


def test_after_a_request_that_the_server_fails_on_the_rest_is_tried() -> None:
    options = Options(retries=Retries(attempts=1))
    world = World(says(500), takes_all, options=options)
    outcome = world.run(deliver_all(world.route, [{"n": n} for n in range(1500)]))
    assert (outcome.accepted, len(outcome.undelivered)) == (500, 1000)


def test_what_cannot_be_json_is_rejected_without_being_sent() -> None:
    world = World(takes_all)
    outcome = world.run(deliver_all(world.route, [{"x": object()}, {"event_id": "good"}, 7, {"y": float}]))  # type: ignore[list-item]
    assert [one.index for one in outcome.rejected] == [0, 2, 3]
    assert "cannot be written as JSON" in outcome.rejected[0].errors["event"]
    assert "must be an object" in outcome.rejected[1].errors["event"]
    assert world.sent_ids() == [["good"]]


@pytest.mark.parametrize("number", [float("nan"), float("inf"), Decimal("nan")])
def test_a_number_that_json_cannot_say_is_told_and_not_sent_as_nothing(number: object) -> None:
    contents = [{"id": "sku", "price": number}]
    world = World(takes_all)
    given = [{"custom_data": {"note": None, "contents": contents}}, {"event_id": "good", "note": None}]
    outcome = world.run(deliver_all(world.route, given))
    assert [one.index for one in outcome.rejected] == [0]
    assert "cannot be written as JSON" in outcome.rejected[0].errors["event"]
    assert world.sent_ids() == [["good"]]


def test_a_single_event_in_the_place_of_many_is_told() -> None:
    for one in (EVENTS[0], event("LEAD", user_data(aGA="x"))):
        world = World()
        with pytest.raises(TypeError, match=r"send\(\[event\]\)"):
            world.run(deliver_all(world.route, one))  # type: ignore[arg-type]


def test_the_events_given_are_not_changed() -> None:
    given = {"event_name": "LEAD", "event_id": None, "user_data": {"em": "x"}}
    typed = event("LEAD", user_data(aGA="x"))
    before = dict(given)
    world = World(breaks, takes_all)
    outcome = world.run(deliver_all(world.route, [given, typed]))
    assert given == before
    assert outcome.event_ids == ("made-1", typed.event_id)


def test_an_undelivered_event_comes_back_with_the_id_that_it_was_sent_with() -> None:
    options = Options(retries=Retries(attempts=1))
    world = World(breaks, options=options)
    outcome = world.run(deliver_all(world.route, [{"event_name": "LEAD"}]))
    assert outcome.undelivered[0].event == {"event_name": "LEAD", "event_id": "made-1"}


def test_large_bodies_are_compressed_and_small_ones_are_not() -> None:
    world = World(takes_all, takes_all, options=Options(compress_over=1000))
    world.run(deliver_all(world.route, [{"event_id": "a" * 2000}]))
    world.run(deliver_all(world.route, [{"event_id": "a"}]))
    assert [request.headers.get("content-encoding") for request in world.requests] == ["gzip", None]


def test_neither_key_nor_events_are_shown() -> None:
    world = World(rejects(0, errors={"user_data.em": "is wrong"}))
    secret = "jo@example.com"
    outcome = world.run(deliver_all(world.route, [{"event_id": "a", "user_data": {"em": secret}}]))
    shown = f"{world.route!r} {world.requests!r} {outcome!r} {outcome.summary()}"
    assert secret not in shown
    assert "Bearer" not in shown
