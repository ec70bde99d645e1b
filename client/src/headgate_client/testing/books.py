"""What became of the events: accepted, rejected, and which of the accepted ones count (decision 17)."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import msgspec

from headgate_contract.money import fraction
from headgate_contract.validate import UNREADABLE, Batch, FailedEvent
from headgate_contract.vocabulary import DEDUP_WINDOW

_any_number = msgspec.json.Decoder(float_hook=fraction)


class Books:
    """Events of one emulator, in the order received. Events are in the contract's normal form, with `event_group_id`."""

    def __init__(self) -> None:
        #: accepted on `/v1/events`, duplicates too
        self.accepted: list[dict[str, Any]] = []
        #: of those: kept, each once
        self.kept: list[dict[str, Any]] = []
        #: of those: an id that was kept already within 600 s
        self.duplicates: list[dict[str, Any]] = []
        #: failed on `/v1/events`: as sent, plus `errors`
        self.rejected: list[dict[str, Any]] = []
        #: accepted on `/v1/test_events`
        self.tested: list[dict[str, Any]] = []
        self._kept_times: dict[tuple[str, str, str], list[int]] = defaultdict(list)

    def enter(self, batch: Batch, *, test: bool) -> None:
        """Write down what a batch came to."""
        lines = batch.lines.split(b"\n") if batch.lines else []
        for line in lines:
            event = {"event_group_id": batch.event_group_id, **msgspec.json.decode(line)}
            if test:
                self.tested.append(event)
            else:
                self.accepted.append(event)
                (self.duplicates if self._is_duplicate(event) else self.kept).append(event)
        if not test:
            self.rejected += [_read_failed(failed) for failed in batch.failed]

    def _is_duplicate(self, event: dict[str, Any]) -> bool:
        event_id = event.get("event_id")
        if not event_id:
            return False
        times = self._kept_times[event["event_group_id"], event["event_name"], event_id]
        if any(abs(event["event_time"] - kept) <= DEDUP_WINDOW for kept in times):
            return True
        times.append(event["event_time"])
        return False


def _read_failed(failed: FailedEvent) -> dict[str, Any]:
    """A failed event as it was answered, even where its numbers are none that a float can hold."""
    try:
        read: dict[str, Any] = msgspec.json.decode(failed.answer)
    except UNREADABLE:
        try:
            read = _any_number.decode(failed.answer)
        except UNREADABLE:
            read = {"event": failed.answer.decode(errors="replace"), "errors": failed.rejection.errors}
    return read
