"""Faults on demand: the small language in which a sender asks for one, and what it does to a batch.

    429;retry-after=3       refuse with this status, and say when to come again
    500                     fail
    210;nth=2               the second event of the request fails, whatever it holds
    slow=0.5                answer half a second late
    reset                   cut the connection; nothing is kept
    reset-after             keep what was sent, then cut the connection before the answer
    500;slow=0.5;times=2    a fault may be late, and may hold for so many requests

The emulator takes it for any request, the server on `/v1/test_events` in the header `X-Headgate-Simulate`.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from headgate_contract.answer import SOME_FAILED
from headgate_contract.validate import Batch, failed_event, read_events
from headgate_contract.vocabulary import EVENTS_PER_REQUEST

HEADER = "X-Headgate-Simulate"
#: statuses that can be asked for
STATUSES = (400, 401, 403, 404, 408, 413, 429, 500, 502, 503, 504)
#: faults as one would write them -> what they do
EXAMPLES = {
    "429;retry-after=3": "refuse with this status, and say when to come again",
    "500": "fail",
    "210;nth=2": "the second event fails, whatever it holds",
    "slow=0.5": "answer half a second late",
    "reset": "cut the connection, with nothing kept",
    "reset-after": "keep what was sent, then cut the connection",
}
#: seconds
LONGEST_SLOW = 5.0
LONGEST_RETRY_AFTER = 3600
MOST_TIMES = 1_000_000
#: characters of a value that is looked at
_LENGTH = 200
#: why an event fails that was asked to
REASON = "fails because a simulated fault asked for it"

Kind = Literal["status", "partial", "slow", "reset", "reset-after"]

_CURE = (
    "write a status (429;retry-after=3, 500, 503), 210;nth=2, slow=0.5, reset or reset-after, "
    "each with ;slow=SECONDS or ;times=N if you like"
)
_WHOLE = re.compile(r"[0-9]{1,7}")
_SECONDS = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,6})?")


class Fault(NamedTuple):
    """One fault."""

    kind: Kind
    #: of kind `status`
    status: int = 0
    #: seconds, for the header of that name; only with a status
    retry_after: int | None = None
    #: place of the event that fails, from 1; of kind `partial`
    nth: int = 0
    #: seconds before anything is answered or cut
    slow: float = 0.0
    #: how many requests it holds for, one after the other; None where that was not said
    times: int | None = None

    @property
    def keeps(self) -> bool:
        """Whether what the request holds is kept in spite of the fault."""
        return self.kind in ("partial", "slow", "reset-after")

    @property
    def cuts(self) -> bool:
        """Whether there is no answer."""
        return self.kind in ("reset", "reset-after")


def read_fault(text: str) -> Fault:
    """What a text of this language asks for. Raises `ValueError` that says what is wrong with it, and the cure."""
    if len(text) > _LENGTH:
        raise ValueError(f"the fault is longer than {_LENGTH} characters; {_CURE}")
    head, *rest = (part.strip() for part in text.split(";"))
    options: dict[str, str] = {}
    for part in (head, *rest) if head.startswith("slow") else rest:
        name, given, value = (piece.strip() for piece in part.partition("="))
        if not given or name in options:
            raise ValueError(f"{part!r} is not an option of a fault, or is there twice; {_CURE}")
        options[name] = value
    fault = _headed(head, options)
    for name in options:
        if name not in _allowed(fault):
            raise ValueError(f"{name!r} is not an option of {head!r}; {_CURE}")
    return fault._replace(
        slow=_seconds(options.get("slow", "0")),
        times=_whole("times", options["times"], 1, MOST_TIMES) if "times" in options else None,
    )


def _headed(head: str, options: dict[str, str]) -> Fault:
    if head.startswith("slow"):
        return Fault("slow")
    if head == "reset":
        return Fault("reset")
    if head == "reset-after":
        return Fault("reset-after")
    if head == str(SOME_FAILED):
        return Fault("partial", nth=_whole("nth", options.get("nth", "1"), 1, EVENTS_PER_REQUEST))
    if not _WHOLE.fullmatch(head) or int(head) not in STATUSES:
        raise ValueError(f"{head!r} is not a fault; {_CURE}")
    wait = options.get("retry-after")
    return Fault(
        "status",
        status=int(head),
        retry_after=None if wait is None else _whole("retry-after", wait, 0, LONGEST_RETRY_AFTER),
    )


def _allowed(fault: Fault) -> tuple[str, ...]:
    own = {"status": ("retry-after",), "partial": ("nth",)}.get(fault.kind, ())
    return (*own, "slow", "times")


def _whole(name: str, text: str, least: int, most: int) -> int:
    if not _WHOLE.fullmatch(text) or not least <= int(text) <= most:
        raise ValueError(f"{name} must be a whole number from {least} to {most}")
    return int(text)


def _seconds(text: str) -> float:
    if not _SECONDS.fullmatch(text) or float(text) > LONGEST_SLOW:
        raise ValueError(f"slow must be seconds from 0 to {LONGEST_SLOW:g}, such as slow=0.5")
    return float(text)


def with_failure(batch: Batch, body: bytes, nth: int) -> Batch:
    """The batch, read from this body, with its nth event (from 1) failed; as it is where there is no such good event."""
    index = nth - 1
    failed_before = [failed for failed in batch.failed if failed.rejection.index < index]
    known = {failed.rejection.index for failed in batch.failed}
    if index in known or index >= batch.received:
        return batch
    lines = batch.lines.split(b"\n")
    del lines[index - len(failed_before)]
    failure = failed_event(read_events(body)[index], index, {"event": REASON})
    return batch._replace(
        accepted=batch.accepted - 1,
        lines=b"\n".join(lines),
        failed=[*failed_before, failure, *batch.failed[len(failed_before) :]],
    )
