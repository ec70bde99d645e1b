"""Why events are rejected: by field and reason, with an example of each and what to do."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from headgate.reports.span import Asked
from headgate.store.base import Store

#: (words of the reason or None, end of the field or None, what to do); the first that fits
_CURES: tuple[tuple[str | None, str | None, str], ...] = (
    ("At least one user identifier", None, ("Send at least one identifier: the digest of the e-mail address as em, or a device "
     "id (aGA, aID, aDX, aGI, aRI). With the group's identifiers set to extended, ph and client_ip_address do as well.")),
    ("Invalid event name", None, ("Use one of the 24 event names, in capitals: names are case-sensitive, and PURCHASE is one "
     "where Purchase is none.")),
    ("milliseconds", None, "Divide by 1000: event_time counts seconds. In JavaScript: Math.floor(Date.now() / 1000)."),
    ("in the future", None, "Send when the event happened, in seconds since 1970 in UTC, and synchronise the server's clock."),
    (None, "event_time", "Send event_time as whole seconds since 1970 in UTC, such as 1764000000."),
    ("SHA-256", None, ("Hash the normalised value with SHA-256 and send 64 hexadecimal digits, or send it raw with "
     "is_hashed set to false.")),
    ("is required", None, "Add the field to every event: it has no default."),
    (None, "event_type", "Send event_type with the value conversion."),
    ("currency", None, "Send a three-letter ISO 4217 code in capitals, such as USD."),
    (None, "opt_out", "Send opt_out as true or false. What cannot be read is refused rather than taken for consent."),
    ("must be a number", None, "Send a number, with a point and no currency sign: 49.90."),
    ("must be an object", None, "Send a JSON object here, not a text or a list."),
    ("must be a list", None, "Send a JSON list here."),
    ("must be a string", None, "Send a JSON text here."),
    ("must be one of", None, "Use one of the values that the reason names."),
)  # fmt: skip
_ELSE = "Change the field as the reason says, then send the event to /v1/test_events to see whether it passes."


class Reason(Struct, frozen=True):
    """Rejected events with one reason for one field."""

    #: places in lists as `[]`
    field: str
    reason: str
    cure: str
    events: int
    #: microseconds since 1970
    first_seen: int
    last_seen: int
    sources: list[str]
    #: up to five
    key_ids: list[str]
    #: the newest: its ids, the reason in full, and the event as JSON text without personal data
    request_id: str
    event_id: str
    sample_field: str
    sample_reason: str
    sample: str


def rejection_reasons(store: Store, asked: Asked) -> list[Reason]:
    """Reasons in the rejections that are still kept, the most frequent first, a hundred at most.

    An event with two errors counts for both.
    """
    return [_reason(row) for row in store.query("rejection_reasons", asked.parameters())]


def cure(field: str, reason: str) -> str:
    """What to do about an error, in a sentence or two."""
    for words, end, text in _CURES:
        if (words is None or words in reason) and (end is None or field.endswith(end)):
            return text
    return _ELSE


def _reason(row: dict[str, Any]) -> Reason:
    return Reason(
        **{**row, "sources": list(row["sources"]), "key_ids": list(row["key_ids"])},
        cure=cure(row["field"], row["reason"]),
    )
