"""What comes in just now: events sent to be tested, and a sample of live traffic. Without personal data."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from headgate.reports.rejection_reasons import cure
from headgate.store.base import Store

MICROSECONDS = 1_000_000
#: how far back live traffic is looked at, so that a look costs little
RECENT = 120


class Wrong(Struct, frozen=True):
    """An error of a field, and what to do about it."""

    field: str
    reason: str
    cure: str


class Seen(Struct, frozen=True):
    """An event as it came in."""

    #: `test` or `live`
    kind: str
    #: microseconds since 1970
    received_at: int
    block: int
    row: int
    #: `accepted` or `rejected` for a test; else what became of it
    verdict: str
    event_id: str
    event_name: str
    source: str
    request_id: str
    key_id: str
    errors: list[Wrong]
    #: JSON text of what was sent, without personal data; empty for accepted live traffic
    event: str
    #: of accepted live traffic: the match keys carried, and the value with its currency
    match_keys: list[str]
    value: str


def newest_tests(
    store: Store, account_id: str, event_group_id: str, *, after: tuple[int, int] = (0, 0), limit: int = 50
) -> list[Seen]:
    """Tested events of the last 24 hours behind a place (block, row), newest first."""
    asked = {"account_id": account_id, "event_group_id": event_group_id, "limit": limit}
    rows = store.query("newest_tests", {**asked, "after_block": after[0], "after_row": after[1]})
    return [_seen("test", {**row, "status": "rejected" if row["errors"] else "accepted"}) for row in rows]


def newest_live(store: Store, event_group_id: str, *, now: int, after: int = 0, limit: int = 5) -> list[Seen]:
    """Of the events of the last two minutes in blocks behind one, the newest accepted and the newest rejected ones."""
    asked = {
        "event_group_id": event_group_id,
        "since": (now - RECENT) * MICROSECONDS,
        "after_block": after,
        "limit": limit,
    }
    rows = [*store.query("live_conversions", asked), *store.query("live_rejections", asked)]
    found = [_seen("live", row) for row in rows]
    return sorted(found, key=lambda one: (one.received_at, one.block, one.row), reverse=True)


def _seen(kind: str, row: dict[str, Any]) -> Seen:
    errors = [Wrong(field, reason, cure(field, reason)) for field, reason in dict(row.get("errors", {})).items()]
    value = " ".join(filter(None, (row.get("value"), row.get("currency"))))
    return Seen(
        kind=kind,
        received_at=row["received_at"],
        block=row["block"],
        row=row["row"],
        verdict=row["status"],
        event_id=row["event_id"],
        event_name=row["event_name"],
        source=row["source"],
        request_id=row["request_id"],
        key_id=row["key_id"],
        errors=errors,
        event=row.get("event", ""),
        match_keys=list(row.get("match_keys", [])),
        value=value,
    )
