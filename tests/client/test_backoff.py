from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate_client import Retries
from headgate_client._backoff import read_retry_after, wait_before

NOW = 1_700_000_000.0


@given(attempt=st.integers(2, 10_000), random=st.floats(0, 1, exclude_max=True))
def test_a_wait_is_never_longer_than_the_longest(attempt: int, random: float) -> None:
    retries = Retries(first_wait=0.5, longest_wait=30)
    assert 0 <= wait_before(attempt, retries, random, None) <= min(30, 0.5 * 2 ** min(attempt - 2, 60))


def test_what_the_server_asks_for_is_the_least() -> None:
    assert wait_before(2, Retries(first_wait=1), 0.9, 0.2) == 0.9
    assert wait_before(2, Retries(first_wait=1), 0.9, 90) == 90


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("3", 3),
        (" 120 ", 120),
        ("0", 0),
        ("-1", None),
        ("soon", None),
        ("", None),
        ("1.5", None),
        ("٣", None),
        ("Tue, 14 Nov 2023 22:13:30 GMT", 10),
        ("Tue, 14 Nov 2023 22:13:30 -0000", 10),
        ("Tue, 14 Nov 2023 22:13:10 GMT", 0),
        ("Tue, 99 Nov 2023 22:13:10 GMT", None),
        ("9" * 500, 999999999999),
    ],
)
def test_retry_after_is_read_in_both_forms(value: str | None, seconds: float | None) -> None:
    assert read_retry_after(value, NOW) == seconds


@given(st.text(max_size=40))
def test_no_retry_after_breaks_the_client(value: str) -> None:
    seconds = read_retry_after(value, NOW)
    assert seconds is None or seconds >= 0
