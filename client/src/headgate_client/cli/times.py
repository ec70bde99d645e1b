"""Times as files have them, to seconds since 1970, UTC."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from headgate_client.cli.problems import Problem

#: value of --time-format -> how many of them make a second
_UNITS = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
#: digits of a number that fits 64 bits
_DIGITS = 18
_NO_ZONE = "has no time zone; say --time-zone, such as --time-zone Europe/Berlin or --time-zone UTC"

ReadTime = Callable[[Any], Any]


def read_zone(name: str | None) -> tzinfo | None:
    """A time zone by its name. Raises `Problem`."""
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Problem(f"--time-zone {name} is no time zone; write one such as UTC or America/Chicago") from None


def time_reader(pattern: str | None, zone: tzinfo | None) -> ReadTime:
    """What reads a value of `event_time`.

    `pattern`: `iso`, a unit (`s`, `ms`, `us`, `ns`), or a pattern such as `%d.%m.%Y %H:%M`; without one, whole numbers
    are seconds and text is ISO 8601. The function gives seconds, or the value as it is where the server shall say what
    is wrong with it; it raises `ValueError` with the reason.
    """
    if pattern in _UNITS:
        return lambda value: _from_unit(value, _UNITS[pattern])
    if pattern in (None, "iso"):
        return lambda value: _from_iso(value, zone)
    assert pattern is not None  # noqa: S101 - None was handled above
    if "%" not in pattern:
        raise Problem(
            f"--time-format {pattern} is none; write iso, s, ms, us, ns, or a pattern such as '%d.%m.%Y %H:%M'"
        )
    _require_pattern(pattern)
    return lambda value: _from_pattern(value, pattern, zone)


def _require_pattern(pattern: str) -> None:
    try:
        datetime.strptime("", pattern)  # noqa: DTZ007 - no time is made
    except ValueError as why:
        # that an empty text does not fit is as it should be
        if "directive" in str(why) or "stray" in str(why):
            raise Problem(f"--time-format {pattern}: {why}") from None


def _from_unit(value: Any, per_second: int) -> Any:
    try:
        return int(Decimal(str(value).strip()) // per_second)
    except (ArithmeticError, ValueError):
        raise ValueError("must be a number, as --time-format says") from None


def _from_iso(value: Any, zone: tzinfo | None) -> Any:
    if isinstance(value, date):
        return _seconds(value, zone)
    if not isinstance(value, str):
        return value
    text = value.strip()
    if text.lstrip("-").replace(".", "", 1).isdigit():
        # digits: seconds, or what the server has its own words for
        return int(text) if text.isdecimal() and len(text) <= _DIGITS else text
    try:
        return _seconds(datetime.fromisoformat(text), zone)
    except ValueError as why:
        if str(why) == _NO_ZONE:
            raise
        raise ValueError("is neither seconds since 1970 nor an ISO 8601 time; say --time-format") from None


def _from_pattern(value: Any, pattern: str, zone: tzinfo | None) -> Any:
    if isinstance(value, date):
        return _seconds(value, zone)
    try:
        moment = datetime.strptime(str(value).strip(), pattern)  # noqa: DTZ007 - the zone is put in below
    except ValueError:
        raise ValueError(f"does not fit --time-format {pattern}") from None
    return _seconds(moment, zone)


def _seconds(moment: date, zone: tzinfo | None) -> int:
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day)  # noqa: DTZ001 - the zone is put in below
    if moment.tzinfo is None:
        if zone is None:
            raise ValueError(_NO_ZONE)
        moment = moment.replace(tzinfo=zone)
    return int(moment.timestamp())
