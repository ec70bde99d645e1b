"""Redacted copies of events that are not kept as conversions: of tests, and of what a page may not send."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from headgate_contract import redact
from headgate_contract.event import Rejection
from headgate_contract.validate import Batch


def copies(batch: Batch, errors: Mapping[str, str] | None = None) -> list[Rejection]:
    """Every event of the batch without personal data, in the order sent, with its own errors and these."""
    found = {failed.rejection.index: failed.rejection for failed in batch.failed}
    # `lines` has the accepted events in the order sent, so they fill the places that the failed ones left
    lines = iter(batch.lines.split(b"\n"))
    for index in range(batch.received):
        if index not in found:
            found[index] = _copy(index, next(lines))
    listed = [found[index] for index in range(batch.received)]
    if not errors:
        return listed
    return [msgspec.structs.replace(one, errors={**one.errors, **errors}) for one in listed]


def _copy(index: int, line: bytes) -> Rejection:
    event = msgspec.json.decode(line)
    return Rejection(
        index=index,
        errors={},
        event=redact.event(event),
        event_id=redact.identifier(event.get("event_id") or "")[:256],
        event_name=event["event_name"],
    )
