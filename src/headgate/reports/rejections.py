"""Rejected events of the last seven days, newest first, without personal data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from headgate.reports.pages import newest_first
from headgate.store.base import Store


def rejections(
    store: Store, event_group_id: str | None = None, *, since: int = 0, limit: int = 100
) -> Iterator[dict[str, Any]]:
    """Rejected events received from `since` on (microseconds since 1970), newest first; all with a limit of 0.

    Each has `received_at` (microseconds), `request_id`, `event_group_id`, `account_id`, `key_id`, `source`,
    `event_index` (place in the request, from 0), `event_id`, `event_name`, `errors` (field path -> reason), `event`
    (JSON text), `block` and `row`.
    """
    parameters = {"event_group_id": event_group_id or "", "since": since}
    return newest_first(store, "rejection_blocks", "rejections", parameters, limit)
