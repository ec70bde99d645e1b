"""The store's rows, as JSON lines: what a block adds to each table.

A conversion's row is its line of the log with a few columns spliced in front: the engine parses it, not we.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from headgate.log.base import Row
from headgate.log.journal import Block
from headgate.stream.conversion import Conversion
from headgate.stream.dead_letter import DeadLetter
from headgate_contract.event import Receipt, Rejection

MICROSECONDS = 1_000_000
HOUR = 3600
_TRUE, _FALSE = b"true", b"false"
_encode = msgspec.json.Encoder().encode


def conversions(block: Block, folded: Sequence[Conversion]) -> list[bytes]:
    """Rows of `conversions`: kept and duplicate."""
    lines = []
    shared = b""
    receipt = log = None
    for one in folded:
        if one.receipt is not receipt or one.log is not log:
            receipt, log = one.receipt, one.log
            shared = _encode(_of_receipt(block, receipt) | _of_log(block, log))[1:-1]
        lines.append(
            b'{"row":%d,"status":"%b","dedup_key":"%d","limited_data_use":%b,"bot":%b,%b,%b'
            % (
                one.place,
                one.status.encode(),
                one.dedup_key,
                _TRUE if one.limited_data_use else _FALSE,
                _TRUE if one.bot else _FALSE,
                shared,
                one.line.lstrip()[1:],
            )
        )
    return lines


def dead_letters(block: Block, dead: Iterable[DeadLetter]) -> list[bytes]:
    """Rows of `dead_letters`."""
    return [
        _encode(
            {
                "row": letter.place,
                **_of_receipt(block, letter.receipt),
                **_of_log(block, letter.log),
                "reason": letter.reason,
                "detail": letter.detail,
                "event_id": letter.event_id,
                "event_name": letter.event_name,
                "event": letter.line.decode("utf-8", "backslashreplace"),
            }
        )
        for letter in dead
    ]


def rejections(block: Block, receipts: Iterable[Receipt]) -> list[bytes]:
    """Rows of `rejections`, of requests that were no tests."""
    return _rejected(block, (receipt for receipt in receipts if not receipt.test))


def tested(block: Block, receipts: Iterable[Receipt]) -> list[bytes]:
    """Rows of `test_events`: a test's receipt lists all its events, those without errors too."""
    return _rejected(block, (receipt for receipt in receipts if receipt.test))


def tallies(block: Block, receipts: Iterable[Receipt]) -> list[bytes]:
    """Rows of `tallies`: what requests said of themselves, added up. A test counts nothing, but leaves a row too."""
    sums: defaultdict[tuple[str, str, str, str, int], list[int]] = defaultdict(lambda: [0, 0, 0])
    last: dict[tuple[str, str, str, str, int], Receipt] = {}
    for receipt in receipts:
        hour = receipt.received_at // MICROSECONDS // HOUR * HOUR
        key = (receipt.event_group_id, receipt.account_id, receipt.key_id, receipt.source, hour)
        total = sums[key]
        if key not in last or receipt.received_at >= last[key].received_at:
            last[key] = receipt
        if receipt.test:
            continue
        total[0] += receipt.received
        total[1] += receipt.accepted
        total[2] += len(receipt.rejections)
    columns = ("event_group_id", "account_id", "key_id", "source", "hour")
    return [
        _encode({"block": block.seq, **dict(zip(columns, key, strict=True)), **_counts(total), **_last(last[key])})
        for key, total in sums.items()
    ]


def _last(receipt: Receipt) -> dict[str, str]:
    return {"last_received_at": _moment(receipt.received_at), "last_address": receipt.address}


def _counts(total: list[int]) -> dict[str, int]:
    return {"received": total[0], "accepted": total[1], "rejected": total[2]}


def _rejected(block: Block, receipts: Iterable[Receipt]) -> list[bytes]:
    pairs = [(receipt, rejection) for receipt in receipts for rejection in receipt.rejections]
    return [
        _encode({"row": place, **_of_receipt(block, receipt), **_of_rejection(rejection)})
        for place, (receipt, rejection) in enumerate(pairs)
    ]


def _of_rejection(rejection: Rejection) -> dict[str, Any]:
    return {
        "event_index": rejection.index,
        "event_id": rejection.event_id,
        "event_name": rejection.event_name,
        "errors": rejection.errors,
        "event": rejection.event,
    }


def _of_receipt(block: Block, receipt: Receipt) -> dict[str, Any]:
    return {
        "block": block.seq,
        "received_at": _moment(receipt.received_at),
        "request_id": receipt.request_id,
        "event_group_id": receipt.event_group_id,
        "account_id": receipt.account_id,
        "key_id": receipt.key_id,
        "source": receipt.source,
    }


def _of_log(block: Block, log: Row) -> dict[str, Any]:
    return {
        "log_partition": log.partition,
        "log_offset": log.offset,
        "committed_at": _moment(log.committed_at),
        "taken_at": _moment(block.planned_at),
    }


def _moment(microseconds: int) -> str:
    """A time as the store reads it, exactly: seconds with six decimals."""
    return f"{microseconds // MICROSECONDS}.{microseconds % MICROSECONDS:06d}"
