"""Clock skew: keys whose events claim to have happened after they came, or whose clock is otherwise off."""

from __future__ import annotations

from msgspec import Struct

from headgate.reports.span import Asked
from headgate.store.base import Store

#: seconds that a clock may be ahead before it is worth a word
TOLERANCE = 2
#: share of events ahead, from which on it is the clock and not a slip
OFTEN = 0.05


class Clock(Struct, frozen=True):
    """The events that came with one key from one source."""

    key_id: str
    source: str
    events: int
    #: whose time lies after their receipt
    ahead: int
    #: seconds from event time to receipt: the least, below zero when ahead, and the median
    least: int
    median: int
    #: what is wrong and what to do; empty when nothing is
    finding: str


class Clocks(Struct, frozen=True):
    """By key and source, of the accepted events received from `first` on."""

    first: int
    last: int
    clocks: list[Clock]


def clocks(store: Store, asked: Asked) -> Clocks:
    """How the senders' clocks stand against ours, the key with the most events first."""
    found = [
        Clock(**row, finding=_finding(row["events"], row["ahead"], row["least"]))
        for row in store.query("clocks", asked.parameters())
    ]
    return Clocks(asked.first, asked.last, found)


def _finding(events: int, ahead: int, least: int) -> str:
    if least >= -TOLERANCE or ahead < OFTEN * events:
        return ""
    return (
        f"This sender's clock runs ahead by up to {-least} s. Synchronise it (NTP), or take event_time from the server: "
        "an event more than an hour ahead is refused."
    )
