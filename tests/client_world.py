"""A world for the client's flows in which nothing is real: time passes when a flow waits, answers come from a script."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Generator, Iterable, Mapping
from itertools import count
from typing import Any, TypeVar

from headgate_client import NoAnswer, Options, Request, Response
from headgate_client._backoff import Surroundings
from headgate_client._batch import Envelope
from headgate_client._flow import Route, Send, Step, Told, Wait

NOW = 1_700_000_000
_T = TypeVar("_T")
#: what a server says to the events of a request
Answer = Callable[[list[dict[str, Any]]], Response | NoAnswer]


class World:
    """Clocks, randomness, a server by script, and a log of what it got."""

    def __init__(self, *answers: Answer, random: float = 0.5, options: Options | None = None) -> None:
        self.time = 0.0
        self.waits: list[float] = []
        self.requests: list[Request] = []
        self.bodies: list[dict[str, Any]] = []
        self._answers = iter(answers)
        ids = count(1)
        surroundings = Surroundings(
            lambda: self.time, lambda: NOW + self.time, lambda: random, lambda: f"made-{next(ids)}"
        )
        options = options or Options(compress_over=None)
        self.route = Route(
            "https://x/v1/events", {"authorization": "Bearer k"}, Envelope("g", options), options, surroundings
        )

    def respond(self, request: Request) -> Response | NoAnswer:
        body = request.body
        if request.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        self.requests.append(request)
        self.bodies.append(json.loads(body))
        return next(self._answers)(self.bodies[-1]["events"])

    def run(self, flow: Generator[Step, Told, _T]) -> _T:
        told: Told = None
        while True:
            try:
                step = flow.send(told)
            except StopIteration as end:
                result: _T = end.value
                return result
            told = None
            if isinstance(step, Send):
                told = self.respond(step.request)
            else:
                assert isinstance(step, Wait)
                self.waits.append(step.seconds)
                self.time += step.seconds

    def sent_ids(self) -> list[list[str]]:
        return [[event["event_id"] for event in body["events"]] for body in self.bodies]


def answer(
    status: int, events: Iterable[Any], failed: Iterable[dict[str, Any]] = (), headers: Mapping[str, str] = {}
) -> Response:
    body = {
        "code": status,
        "description": "as asked",
        "events_received": len(list(events)),
        "failed_events": list(failed),
    }
    return Response(status, {"x-request-id": "req-1", **headers}, json.dumps(body).encode())


def takes_all(events: list[dict[str, Any]]) -> Response:
    return answer(200, events)


def rejects(*places: int, errors: Mapping[str, str] = {"event_name": "event_name is required"}) -> Answer:
    """A server that rejects the events in these places, and echoes them as they came."""

    def respond(events: list[dict[str, Any]]) -> Response:
        failed = [{**events[place], "errors": dict(errors)} for place in places]
        return answer(400 if len(failed) == len(events) else 210, events, failed)

    return respond


def says(status: int, body: bytes = b"<html>", **headers: str) -> Answer:
    """An answer that is none of an Events API."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _events: Response(status, {"content-type": "text/html", **named}, body)


def refuses(status: int, description: str = "no") -> Answer:
    """An Events API's refusal of the whole request."""
    body = json.dumps({"code": status, "description": description}).encode()
    return lambda _events: Response(status, {"x-request-id": "req-1", "content-type": "application/json"}, body)


def breaks(_events: list[dict[str, Any]]) -> NoAnswer:
    """A connection that is cut."""
    return NoAnswer("the connection was reset")
