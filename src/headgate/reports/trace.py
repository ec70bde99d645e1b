"""What happened to an event: each occurrence of an event id, station by station."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from headgate.reports.rejection_reasons import cure
from headgate.store.base import Store
from headgate_contract import redact
from headgate_contract.vocabulary import DEDUP_WINDOW

Name = Literal[
    "received", "validated", "rejected", "hashed", "durable", "duplicate", "stored", "matchable", "dead_letter"
]


class Station(Struct, frozen=True):
    """One thing that happened to an event."""

    name: Name
    #: microseconds since 1970; None where it happened with the station before
    at: int | None
    #: what there is to say of it
    details: dict[str, Any]


class Occurrence(Struct, frozen=True):
    """One time that an event with this id was sent."""

    event_group_id: str
    event_name: str
    #: `kept`, `duplicate`, `dead` or `rejected`
    outcome: str
    stations: list[Station]


def trace(store: Store, event_id: str, event_group_id: str | None = None) -> list[Occurrence]:
    """Every occurrence of an event id, as its sender gave it or as it is stored; the first received first.

    Empty when there is none, or no id.
    """
    if not event_id:
        return []
    # an id that holds an address is stored with a digest in its place
    asked = {"event_id": redact.identifier(event_id), "event_group_id": event_group_id or ""}
    conversions = store.query("trace_conversions", asked)
    found = [
        *((row, _conversion(store, row, conversions)) for row in conversions),
        *((row, _dead_letter(row)) for row in store.query("trace_dead_letters", asked)),
        *((row, _rejection(row)) for row in store.query("trace_rejections", asked)),
    ]
    found.sort(key=lambda pair: (pair[0]["received_at"], pair[0]["block"], pair[0]["row"]))
    return [occurrence for _, occurrence in found]


def _conversion(store: Store, row: dict[str, Any], all_with_its_id: list[dict[str, Any]]) -> Occurrence:
    hashed = {"on_receipt": list(row["hashed_on_receipt"]), "by_sender": list(row["hashed_by_sender"])}
    stations = [
        *_accepted(row),
        Station("hashed", None, hashed),
        _durable(row),
        *([_duplicate(store, row)] if row["status"] == "duplicate" else []),
        Station("stored", row["taken_at"], {**_place(row), "limited_data_use": row["limited_data_use"]}),
        *([_matching(row, all_with_its_id)] if row["status"] == "kept" else []),
    ]
    return Occurrence(row["event_group_id"], row["event_name"], row["status"], stations)


def _matching(kept: dict[str, Any], all_with_its_id: list[dict[str, Any]]) -> Station:
    """By what a kept event can be matched: also by what only its duplicates carry (decision 17)."""
    own = list(kept["match_keys"])
    more = {
        key
        for row in all_with_its_id
        if row["status"] == "duplicate"
        and row["dedup_key"] == kept["dedup_key"]
        and abs(row["event_time"] - kept["event_time"]) <= DEDUP_WINDOW
        for key in row["match_keys"]
    }
    return Station("matchable", None, {"by": own, "by_duplicates": sorted(more.difference(own))})


def _dead_letter(row: dict[str, Any]) -> Occurrence:
    why = {"reason": row["reason"], "detail": row["detail"], **_place(row)}
    stations = [*_accepted(row), _durable(row), Station("dead_letter", row["taken_at"], why)]
    return Occurrence(row["event_group_id"], row["event_name"], "dead", stations)


def _rejection(row: dict[str, Any]) -> Occurrence:
    errors = dict(row["errors"])
    cures = {field: cure(field, reason) for field, reason in errors.items()}
    why = {"errors": errors, "event_index": row["event_index"], "cures": cures}
    return Occurrence(
        row["event_group_id"], row["event_name"], "rejected", [_received(row), Station("rejected", None, why)]
    )


def _duplicate(store: Store, row: dict[str, Any]) -> Station:
    near = {"first": max(row["event_time"] - DEDUP_WINDOW, 0), "last": min(row["event_time"] + DEDUP_WINDOW, 2**32 - 1)}
    asked = {"dedup_key": row["dedup_key"], "block": row["block"], "row": row["row"], **near}
    kept = next(iter(store.query("duplicate_of", asked)), None)
    if kept is None:
        return Station("duplicate", row["taken_at"], {})
    return Station(
        "duplicate",
        row["taken_at"],
        {
            "of": {**_place(kept), "request_id": kept["request_id"], "received_at": kept["received_at"]},
            "source": kept["source"],
            "seconds_apart": row["event_time"] - kept["event_time"],
        },
    )


def _accepted(row: dict[str, Any]) -> list[Station]:
    return [_received(row), Station("validated", None, {})]


def _received(row: dict[str, Any]) -> Station:
    details = {name: row[name] for name in ("request_id", "account_id", "key_id", "source")}
    return Station("received", row["received_at"], details)


def _durable(row: dict[str, Any]) -> Station:
    return Station("durable", row["committed_at"], {"partition": row["log_partition"], "offset": row["log_offset"]})


def _place(row: dict[str, Any]) -> dict[str, int]:
    return {"block": row["block"], "row": row["row"]}
