"""The events behind a number: those of a range with one fate and perhaps more in common, newest first, page by page."""

from __future__ import annotations

from operator import itemgetter
from typing import Any, Literal

import msgspec
from msgspec import Struct

from headgate.reports.match_keys import KEYS
from headgate.reports.span import HOUR, Asked
from headgate.store.base import Store

Status = Literal["received", "accepted", "kept", "duplicate", "dead", "rejected"]
MICROSECONDS = 1_000_000
_EVERY = _CONVERSIONS, _DEAD, _REJECTED = "listed_conversions", "listed_dead_letters", "listed_rejections"
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
    #: `true`: only those that name a time no more than a day before the range, which is what diagnostics look at
    timely: Literal["", "true"] = ""
    #: of rejections: field (places in lists as `[]`) and reason
    field: str = ""
    reason: str = ""


class Place(Struct, frozen=True, order=True, array_like=True):
    """Where a page ends; the next one begins behind it."""

    received_at: int
    block: int
    row: int
    #: which of several lists, each of which numbers its rows by itself
    rank: int = 0

    def __str__(self) -> str:
        """As it stands in a link."""
        return f"{self.received_at}.{self.block}.{self.row}.{self.rank}"

    def before(self, rank: int) -> dict[str, int]:
        """The same for one of the lists, as its query takes it."""
        return {
            "before_at": self.received_at,
            "before_block": self.block,
            "before_row": self.row + 1 if rank < self.rank else self.row,
        }


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
        received_at, block, row, rank = map(int, text.split("."))
    except ValueError:
        return None
    is_one = 0 <= received_at < 2**62 and 0 <= block < 2**63 and 0 <= row < 2**32 - 1 and 0 <= rank < len(_EVERY)
    return Place(received_at, block, row, rank) if is_one else None


def event_list(store: Store, asked: Asked, narrowed: Narrowed, *, after: Place | None = None, limit: int = 50) -> Page:
    """A page of at most `limit` events, those received behind the place `after` if given."""
    first, last = asked.first * MICROSECONDS, asked.last * MICROSECONDS
    before = after or Place(last, 0, 0)
    until = min(last, before.received_at + 1)
    parameters = {**asked.parameters(), **_conditions(narrowed)}
    found: list[tuple[Place, dict[str, Any]]] = []
    lists = _lists(narrowed)
    stretch = _FIRST_STRETCH * MICROSECONDS
    # the newest first: a page is most often full after a short stretch, and all of a long range takes time to read
    while until > first and len(found) <= limit:
        since = max(until - stretch, first)
        look = {**parameters, "since": since, "until": until, "limit": limit + 1 - len(found)}
        some = [
            (Place(row["received_at"], row["block"], row["row"], rank), row)
            for rank, query in enumerate(lists)
            for row in store.query(query, {**look, **before.before(rank)})
        ]
        found += sorted(some, key=itemgetter(0), reverse=True)[: look["limit"]]
        until, stretch = since, stretch * _FURTHER
    events = [msgspec.convert(_plain(row), Listed) for _, row in found[:limit]]
    return Page(events, str(found[limit - 1][0]) if len(found) > limit else None)


def _lists(narrowed: Narrowed) -> tuple[str, ...]:
    """The queries whose rows make the list. What only some lists know of their events keeps the others out."""
    if narrowed.status in ("accepted", "kept", "duplicate"):
        return (_CONVERSIONS,)
    if narrowed.status != "received":
        return (_DEAD,) if narrowed.status == "dead" else (_REJECTED,)
    if narrowed.field or narrowed.reason:
        return (_REJECTED,)
    told = (narrowed.limited_data_use, narrowed.with_key, narrowed.without_key, narrowed.digest, narrowed.timely)
    return (_CONVERSIONS,) if any(told) or narrowed.delay >= 0 else _EVERY


def _conditions(narrowed: Narrowed) -> dict[str, Any]:
    return {
        "status": "" if narrowed.status in ("received", "accepted") else narrowed.status,
        "key_id": narrowed.key_id,
        "limited": narrowed.limited_data_use,
        "delay": narrowed.delay,
        "with_key": _number(narrowed.with_key),
        "without_key": _number(narrowed.without_key),
        "digest": narrowed.digest,
        "timely": narrowed.timely,
        "field": narrowed.field,
        "reason": narrowed.reason,
    }


def _number(key: str) -> int:
    return KEYS.index(key) + 1 if key in KEYS else 0


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: dict(value) if name == "errors" else value for name, value in row.items()}
