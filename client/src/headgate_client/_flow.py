"""Delivery without I/O: generators that say what to do next and are told what came of it.

A driver (`_drive.py`) carries out each step: `Send` is answered with a `Response` or a `TransportError`, `Wait` with
nothing. Retries, splitting and the reading of answers are written here once, for threads and for asyncio.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from headgate_client._answer import NotNow, Refused, Settled, read_answer
from headgate_client._backoff import Surroundings, read_retry_after, wait_before
from headgate_client._batch import Envelope, Item, Unsendable, read_event
from headgate_client._errors import TransportError
from headgate_client._options import Options
from headgate_client._outcome import AnyEvent, Outcome, Reason, Rejected, Undelivered
from headgate_client._transport import Request, Response
from headgate_contract.event import Event


class Send(NamedTuple):
    """Send this request; answer with what came back."""

    request: Request


class Wait(NamedTuple):
    """Let this many seconds pass; who is in a hurry may cut it to `least`, which the server asked for."""

    seconds: float
    least: float = 0.0


Step = Send | Wait
Told = Response | TransportError | None


class Delivery(NamedTuple):
    """What became of the events of one request."""

    accepted: int
    rejected: list[Rejected]
    undelivered: list[Undelivered]
    attempts: int
    #: seconds that the server asked to be left alone for, where nothing was delivered
    asked: float = 0.0


#: reasons after which the next request of the same call would fare no better
HOPELESS: frozenset[Reason] = frozenset({"unreachable", "overloaded", "unauthorized", "not_found"})


class Route(NamedTuple):
    """Where the requests of a client go, and how."""

    url: str
    #: holds the key
    headers: Mapping[str, str]
    envelope: Envelope
    options: Options
    surroundings: Surroundings

    def __repr__(self) -> str:
        """Without the key."""
        return f"Route({self.url!r})"

    def request(self, items: Sequence[Item]) -> Request:
        """The request that carries these events."""
        body = self.envelope.body(items)
        small = self.envelope.compressed(body)
        headers = self.headers if small is None else {**self.headers, "content-encoding": "gzip"}
        options = self.options
        return Request(self.url, headers, body if small is None else small, options.connect_timeout, options.timeout)


def deliver(route: Route, items: Sequence[Item]) -> Generator[Step, Told, Delivery]:
    """Send one request's events until there is a verdict, or the bounds of `Retries` are reached."""
    retries, world = route.options.retries, route.surroundings
    request = route.request(items)
    begun = world.monotonic()
    attempt = 1
    while True:
        told = yield Send(request)
        verdict = _unanswered(told) if isinstance(told, TransportError) else read_answer(_response(told), items)
        if isinstance(verdict, Settled):
            return _settled(verdict, items, attempt, _response(told))
        response = told if isinstance(told, Response) else None
        asked = read_retry_after(response.headers.get("retry-after"), world.now()) if response else None
        if isinstance(verdict, Refused) or attempt == retries.attempts:
            return _undelivered(verdict, items, attempt, response)._replace(asked=asked or 0.0)
        attempt += 1
        seconds = wait_before(attempt, retries, world.random(), asked)
        if retries.deadline is not None and world.monotonic() + seconds - begun > retries.deadline:
            return _undelivered(verdict, items, attempt - 1, response)._replace(asked=asked or 0.0)
        yield Wait(seconds, asked or 0.0)


def deliver_all(route: Route, events: Iterable[AnyEvent]) -> Generator[Step, Told, Outcome]:
    """Send any number of events, request after request."""
    rejected: list[Rejected] = []
    undelivered: list[Undelivered] = []
    event_ids: list[str] = []
    accepted = requests = 0
    hopeless: Undelivered | None = None
    for batch in route.envelope.split(_sendable(route, events, event_ids, rejected)):
        if hopeless is not None:
            undelivered += [_untried(item, hopeless) for item in batch]
            continue
        delivery = yield from deliver(route, batch)
        accepted += delivery.accepted
        requests += delivery.attempts
        rejected += delivery.rejected
        undelivered += delivery.undelivered
        if delivery.undelivered and delivery.undelivered[0].reason in HOPELESS:
            hopeless = delivery.undelivered[0]
    return Outcome(
        received=len(event_ids),
        accepted=accepted,
        rejected=tuple(sorted(rejected, key=lambda one: one.index)),
        undelivered=tuple(undelivered),
        event_ids=tuple(event_ids),
        requests=requests,
    )


def _sendable(
    route: Route, events: Iterable[AnyEvent], event_ids: list[str], rejected: list[Rejected]
) -> Iterator[Item]:
    """The events that can stand in a request; notes every id, and those that cannot."""
    if isinstance(events, Event | Mapping):
        raise TypeError("send takes any number of events: put a single one into a list, as in send([event])")
    for index, event in enumerate(events):
        item = read_event(index, event, route.envelope.event_limit, route.surroundings.new_id)
        event_ids.append(item.event_id)
        if isinstance(item, Unsendable):
            rejected.append(unsendable(item))
        else:
            yield item


def unsendable(item: Unsendable) -> Rejected:
    """The report of an event that cannot stand in a request."""
    return Rejected(index=item.index, event_id=item.event_id, errors={"event": item.reason}, event=item.event)


def _response(told: Told) -> Response:
    if not isinstance(told, Response):
        raise TypeError(f"a Send is answered with a Response or a TransportError, not {type(told).__name__}")
    return told


def _unanswered(error: TransportError) -> NotNow:
    return NotNow("unreachable", str(error))


def _settled(verdict: Settled, items: Sequence[Item], attempts: int, response: Response) -> Delivery:
    request_id = response.headers.get("x-request-id", "")
    rejected = [
        Rejected(index=item.index, event_id=item.event_id, errors=errors, event=item.given(), request_id=request_id)
        for place, errors in sorted(verdict.rejected.items())
        for item in (items[place],)
    ]
    unclear = Refused("unclear", "the answer does not fit the request, and leaves open which events were accepted")
    left_open = _undelivered(unclear, [items[place] for place in verdict.open], attempts, response).undelivered
    return Delivery(len(items) - len(rejected) - len(left_open), rejected, left_open, attempts)


def _undelivered(
    verdict: NotNow | Refused, items: Sequence[Item], attempts: int, response: Response | None
) -> Delivery:
    request_id = response.headers.get("x-request-id", "") if response else ""
    undelivered = [
        Undelivered(
            index=item.index,
            event_id=item.event_id,
            reason=verdict.reason,
            detail=verdict.detail,
            event=item.again(),
            attempts=attempts,
            status=response.status if response else None,
            request_id=request_id,
        )
        for item in items
    ]
    return Delivery(0, [], undelivered, attempts)


def _untried(item: Item, hopeless: Undelivered) -> Undelivered:
    return Undelivered(
        index=item.index,
        event_id=item.event_id,
        reason=hopeless.reason,
        detail=f"not tried, since the request before ended so: {hopeless.detail}",
        event=item.again(),
    )
