from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from headgate.edge.problems import STATUS, ending, fault, problem, status_of
from headgate.errors import (
    BodyTooSlow,
    InvalidEnvelope,
    KeyNotForGroup,
    LogUnavailable,
    MethodNotAllowed,
    RequestError,
    TooManyRequests,
    Unauthorized,
    UnknownEventGroup,
)


def _kinds(kind: type[RequestError]) -> Iterator[type[RequestError]]:
    for below in kind.__subclasses__():
        yield below
        yield from _kinds(below)


OURS = sorted({kind for kind in _kinds(RequestError) if kind.__module__ == "headgate.errors"}, key=lambda k: k.__name__)


@pytest.mark.parametrize("kind", OURS)
def test_every_request_error_has_a_status_of_its_own_or_from_above(kind: type[RequestError]) -> None:
    assert any(above in STATUS for above in kind.__mro__)
    assert 400 <= status_of(kind.__new__(kind)) < 504


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InvalidEnvelope(), 400),
        (Unauthorized(), 401),
        (KeyNotForGroup(), 403),
        (UnknownEventGroup(), 404),
        (MethodNotAllowed("POST"), 405),
        (BodyTooSlow(), 408),
        (TooManyRequests(3), 429),
        (LogUnavailable(), 503),
    ],
)
def test_a_refusal_says_its_status_in_its_body(error: RequestError, status: int) -> None:
    reply = problem(error)
    body = msgspec.json.decode(reply.body)
    assert reply.status == body["code"] == status
    assert body["description"] == str(error)


def test_a_bad_envelope_is_answered_in_the_shape_of_a_batch() -> None:
    assert msgspec.json.decode(problem(InvalidEnvelope("events is empty")).body) == {
        "code": 400,
        "description": "events is empty",
        "events_received": 0,
        "failed_events": [],
    }


def test_a_refusal_says_when_to_come_back_which_method_to_use_and_how_to_log_in() -> None:
    assert dict(problem(TooManyRequests(3)).headers) == {b"retry-after": b"3"}
    assert dict(problem(LogUnavailable()).headers) == {b"retry-after": b"2"}
    assert dict(problem(MethodNotAllowed("GET, HEAD")).headers) == {b"allow": b"GET, HEAD, OPTIONS"}
    assert dict(problem(Unauthorized()).headers) == {b"www-authenticate": b'Bearer realm="headgate"'}


def test_a_body_that_was_too_slow_costs_the_connection() -> None:
    assert dict(problem(BodyTooSlow()).headers) == {b"connection": b"close"}


def test_a_fault_of_ours_says_nothing_of_its_reason() -> None:
    assert fault().status == 500
    assert set(msgspec.json.decode(fault().body)) == {"code", "description"}


def test_a_request_that_the_end_of_the_server_overtook_may_be_sent_again() -> None:
    assert ending().status == 503
    assert (b"retry-after", b"1") in ending().headers


def test_an_answer_can_be_written_without_a_request() -> None:
    head, _, body = fault().as_http("Internal Server Error", "r-1").partition(b"\r\n\r\n")
    assert head.split(b"\r\n")[0] == b"HTTP/1.1 500 Internal Server Error"
    assert b"x-request-id: r-1" in head
    assert b"content-length: %d" % len(body) in head
