"""Records that no step or load could take: kept aside with their reason, so that the rest can go on."""

from __future__ import annotations

from typing import Literal, get_args

from msgspec import Struct

from headgate.log.base import Row
from headgate_contract.event import Receipt

Reason = Literal[
    "unreadable",  # the line in the log is no event in normal form
    "missing",  # the receipt counts more records than it has lines
    "step_failed",  # a step raised
    "refused",  # the store cannot take it
]
REASONS: tuple[str, ...] = get_args(Reason)


class DeadLetter(Struct, frozen=True, gc=False):
    """A record that went no further."""

    #: place among the block's records, from 0
    place: int
    log: Row
    receipt: Receipt
    line: bytes
    reason: Reason
    #: what failed, without the values it failed on
    detail: str
    event_id: str = ""
    event_name: str = ""
