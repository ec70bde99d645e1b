from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from client_world import Answer, World, answer, breaks, refuses, says
from headgate_client import Options, Response, Retries
from headgate_client._flow import deliver_all

FINAL = frozenset({200, 210, 400, 401, 403, 404, 413, 415})


@st.composite
def verdicts(draw: st.DrawFn) -> Answer:
    """A server that takes some of the events, whichever it gets."""
    rejected = draw(st.sets(st.integers(0, 4)))

    def respond(events: list[dict[str, Any]]) -> Response:
        failed = [{**event, "errors": {"x": "y"}} for place, event in enumerate(events) if place in rejected]
        status = 200 if not failed else 400 if len(failed) == len(events) else 210
        return answer(status, events, failed)

    return respond


passing: list[Answer] = [
    breaks,
    refuses(408),
    refuses(429),
    says(429, retry_after="3"),
    says(500),
    says(502),
    says(200),
    says(204, b""),
]
final: list[Answer] = [refuses(401), refuses(403), refuses(404), refuses(413), refuses(415), says(400)]
answers = st.lists(st.one_of(verdicts(), st.sampled_from(passing), st.sampled_from(final)), max_size=20)


def watched(respond: Answer, seen: list[tuple[list[str], int | None]]) -> Answer:
    def remember(events: list[dict[str, Any]]) -> Any:
        told = respond(events)
        contract = isinstance(told, Response) and told.body.startswith(b"{")
        status = told.status if isinstance(told, Response) and (contract or told.status in (400, 401)) else None
        seen.append(([event["event_id"] for event in events], status))
        return told

    return remember


@given(script=answers, count=st.integers(0, 12), attempts=st.integers(1, 4))
def test_every_event_ends_in_one_of_three_and_none_is_sent_after_its_answer(
    script: list[Answer], count: int, attempts: int
) -> None:
    seen: list[tuple[list[str], int | None]] = []
    everything = [watched(respond, seen) for respond in script] + [watched(breaks, seen)] * 100
    options = Options(events_per_request=5, compress_over=None, retries=Retries(attempts=attempts, deadline=None))
    world = World(*everything, options=options)
    outcome = world.run(deliver_all(world.route, [{"n": n} for n in range(count)]))

    told = [one.index for one in (*outcome.rejected, *outcome.undelivered)] + outcome.accepted_indexes()
    assert sorted(told) == list(range(count))
    assert outcome.received == count == outcome.accepted + len(outcome.rejected) + len(outcome.undelivered)
    assert outcome.requests == len(seen)

    answered: set[str] = set()
    for ids, status in seen:
        assert not answered & set(ids), "sent again after a final answer"
        if status in FINAL:
            answered |= set(ids)


@given(script=answers, count=st.integers(1, 12))
def test_an_accepted_event_was_in_a_request_that_the_server_took(script: list[Answer], count: int) -> None:
    taken: set[str] = set()

    def noting(respond: Answer) -> Callable[[list[dict[str, Any]]], Any]:
        def note(events: list[dict[str, Any]]) -> Any:
            told = respond(events)
            if isinstance(told, Response) and told.status in (200, 210) and told.body.startswith(b"{"):
                failed = {event["event_id"] for event in json.loads(told.body)["failed_events"]}
                taken.update(event["event_id"] for event in events if event["event_id"] not in failed)
            return told

        return note

    options = Options(events_per_request=5, compress_over=None, retries=Retries(attempts=3))
    world = World(*[noting(respond) for respond in script], *[breaks] * 100, options=options)
    outcome = world.run(deliver_all(world.route, [{"n": n} for n in range(count)]))
    assert {outcome.event_ids[index] for index in outcome.accepted_indexes()} == taken
