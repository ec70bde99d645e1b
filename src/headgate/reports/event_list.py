"""The events behind a number: those of a range with one fate and perhaps more in common, newest first, page by page."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import Struct

from headgate.reports.match_keys import KEYS
from headgate.reports.span import HOUR, Asked
from headgate.store.base import Store

Status = Literal["accepted", "kept", "duplicate", "dead", "rejected"]
MICROSECONDS = 1_000_000
_QUERIES = {"dead": "listed_dead_letters", "rejected": "listed_rejections"}
#: each look that fills no page is followed by one at a stretch so much longer
_FURTHER = 8
_FIRST_STRETCH = HOUR


class Narrowed(Struct, frozen=True, kw_only=True):
    """What the events have in common beside range, name and source; what is left at its default plays no part."""

    status: Status = "accepted"
    key_id: str = ""
    #: `true` or `false`: whether their use is limited
    limited_data_use: Literal["", "true", "false"] = ""
    #: place of the delay among the limits of `reports.delay`
    delay: int = -1
    #: a match key that they carry, or do not carry
    with_key: str = ""
    without_key: str = ""
    #: a digest that one of their hashed fields holds
    digest: str = ""
    #: of rejections: field (places in lists as `[]`) and reason
    field: str = ""
    reason: str = ""


class Place(Struct, frozen=True, order=True, array_like=True):
    """Where a page ends; the next one begins behind it."""

    received_at: int
    block: int
    row: int

    def __str__(self) -> str:
        """As it stands in a link."""
        return f"{self.received_at}.{self.block}.{self.row}"


class Listed(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An event in a list. What there is of it depends on its fate."""

    #: microseconds since 1970
    received_at: int
    block: int
    row: int
    #: `kept`, `duplicate`, `dead` or `rejected`
    status: str
    event_id: str
    event_name: str
    source: str
    request_id: str
    key_id: str
    #: seconds since 1970
    event_time: int | None = None
    event_source: str = ""
    #: text, exact
    value: str | None = None
    currency: str = ""
    order_id: str = ""
    content_name: str = ""
    limited_data_use: bool = False
    #: sent by a program that says who it is
    bot: bool = False
    partner_name: str = ""
    event_source_url: str = ""
    referrer_url: str = ""
    #: names of those that it carries
    match_keys: list[str] = []
    #: paths of fields that the contract does not know
    unknown: list[str] = []
    hashed_on_receipt: list[str] = []
    #: of a dead letter
    reason: str = ""
    detail: str = ""
    #: of a rejection: place in the request, field -> reason, the event without personal data as JSON text
    event_index: int | None = None
    errors: dict[str, str] = {}
    event: str = ""


class Page(Struct, frozen=True):
    """Some events, and where the next page begins; None when there are no more."""

    events: list[Listed]
    following: str | None


def read_place(text: str) -> Place | None:
    """What `Place` writes; None for anything else."""
    try:
        received_at, block, row = map(int, text.split("."))
    except ValueError:
        return None
    place = Place(received_at, block, row)
    return place if 0 <= received_at < 2**62 and 0 <= block < 2**63 and 0 <= row < 2**32 else None


def event_list(store: Store, asked: Asked, narrowed: Narrowed, *, after: Place | None = None, limit: int = 50) -> Page:
    """A page of at most `limit` events, those received behind the place `after` if given."""
    first, last = asked.first * MICROSECONDS, asked.last * MICROSECONDS
    before = after or Place(last, 0, 0)
    until = min(last, before.received_at + 1)
    parameters = {**asked.parameters(), **_conditions(narrowed)}
    rows: list[dict[str, Any]] = []
    stretch = _FIRST_STRETCH * MICROSECONDS
    # the newest first: a page is most often full after a short stretch, and all of a long range takes time to read
    while until > first and len(rows) <= limit:
        since = max(until - stretch, first)
        place = {"before_at": before.received_at, "before_block": before.block, "before_row": before.row}
        look = {**parameters, **place, "since": since, "until": until, "limit": limit + 1 - len(rows)}
        rows += store.query(_QUERIES.get(narrowed.status, "listed_conversions"), look)
        until, stretch = since, stretch * _FURTHER
    events = [msgspec.convert(row, Listed) for row in map(_plain, rows[:limit])]
    following = str(Place(events[-1].received_at, events[-1].block, events[-1].row)) if len(rows) > limit else None
    return Page(events, following)


def _conditions(narrowed: Narrowed) -> dict[str, Any]:
    return {
        "status": "" if narrowed.status == "accepted" else narrowed.status,
        "key_id": narrowed.key_id,
        "limited": narrowed.limited_data_use,
        "delay": narrowed.delay,
        "with_key": _number(narrowed.with_key),
        "without_key": _number(narrowed.without_key),
        "digest": narrowed.digest,
        "field": narrowed.field,
        "reason": narrowed.reason,
    }


def _number(key: str) -> int:
    return KEYS.index(key) + 1 if key in KEYS else 0


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: dict(value) if name == "errors" else value for name, value in row.items()}
