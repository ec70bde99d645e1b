"""A conversion: an accepted event on its way from the log to the store."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from headgate.log.base import Row
from headgate.stream.keys import dedup_key
from headgate_contract.event import Receipt

Status = Literal["kept", "duplicate"]
#: the store's `event_time` ends here, in the year 2106; it would cut silently what lies behind
LAST_EVENT_TIME = 2**32 - 1


class Unreadable(ValueError):
    """A line of the log is not an event in normal form."""


class _Head(Struct, gc=False):
    """What the steps look at; the store reads the rest of the line."""

    event_name: Annotated[str, Meta(min_length=1)]
    event_time: Annotated[int, Meta(ge=0, le=LAST_EVENT_TIME)]
    event_id: str | None = None
    opt_out: str | bool = False


class Conversion(Struct, gc=False):
    """One record on its way. Only steps write it, and only below the line."""

    #: place among the block's records, from 0
    place: int
    log: Row
    receipt: Receipt
    #: the event in normal form, as JSON text
    line: bytes
    event_name: str
    event_id: str
    #: seconds since 1970
    event_time: int
    opt_out: str | bool
    #: 128 bits; 0 where there is no event id
    dedup_key: int
    # ---
    status: Status = "kept"
    limited_data_use: bool = False
    #: a program that says who it is, and no visitor
    bot: bool = False


_decode = msgspec.json.Decoder(_Head).decode


def read(place: int, log: Row, receipt: Receipt, line: bytes) -> Conversion:
    """Make a conversion of a line of a receipt. Raises `Unreadable`, saying where, but not what stands there."""
    try:
        head = _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(f"{type(error).__name__}: {error}"[:200]) from None
    event_id = head.event_id or ""
    key = dedup_key(receipt.event_group_id, head.event_name, event_id)
    return Conversion(place, log, receipt, line, head.event_name, event_id, head.event_time, head.opt_out, key)
