"""The events of a group, newest first: kept, duplicate and dead."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from headgate.reports.pages import newest_first
from headgate.store.base import Store

Status = Literal["kept", "duplicate", "dead"]


def events(
    store: Store, event_group_id: str, *, since: int = 0, status: Status | None = None, limit: int = 100
) -> Iterator[dict[str, Any]]:
    """Accepted events received from `since` on (microseconds since 1970), newest first; all of them with a limit of 0.

    Each has `received_at` (microseconds), `status`, `reason` (of a dead letter), `event_group_id`, `event_id`,
    `event_name`, `event_time` (seconds; None for a dead letter), `event_source`, `value` (text, exact, or None),
    `currency`, `order_id`, `limited_data_use`, `request_id`, `account_id`, `key_id`, `source`, `block` and `row`.
    """
    parameters = {"event_group_id": event_group_id, "since": since, "status": status or ""}
    return newest_first(store, "event_blocks", "events", parameters, limit)
