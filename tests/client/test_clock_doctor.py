from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate_client import check_times, event, user_data
from strategies import json_values

NOW = 1_700_000_000.0


def codes(*times: Any) -> list[tuple[str, int | None]]:
    return [(found.code, found.index) for found in check_times([{"event_time": time} for time in times], NOW)]


@pytest.mark.parametrize(
    ("time", "code"),
    [
        (1_700_000_000_000, "milliseconds"),
        ("1700000000000", "milliseconds"),
        (1_700_000_000_000_000, "microseconds"),
        (1_700_000_000_000_000_000, "nanoseconds"),
        ("2023-11-14T22:13:20Z", "iso-string"),
        ("2023-11-14", "iso-string"),
        ("14.11.2023 22:13", "iso-string"),
        ("yesterday", "not-a-number"),
        ("", "not-a-number"),
        (True, "not-a-number"),
        ([], "not-a-number"),
        (None, "missing"),
        (1_700_000_000.5, "fraction"),
        (float("nan"), "not-a-number"),
        (-1, "before-1970"),
        (0, "year-1970"),
        (20_231_114, "year-1970"),
        (19_675, "year-1970"),
        (int(NOW) + 3601, "future"),
    ],
)
def test_a_wrong_time_is_told_by_its_kind(time: Any, code: str) -> None:
    assert codes(int(NOW), time) == [(code, 1)]


@pytest.mark.parametrize("time", [int(NOW), int(NOW) + 3600, "1700000000", 1_700_000_000.0, 1_621_436_800])
def test_a_right_time_has_no_finding(time: Any) -> None:
    assert codes(time) == []


@pytest.mark.parametrize("half_hours", [-11, -10, -1, 1, 2, 7, 11, 28])
def test_a_shift_of_whole_or_half_hours_that_all_events_share_is_a_time_zone(half_hours: int) -> None:
    found = check_times(
        [{"event_time": int(NOW) + half_hours * 1800 - seconds} for seconds in (0, 3, 10, 30, 60, 90)], NOW
    )
    (shift,) = [finding for finding in found if finding.index is None]
    assert shift.code == "time-zone"
    assert f"{abs(half_hours) // 2} h {abs(half_hours) % 2 * 30:02} min" in shift.message
    assert shift.severity == ("error" if half_hours > 0 else "warning")


def test_one_server_of_two_in_the_wrong_zone_is_found() -> None:
    right = [int(NOW) - n for n in range(20)]
    wrong = [int(NOW) - 7200 - n for n in range(10)]
    (found,) = check_times([{"event_time": time} for time in right + wrong], NOW)
    assert (found.code, found.index) == ("time-zone", None)
    assert "10 of 30" in found.message


def test_events_of_a_whole_day_are_no_shift() -> None:
    assert codes(*[int(NOW) - n * 37 for n in range(2000)]) == []


def test_events_that_happened_just_now_are_no_shift() -> None:
    assert codes(*[int(NOW) - n for n in range(50)]) == []


def test_one_time_for_all_events_and_dates_without_time_are_found() -> None:
    assert codes(*[1_699_000_123] * 20) == [("same-time", None)]
    assert codes(*[1_699_920_000 - 86_400 * n for n in range(20)]) == [("date-only", None)]


def test_typed_events_are_checked_too() -> None:
    assert check_times([event("LEAD", user_data(aGA="x"), event_time=int(NOW))], NOW) == []


@given(st.lists(json_values, max_size=8))
def test_no_json_breaks_the_doctor_and_no_finding_quotes_it(times: list[Any]) -> None:
    for found in check_times([{"event_time": time} for time in times], NOW):
        assert found.field == "event_time"
        assert not [time for time in times if isinstance(time, str) and len(time) > 9 and time in found.message]
