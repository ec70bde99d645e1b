"""The clock doctor: event times in the wrong unit, the wrong zone or the wrong century.

First each time by itself, then all that read as seconds together: a shift of a time zone shows only in company.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from headgate_client._finding import Finding, Severity
from headgate_client._outcome import AnyEvent
from headgate_contract import money
from headgate_contract.vocabulary import EVENT_TIME_AHEAD, EVENT_TIME_LIMIT

_FIELD = "event_time"
_DAY = 86_400
_HALF_HOUR = 1_800
#: half hours; UTC-12 to UTC+14
_ZONES = range(-24, 29)
#: seconds either side of a whole half hour that events on their way may take
_TIGHT = 120
#: so many events show a pattern by chance hardly ever
_ENOUGH = 5
_ENOUGH_ALIKE = 20
#: share of the events near a half hour that must lie close to it
_MOST = 0.8
_UTC = "take the seconds from a time in UTC, such as datetime.now(UTC).timestamp()"
#: from here on seconds are something finer: (bound, code, how many a second)
_FINER = (
    (10**17, "nanoseconds", 1_000_000_000),
    (10**14, "microseconds", 1_000_000),
    (EVENT_TIME_LIMIT, "milliseconds", 1_000),
)


class _Told(NamedTuple):
    code: str
    message: str
    cure: str
    severity: Severity = "error"


def check_times(events: Iterable[AnyEvent], now: float) -> list[Finding]:
    """What is wrong with the `event_time` of these events; `now` is in seconds since 1970, UTC.

    A finding about one event has its `index`; one about all of them has none.
    """
    findings = []
    seconds: list[int] = []
    for index, event in enumerate(events):
        sent = event.get(_FIELD) if isinstance(event, Mapping) else event.event_time
        told = _check(sent, now)
        if told is not None:
            findings.append(_finding(told, index))
        if isinstance(sent, int) and not isinstance(sent, bool) and _DAY * 366 < sent < EVENT_TIME_LIMIT:
            seconds.append(sent)
    return findings + [_finding(told, None) for told in (*_shifts(seconds, now), *_alike(seconds))]


def _check(sent: Any, now: float) -> _Told | None:
    if sent is None:
        return _Told("missing", "is missing", "send the time of the event, in seconds since 1970 in UTC")
    try:
        read = money.number(str(sent) if isinstance(sent, float) else sent)
    except ValueError:
        return _unreadable(sent)
    return _out_of_range(read) or _implausible(read, now)


def _unreadable(sent: Any) -> _Told:
    if (
        isinstance(sent, str)
        and sum(map(str.isdigit, sent)) >= len("20260101")
        and any(sign in sent for sign in "-/.:T")
    ):
        return _Told(
            "iso-string",
            "is a date as text",
            "send whole seconds since 1970: int(datetime.fromisoformat(…).timestamp())",
        )
    return _Told("not-a-number", "is no number", "send whole seconds since 1970 in UTC")


def _out_of_range(read: Decimal) -> _Told | None:
    for bound, unit, divisor in _FINER:
        if read >= bound:
            return _Told(unit, f"is in {unit}", f"divide by {divisor} and leave out the fraction")
    if read < 0:
        return _Told("before-1970", "is negative: a time before 1970", "send seconds since 1970 in UTC")
    if read != read.to_integral_value():
        return _Told("fraction", "has a fraction of a second", "send whole seconds")
    return None


def _implausible(read: Decimal, now: float) -> _Told | None:
    if read == 0:
        return _Told("year-1970", "is 0: the start of 1970", "an empty value became 0; send the time of the event")
    if read < _DAY * 365:
        cure = "send seconds since 1970; days, minutes and dates as a number such as 20260131 all look like this"
        return _Told("year-1970", "lies in the year 1970", cure)
    if read > int(now) + EVENT_TIME_AHEAD:
        return _Told(
            "future", "lies more than an hour in the future: the event will be rejected", f"set the clock; {_UTC}"
        )
    return None


def _shifts(seconds: Sequence[int], now: float) -> list[_Told]:
    """Groups of events that are all the same number of half hours away from now, as those of a wrong zone are."""
    near: Counter[int] = Counter()
    close: Counter[int] = Counter()
    for second in seconds:
        offset = second - now
        zone = round(offset / _HALF_HOUR)
        if zone in _ZONES:
            near[zone] += 1
            close[zone] += abs(offset - zone * _HALF_HOUR) <= _TIGHT
    return [
        _shift(zone, count, len(seconds))
        for zone, count in sorted(close.items())
        if zone and count >= _ENOUGH and count >= _MOST * near[zone]
    ]


def _shift(zone: int, count: int, total: int) -> _Told:
    hours, half = divmod(abs(zone), 2)
    length = f"{hours} h {half * 30:02} min"
    where = "ahead of" if zone > 0 else "behind"
    message = f"of {count} of {total} events lies {length} {where} now, all to within 2 minutes"
    cure = f"if these events happened just now, local time was sent as UTC: {_UTC}"
    return _Told("time-zone", message, cure, "error" if zone > 0 else "warning")


def _alike(seconds: Sequence[int]) -> list[_Told]:
    if len(seconds) < _ENOUGH_ALIKE:
        return []
    if len(set(seconds)) == 1:
        cure = "send when each event happened, not when the file was made"
        return [_Told("same-time", f"is the same for all {len(seconds)} events", cure, "warning")]
    into_day = {second % _DAY for second in seconds}
    if len(into_day) == 1 and into_day.pop() % _HALF_HOUR == 0:
        cure = "send the time of day too: events of one id count once within ten minutes"
        return [
            _Told(
                "date-only",
                f"of all {len(seconds)} events is the same time of day: a date without time",
                cure,
                "warning",
            )
        ]
    return []


def _finding(told: _Told, index: int | None) -> Finding:
    return Finding(
        code=told.code, field=_FIELD, message=told.message, cure=told.cure, severity=told.severity, index=index
    )
