"""The baseline: what one would write in an afternoon with FastAPI, pydantic and SQLite, and the same promise.

It validates the same fields, stores each event as a row and answers after `COMMIT` with `synchronous=FULL`. It knows no
deduplication, no hashing, no explanation by field, no keys.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from decimal import Decimal
from typing import Annotated, Any, Literal

from fastapi import FastAPI
from pydantic import BaseModel, Field

from headgate_contract.vocabulary import ContentType, Currency, DeliveryCategory, EventName

Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class UserData(BaseModel):
    """Match keys."""

    is_hashed: bool | None = None
    em: Digest | None = None
    ph: Digest | None = None
    client_ip_address: str | None = None
    client_user_agent: str | None = None
    aGA: str | None = None  # noqa: N815 - the contract's spelling
    aID: str | None = None  # noqa: N815 - the contract's spelling


class Content(BaseModel):
    """One product."""

    id: str | int
    quantity: Decimal
    price: Decimal
    delivery_category: DeliveryCategory | None = None


class CustomData(BaseModel):
    """What it was worth."""

    value: Decimal | None = None
    currency: Currency | None = None
    content_type: ContentType | None = None
    content_name: str | None = None
    order_id: str | None = None
    contents: list[Content] | None = None
    utm_source: str | None = None


class Event(BaseModel):
    """One event."""

    event_id: str | None = None
    event_name: EventName
    event_type: Literal["conversion"]
    event_time: Annotated[int, Field(ge=0, lt=10**11)]
    event_source: str | None = None
    event_source_url: str | None = None
    referrer_url: str | None = None
    user_data: UserData
    custom_data: CustomData | None = None
    opt_out: Literal["true", "false"] | None = None


class Batch(BaseModel):
    """A request."""

    event_group_id: str
    events: Annotated[list[Event], Field(min_length=1, max_length=1000)]


app = FastAPI()
_lock = threading.Lock()
_connection = sqlite3.connect(os.environ["BASELINE_DB"], check_same_thread=False, isolation_level=None)
_connection.executescript(
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
    "CREATE TABLE IF NOT EXISTS events (id INTEGER PRIMARY KEY, event_group_id TEXT, event_id TEXT, event TEXT)"
)


@app.post("/v1/events")
def post_events(batch: Batch) -> dict[str, Any]:
    """Keep the events, then answer."""
    rows = [(batch.event_group_id, event.event_id, event.model_dump_json()) for event in batch.events]
    with _lock:
        _connection.execute("BEGIN")
        _connection.executemany("INSERT INTO events (event_group_id, event_id, event) VALUES (?, ?, ?)", rows)
        _connection.execute("COMMIT")
    return {
        "code": 200,
        "description": "all events were processed",
        "events_received": len(rows),
        "failed_events": [],
    }
