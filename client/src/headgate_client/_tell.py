"""What a queue tells its owner as it goes: callbacks, which may fail without harm, and a log line."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

from headgate_client._batch import Item
from headgate_client._intake import Verdict
from headgate_client._outcome import AnyEvent, Outcome, Rejected
from headgate_client._policy import Drop, Full

log = logging.getLogger("headgate_client")
OutcomeCallback = Callable[[Outcome], None]


class Teller:
    """The owner's callbacks. What they raise is logged by its type: a message may quote an event."""

    def __init__(self, on_outcome: OutcomeCallback | None, full: Full) -> None:
        self._on_outcome = on_outcome
        self._on_drop = full.on_drop if isinstance(full, Drop) else None

    def outcome(self, outcome: Outcome) -> None:
        """A batch has its outcome."""
        if self._on_outcome is not None:
            try:
                self._on_outcome(outcome)
            except Exception as why:  # noqa: BLE001 - the owner's code, in our thread
                log.error("on_outcome raised %s; the queue goes on", type(why).__name__)

    def untaken(self, verdict: Verdict, event: AnyEvent, item: Item | Rejected) -> None:
        """An event that was put was not taken."""
        if isinstance(item, Rejected):
            alone = (replace(item, index=0),)
            self.outcome(Outcome(received=1, accepted=0, rejected=alone, event_ids=(item.event_id,)))
        elif verdict == "dropped" and self._on_drop is not None:
            try:
                self._on_drop(event)
            except Exception as why:  # noqa: BLE001 - the owner's code, which must not fail its caller
                log.error("on_drop raised %s; the queue goes on", type(why).__name__)
