"""Times as files have them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate_client.cli.problems import Problem
from headgate_client.cli.times import read_zone, time_reader

BERLIN = ZoneInfo("Europe/Berlin")
SECONDS = 1_703_437_200


@pytest.mark.parametrize(
    ("pattern", "zone", "value", "seconds"),
    [
        (None, None, SECONDS, SECONDS),
        (None, None, str(SECONDS), SECONDS),
        (None, None, "9" * 30, "9" * 30),
        (None, None, "2023-12-24T17:00:00Z", SECONDS),
        (None, None, "2023-12-24 18:00:00+01:00", SECONDS),
        ("iso", BERLIN, "2023-12-24 18:00", SECONDS),
        (None, BERLIN, "2023-12-25", SECONDS + 6 * 3600),
        (None, BERLIN, date(2023, 12, 25), SECONDS + 6 * 3600),
        (None, None, datetime(2023, 12, 24, 17, tzinfo=UTC), SECONDS),
        (None, BERLIN, datetime(2023, 12, 24, 18), SECONDS),  # noqa: DTZ001 - as a file has it
        ("%d.%m.%Y %H:%M", BERLIN, " 24.12.2023 18:00 ", SECONDS),
        ("%Y-%m-%d %H:%M %z", None, "2023-12-24 12:00 -0500", SECONDS),
        ("ms", None, f"{SECONDS}999", SECONDS),
        ("us", None, SECONDS * 1_000_000, SECONDS),
        ("ns", None, SECONDS * 10**9, SECONDS),
        ("s", None, f"{SECONDS}.7", SECONDS),
        (None, None, None, None),
    ],
)
def test_a_time_is_read_as_seconds(pattern: str | None, zone: Any, value: Any, seconds: Any) -> None:
    assert time_reader(pattern, zone)(value) == seconds


@pytest.mark.parametrize(
    ("pattern", "value", "reason"),
    [
        (None, "2023-12-24 18:00", "has no time zone; say --time-zone"),
        (None, "yesterday", "is neither seconds since 1970 nor an ISO 8601 time; say --time-format"),
        ("%d.%m.%Y", "2023-12-24", "does not fit --time-format %d.%m.%Y"),
        ("ms", "soon", "must be a number, as --time-format says"),
        ("s", "NaN", "must be a number, as --time-format says"),
    ],
)
def test_a_time_that_cannot_be_read_says_why(pattern: str | None, value: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        time_reader(pattern, None)(value)


@given(st.integers(0, 2**32), st.integers(-14 * 60, 14 * 60))
def test_any_moment_written_in_any_zone_is_the_same_seconds(seconds: int, minutes: int) -> None:
    zone = timezone(timedelta(minutes=minutes))
    written = datetime.fromtimestamp(seconds, zone)
    assert time_reader(None, None)(written.isoformat()) == seconds
    assert time_reader("%Y-%m-%d %H:%M:%S", zone)(written.strftime("%Y-%m-%d %H:%M:%S")) == seconds


def test_a_zone_that_does_not_exist_is_a_problem() -> None:
    with pytest.raises(Problem, match=r"--time-zone \.\./etc is no time zone"):
        read_zone("../etc")
