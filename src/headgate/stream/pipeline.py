"""The fold: each conversion through each step, in order, and every one of them comes out with an end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from headgate.stream.conversion import Conversion
from headgate.stream.dead_letter import DeadLetter, Reason
from headgate.stream.dedup import Recall

#: A function of the conversion and of what was kept before: no clock, no store, nothing else.
Step = Callable[[Conversion, Recall], None]


class Folded(NamedTuple):
    """What became of a block's conversions."""

    conversions: list[Conversion]
    dead: list[DeadLetter]


def run(
    conversions: Iterable[Conversion], steps: Sequence[Step], recall: Recall, refused: dict[int, str] | None = None
) -> Folded:
    """Fold conversions through the steps, in order.

    A step that raises makes a dead letter of its conversion, and so does a place in `refused`: it is known that the
    store takes no such row, so it must not stand in the way of another that is the same.
    """
    refused = refused or {}
    folded = Folded([], [])
    for conversion in conversions:
        if conversion.place in refused:
            folded.dead.append(dead(conversion, "refused", refused[conversion.place]))
        elif (failure := _run(conversion, steps, recall)) is not None:
            folded.dead.append(dead(conversion, "step_failed", failure))
        else:
            folded.conversions.append(conversion)
            if conversion.dedup_key and conversion.status == "kept":
                recall.put(conversion.dedup_key, conversion.event_time)
    return folded


def dead(conversion: Conversion, reason: Reason, detail: str) -> DeadLetter:
    """Set a conversion aside."""
    return DeadLetter(
        conversion.place, conversion.log, conversion.receipt, conversion.line, reason, detail,
        conversion.event_id, conversion.event_name,
    )  # fmt: skip


def _run(conversion: Conversion, steps: Sequence[Step], recall: Recall) -> str | None:
    step = None
    try:
        for step in steps:
            step(conversion, recall)
    except Exception as error:  # noqa: BLE001 (whatever a step raises, one record must not stop the others)
        # the text of the error may quote the event: its kind has to do
        return f"{getattr(step, '__name__', 'a step')}: {type(error).__name__}"
    return None
