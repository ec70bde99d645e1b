"""Test events: a form that sends one event to the edge, and what comes in, as it comes in."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

from litestar import Response, get, post
from litestar.response import ServerSentEvent, ServerSentEventMessage
from msgspec import Struct

from headgate.desk.forms import Form
from headgate.desk.frame import Frame, FrameHere, Page
from headgate.desk.rendering import render
from headgate.desk.sending import Sent, send
from headgate.desk.snippets import sample_event
from headgate.errors import HeadgateError
from headgate.reports.live import Seen, newest_live, newest_tests

PATH = "/accounts/{account_id:str}/groups/{group_id:str}/test-events"
#: seconds that a stream lasts; the browser asks for the next one by itself, and is let in anew
LASTS = 12.0
#: seconds between two looks
EVERY = 0.8
#: events that a look shows at most
MOST = 20


class OneEvent(Struct):
    """The form."""

    event: str = ""
    api_key: str = ""
    to: str = "/v1/test_events"


@get(PATH, sync_to_thread=True, include_in_schema=False)
def get_test_events(frame: FrameHere) -> Page:
    """The tests of the last day, and the form."""
    event = json.dumps(sample_event(frame.console.clock()), indent=2)
    return _page(frame, OneEvent(event=event), None)


@post(PATH, status_code=200, sync_to_thread=True, include_in_schema=False)
def post_test_event(frame: FrameHere, data: Form[OneEvent]) -> Page:
    """Send the event on to the edge, as it is, and show what went there and what came back."""
    return _page(frame, data, send(frame.console.edge_url, data.to, frame.group.id, data.event, data.api_key.strip()))


def _page(frame: Frame, form: OneEvent, sent: Sent | None) -> Page:
    seen = newest_tests(frame.desk.store, frame.account.id, frame.group.id)
    newest = max(((one.block, one.row) for one in seen), default=(0, 0))
    return frame.page(
        "test_events.html",
        title="Test events",
        status=400 if sent and sent.problem else 200,
        form=form,
        sent=sent,
        seen=seen,
        place=f"{newest[0]}.{newest[1]}",
        live=frame.request.query_params.get("live") == "yes",
    )


@get(f"{PATH}/stream", include_in_schema=False)
async def get_stream(frame: FrameHere) -> Response[Any]:
    """What comes in from behind a place on, each as a piece of the page, newest last."""
    query = frame.request.query_params
    place = str(frame.request.headers.get("last-event-id") or query.get("after", ""))
    return ServerSentEvent(_stream(frame, _Place.read(place), live=query.get("live") == "yes"))


class _Place(Struct):
    """Up to where a browser has seen tests (block, row) and live traffic (block)."""

    block: int = 0
    row: int = 0
    live: int = 0

    @classmethod
    def read(cls, text: str) -> _Place:
        try:
            numbers = [max(int(part), 0) for part in text.split(".")[:3]]
        except ValueError:
            return cls()
        block, row, live = (*numbers, 0, 0, 0)[:3]
        return cls(min(block, 2**62), min(row, 2**32 - 1), min(live, 2**62))

    def __str__(self) -> str:
        return f"{self.block}.{self.row}.{self.live}"


async def _stream(frame: Frame, place: _Place, *, live: bool) -> AsyncIterator[ServerSentEventMessage]:
    yield ServerSentEventMessage(event="open", data="", retry=1000, id=str(place))
    until = time.monotonic() + LASTS
    while time.monotonic() < until:
        try:
            seen = await asyncio.to_thread(_look, frame, place, live=live)
        except HeadgateError as error:
            yield ServerSentEventMessage(event="trouble", data=str(error))
            return
        for one in seen:
            yield ServerSentEventMessage(
                event="seen", data=render("seen.html", one=one, zone=frame.account.time_zone), id=str(place)
            )
        await asyncio.sleep(EVERY)


def _look(frame: Frame, place: _Place, *, live: bool) -> list[Seen]:
    """What is new behind the place, which moves on; the oldest first."""
    store, group = frame.desk.store, frame.group.id
    tests = newest_tests(store, frame.account.id, group, after=(place.block, place.row), limit=MOST)
    if tests:
        place.block, place.row = max((one.block, one.row) for one in tests)
    traffic = newest_live(store, group, now=frame.console.clock(), after=place.live) if live else []
    place.live = max([place.live, *(one.block for one in traffic)])
    return sorted([*tests, *traffic], key=lambda one: (one.received_at, one.block, one.row))


ROUTES = (get_test_events, post_test_event, get_stream)
