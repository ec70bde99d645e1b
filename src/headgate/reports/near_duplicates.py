"""Duplicates that were nearly caught: pairs of kept events that look like one event sent twice."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from headgate.reports.span import Asked
from headgate.store.base import Store
from headgate_contract.vocabulary import DEDUP_WINDOW

Kind = Literal["same_order", "same_person", "other_name", "past_window"]
CURES: dict[str, str] = {
    "same_order": "Both name the same order, but not the same event_id. Send one event_id from page and server, for example "
    "the order id itself; without it neither can be recognised.",
    "same_person": "Same person, value and currency within ten minutes, but different ids. If it is one purchase, give both "
    "sends the same event_id; if it is two, send order_id with each.",
    "other_name": "The same event_id under two event names counts as two events. Use one name for one act, or an id for each.",
    "past_window": "The same id came again later than 600 seconds after the first by event_time, so it counts twice. Set "
    "event_time to when it happened and keep it on every retry.",
}


class Half(Struct, frozen=True):
    """One event of a pair."""

    event_id: str
    event_name: str
    source: str
    #: seconds since 1970
    event_time: int
    #: microseconds since 1970
    received_at: int


class Pair(Struct, frozen=True):
    """Two kept events, the one with the earlier event time first."""

    kind: Kind
    #: what they share: the order id, the event id, or the name of the match key
    shared: str
    seconds_apart: int
    one: Half
    other: Half


class Near(Struct, frozen=True):
    """Pairs of one kind: how many there are, the cure, and the newest of them."""

    kind: Kind
    pairs: int
    cure: str
    examples: list[Pair]


class NearDuplicates(Struct, frozen=True):
    """By kind, of the events received from `first` on (seconds since 1970)."""

    first: int
    last: int
    kinds: list[Near]


def near_duplicates(store: Store, asked: Asked, *, limit: int = 50) -> NearDuplicates:
    """Pairs of kept events that are neighbours in event time, with up to `limit` examples a kind.

    Every event is looked at, so of a long range ask for `recent.newest_part`. A source that is asked for plays no part: the
    two halves may come from different ones.
    """
    parameters = {**asked.parameters(), "window": DEDUP_WINDOW, "limit": limit}
    same_id = store.query("same_id", parameters)
    kinds = [
        _near("same_order", store.query("same_order", parameters)),
        _near("same_person", store.query("same_person", parameters)),
        _near("other_name", [row for row in same_id if row["one"][6] != row["other"][6]]),
        _near("past_window", [row for row in same_id if row["one"][6] == row["other"][6]]),
    ]
    return NearDuplicates(asked.first, asked.last, kinds)


def _near(kind: Kind, rows: list[dict[str, Any]]) -> Near:
    examples = [
        Pair(kind, row["shared"], row["other"][0] - row["one"][0], _half(row["one"]), _half(row["other"]))
        for row in rows
    ]
    return Near(kind, rows[0]["pairs"] if rows else 0, CURES[kind], examples)


def _half(found: Any) -> Half:
    event_time, _, _, event_id, source, received_at, event_name, *_ = found
    return Half(event_id, event_name, source, event_time, received_at)
