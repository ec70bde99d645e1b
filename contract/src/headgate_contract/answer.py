"""The answer's body: code, description, events_received, failed_events, and nothing else (decision 2)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

ALL_PROCESSED = 200
SOME_FAILED = 210
ALL_FAILED = 400
_DESCRIPTIONS = {
    ALL_PROCESSED: "all events were processed",
    SOME_FAILED: "some events could not be processed",
    ALL_FAILED: "all events failed",
}


def answer(received: int, failed: Sequence[bytes]) -> tuple[int, bytes]:
    """HTTP status and body for a batch of `received` events, of which `failed` (each ready JSON) were rejected."""
    code = ALL_PROCESSED if not failed else ALL_FAILED if len(failed) == received else SOME_FAILED
    head = b'{"code":%d,"description":"%s","events_received":%d,"failed_events":[' % (
        code,
        _DESCRIPTIONS[code].encode(),
        received,
    )
    return code, head + b",".join(failed) + b"]}"


def refusal(code: int, description: str, received: int = 0) -> bytes:
    """Body for a request that was no batch: the same four fields, nothing accepted."""
    return msgspec.json.encode(
        {"code": code, "description": description, "events_received": received, "failed_events": []}
    )
