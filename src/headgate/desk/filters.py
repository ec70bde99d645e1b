"""What a page of reports is asked for: range, event name and source, from the address and back into links."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from msgspec import Struct

from headgate.reports.event_list import Narrowed
from headgate.reports.match_keys import KEYS
from headgate.reports.span import DAY, HOUR, Asked, asked

#: word in the address -> (seconds, words on the page)
RANGES: Mapping[str, tuple[int, str]] = {
    "2h": (2 * HOUR, "Last 2 hours"),
    "24h": (DAY, "Last 24 hours"),
    "7d": (7 * DAY, "Last 7 days"),
    "30d": (30 * DAY, "Last 30 days"),
    "60d": (60 * DAY, "Last 60 days"),
    "365d": (365 * DAY, "Last 365 days"),
}
DEFAULT_RANGE = "7d"
_LONGEST = 128
_STATUSES = ("received", "accepted", "kept", "duplicate", "dead", "rejected")


class Filters(Struct, frozen=True):
    """A range by its word, or between two times, and what it is narrowed to."""

    #: empty: between the two times of `asked`
    range: str
    asked: Asked

    def query(self, **more: Any) -> str:
        """The same in an address, with more behind it; what is empty is left out."""
        over = {"range": self.range} if self.range else {"first": str(self.asked.first), "last": str(self.asked.last)}
        every = {**over, "event_name": self.asked.event_name, "source": self.asked.source, **more}
        return urlencode({name: value for name, value in every.items() if value != ""})

    def fixed(self, **more: Any) -> str:
        """The same with the range between two times: what leads to the events behind a number must not move on."""
        every = {
            "first": self.asked.first,
            "last": self.asked.last,
            "event_name": self.asked.event_name,
            "source": self.asked.source,
            **more,
        }
        return urlencode({name: value for name, value in every.items() if value != ""})


def read_filters(query: Mapping[str, str], event_group_id: str, now: int) -> Filters:
    """What an address asks for; where it asks for nothing that there is, the last seven days of everything."""
    event_name, source = query.get("event_name", "")[:_LONGEST], query.get("source", "")[:_LONGEST]
    first, last = _seconds(query.get("first", "")), _seconds(query.get("last", ""))
    if "range" not in query and first is not None and last is not None and first < last:
        return Filters("", asked(event_group_id, first, last, event_name, source))
    word = query.get("range", DEFAULT_RANGE)
    word = word if word in RANGES else DEFAULT_RANGE
    return Filters(word, asked(event_group_id, now - RANGES[word][0], now + 1, event_name, source))


def read_narrowed(query: Mapping[str, str]) -> Narrowed:
    """What the events of a list have in common; what makes no sense is left out."""
    status, limited = query.get("status", ""), query.get("limited_data_use", "")
    delay = _seconds(query.get("delay", ""))
    return Narrowed(
        status=status if status in _STATUSES else "accepted",  # type: ignore[arg-type]
        key_id=query.get("key_id", "")[:_LONGEST],
        limited_data_use=limited if limited in ("true", "false") else "",  # type: ignore[arg-type]
        delay=delay if delay is not None and delay < 100 else -1,  # noqa: PLR2004 - more than there are limits
        with_key=_known(query.get("with_key", "")),
        without_key=_known(query.get("without_key", "")),
        digest=query.get("digest", "")[:64],
        timely="true" if query.get("timely") == "true" else "",
        field=query.get("field", "")[:_LONGEST],
        reason=query.get("reason", "")[:1000],
    )


def narrowed_query(narrowed: Narrowed) -> dict[str, str]:
    """As it stands in an address."""
    found = {name: str(getattr(narrowed, name)) for name in narrowed.__struct_fields__}
    if narrowed.delay < 0:
        found["delay"] = ""
    return found


def _known(key: str) -> str:
    return key if key in KEYS else ""


def _seconds(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else None  # noqa: PLR2004 - until 2286
