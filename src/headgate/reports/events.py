"""The events of a group, newest first: kept, duplicate and dead."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Literal

import msgspec

from headgate.reports.pages import newest_first
from headgate.store.base import Store

_decode = msgspec.json.Decoder(float_hook=Decimal).decode

Status = Literal["kept", "duplicate", "dead"]


def events(
    store: Store, event_group_id: str, *, since: int = 0, status: Status | None = None, limit: int = 100
) -> Iterator[dict[str, Any]]:
    """Accepted events received from `since` on (microseconds since 1970), newest first; all of them with a limit of 0.

    Each has `received_at` (microseconds), `status`, `reason` (of a dead letter), `event_group_id`, `event_id`,
    `event_name`, `event_time` (seconds; None for a dead letter), `event_source`, `value` (text, exact, or None),
    `currency`, `order_id`, `limited_data_use`, `request_id`, `account_id`, `key_id`, `source`, `event_source_url`,
    `referrer_url`, `partner_name`, `block` and `row`; `user_data` and `custom_data` with what of them was sent, in normal
    form, numbers exact; `unknown` (field path -> JSON text) and `hashed_on_receipt` (fields that came raw).
    """
    parameters = {"event_group_id": event_group_id, "since": since, "status": status or ""}
    for row in newest_first(store, "event_blocks", "events", parameters, limit):
        yield {**row, "user_data": _sent(row["user_data"]), "custom_data": _sent(row["custom_data"])}


def _sent(stored: str) -> Any:
    """What the store has of an object, without the fields that are empty because they were not there."""
    return _filled(_decode(stored))


def _filled(value: Any) -> Any:
    if isinstance(value, dict):
        return {field: _filled(item) for field, item in value.items() if item not in ("", None, [])}
    return [_filled(item) for item in value] if isinstance(value, list) else value
