"""Whether every event is accounted for: received = accepted + rejected, accepted = kept + duplicate + dead letter."""

from __future__ import annotations

from msgspec import Struct

from headgate.store.base import Store


class Line(Struct, frozen=True):
    """The events of a group that came with a key in an hour."""

    event_group_id: str
    key_id: str
    #: its beginning, seconds since 1970
    hour: int
    received: int
    accepted: int
    rejected: int
    kept: int
    duplicate: int
    dead_letter: int
    adds_up: bool


def reconcile(store: Store, event_group_id: str | None = None, *, since: int = 0) -> list[Line]:
    """Lines by group, key and hour, of hours that end after `since` (microseconds since 1970)."""
    found = store.query("reconcile", {"event_group_id": event_group_id or "", "since": since})
    return [
        Line(
            **row,
            adds_up=row["received"] == row["accepted"] + row["rejected"]
            and row["accepted"] == row["kept"] + row["duplicate"] + row["dead_letter"],
        )
        for row in found
    ]
