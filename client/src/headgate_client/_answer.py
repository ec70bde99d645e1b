"""An answer to its meaning: which events were accepted, which rejected and why; or what kept them from a verdict."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Any, NamedTuple

import msgspec

from headgate_client._batch import Item
from headgate_client._outcome import Reason
from headgate_client._transport import Response
from headgate_contract.answer import ALL_FAILED, ALL_PROCESSED, SOME_FAILED
from headgate_contract.money import fraction

_VERDICTS = (ALL_PROCESSED, SOME_FAILED, ALL_FAILED)
_TIMEOUT = 408
_REFUSALS: dict[int, Reason] = {401: "unauthorized", 403: "forbidden", 404: "not_found", 413: "too_large"}
_PASSING: dict[int, Reason] = {_TIMEOUT: "server_error", 429: "overloaded"}
_SERVER_ERRORS = 500
_SUCCESSES = range(200, 300)
_SHOWN = 300
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Settled(NamedTuple):
    """The server's verdict on the events of a request."""

    #: place in the request -> field path -> reason
    rejected: dict[int, dict[str, str]]
    #: places in the request of which the answer leaves open whether they were accepted
    open: tuple[int, ...] = ()


class NotNow(NamedTuple):
    """No verdict, and the same request may get one later."""

    reason: Reason
    detail: str


class Refused(NamedTuple):
    """No verdict, and the same request will get none."""

    reason: Reason
    detail: str


class _Body(msgspec.Struct):
    code: int
    description: str = ""
    events_received: int | None = None
    failed_events: list[dict[str, Any]] = []

    def is_verdict(self) -> bool:
        return self.code in _VERDICTS and self.events_received is not None


_body_decoder = msgspec.json.Decoder(_Body, float_hook=fraction)
_event_decoder = msgspec.json.Decoder(dict[str, Any], float_hook=fraction)
_canonical = msgspec.json.Encoder(order="sorted", decimal_format="number").encode


def read_answer(response: Response, sent: Sequence[Item]) -> Settled | NotNow | Refused:
    """What an answer says of the events of its request."""
    status = response.status
    body = _read_body(response)
    if body is not None and body.is_verdict():
        if status in (ALL_PROCESSED, SOME_FAILED):
            return _settled(body, sent, is_sound=_is_sound(body, status, len(sent)))
        if status == ALL_FAILED and body.failed_events:
            return _all_failed(body, sent)
    detail = _detail(response, body)
    if (reason := passing(status)) is not None:
        return NotNow(reason, detail)
    if status in _SUCCESSES:
        return NotNow("unreadable", detail)
    return Refused(_REFUSALS.get(status, "refused"), detail)


def passing(status: int) -> Reason | None:
    """Why there is no verdict for now; None where the same request would be answered alike."""
    return "server_error" if status >= _SERVER_ERRORS else _PASSING.get(status)


def _read_body(response: Response) -> _Body | None:
    try:
        return _body_decoder.decode(response.body)
    except _UNREADABLE:
        return None


def _detail(response: Response, body: _Body | None) -> str:
    if body is not None and body.description:
        return f"{response.status}: {body.description}"[:_SHOWN]
    kind = response.headers.get("content-type", "no content type")
    return f"{response.status} without an Events API's answer ({kind}, {len(response.body)} bytes)"[:_SHOWN]


def _is_sound(body: _Body, status: int, sent: int) -> bool:
    """Whether an answer agrees with itself and with what was asked."""
    return body.code == status and body.events_received == sent and bool(body.failed_events) == (status == SOME_FAILED)


def _settled(body: _Body, sent: Sequence[Item], *, is_sound: bool) -> Settled:
    rejected, strangers = match_failed(body.failed_events, sent)
    if is_sound and not strangers:
        return Settled(rejected)
    # an answer that contradicts itself, or a failed event that is none of ours: any of those left may be meant
    return Settled(rejected, tuple(place for place in range(len(sent)) if place not in rejected))


def _all_failed(body: _Body, sent: Sequence[Item]) -> Settled:
    rejected, _ = match_failed(body.failed_events, sent)
    why = body.description or "the server rejected every event of the request"
    return Settled({place: rejected.get(place, {"event": why}) for place in range(len(sent))})


def match_failed(failed: Sequence[dict[str, Any]], sent: Sequence[Item]) -> tuple[dict[int, dict[str, str]], int]:
    """Place in the request -> errors, for each failed event, and how many of them are none of those sent.

    A failed event is the event as sent, plus `errors`, and their order is that of the request. So the first event
    behind the last match that is equal, apart from `errors`, is the one; where a server wrote the event anew (`1.0`
    for `1`), the first one with its `event_id`.
    """
    rejected: dict[int, dict[str, str]] = {}
    strangers = after = 0
    texts: dict[int, bytes] = {}
    for one in failed:
        errors = _errors(one.pop("errors", None))
        place = _equal_place(one, sent, after, texts)
        if place is None:
            place = _place_by_id(one.get("event_id"), sent, after, rejected)
        if place is None:
            strangers += 1
        else:
            rejected[place] = errors
            after = max(after, place + 1)
    return rejected, strangers


def _equal_place(failed: dict[str, Any], sent: Sequence[Item], after: int, texts: dict[int, bytes]) -> int | None:
    wanted = _canonical(failed)
    for place in range(after, len(sent)):
        if place not in texts:
            event = _event_decoder.decode(sent[place].text)
            event.pop("errors", None)
            texts[place] = _canonical(event)
        if texts[place] == wanted:
            return place
    return None


def _place_by_id(event_id: Any, sent: Sequence[Item], after: int, taken: Container[int]) -> int | None:
    if not isinstance(event_id, str):
        return None
    places = [place for place, item in enumerate(sent) if item.event_id == event_id and place not in taken]
    return next((place for place in places if place >= after), places[0] if places else None)


def _errors(told: Any) -> dict[str, str]:
    if isinstance(told, dict) and told:
        return {
            field: reason if isinstance(reason, str) else _canonical(reason).decode() for field, reason in told.items()
        }
    return {"event": "rejected, and the server did not say why"}
