"""Numbers: exact, bounded, and read alike by the fast twin."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate_contract import money

some = settings(max_examples=400, deadline=None)
decimals = st.decimals(allow_nan=False, allow_infinity=False) | st.decimals(-(10**16), 10**16, places=3)
edges = st.sampled_from(
    [Decimal(edge) + delta for edge in (10**15, -(10**15), 10**9, 0) for delta in (Decimal(0), Decimal(1), Decimal(-1))]
)
LIMIT = Fraction(10**15)


def _exact(value: Decimal) -> Fraction | None:
    """The value as a fraction; None where the exponent makes that too large to write down."""
    return Fraction(value) if abs(value.adjusted()) < 100 else None


@some
@given(decimals | edges)
def test_an_amount_is_kept_to_the_last_digit_within_the_bounds(value: Decimal) -> None:
    exact = _exact(value)
    if exact is None:
        exact = Fraction(0) if value.adjusted() < 0 or not value else LIMIT * 2
    if -LIMIT <= exact <= LIMIT:
        kept = money.money(value)
        assert kept == value or (kept == 0 and abs(exact) < Fraction(1, 10**18))
        assert money.money(str(value)) == kept
    else:
        with pytest.raises(ValueError, match="must lie between"):
            money.money(value)


@some
@given(decimals | edges | st.sampled_from([Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("0E+99")]))
def test_what_the_fast_twin_takes_the_slow_one_takes_unchanged(value: Decimal) -> None:
    if money.is_money(value):
        assert money.money(value) == value
    if money.is_count(value):
        assert money.count(value) == value


@some
@given(st.decimals(0, 10**10, places=2))
def test_counts_have_bounds_and_whole_counts_no_fraction(value: Decimal) -> None:
    if value > 10**9:
        with pytest.raises(ValueError, match="must lie between"):
            money.whole_count(value)
    elif value != int(value):
        assert money.count(value) == value
        with pytest.raises(ValueError, match="whole number"):
            money.whole_count(value)
    else:
        assert money.whole_count(value) == value


@pytest.mark.parametrize("value", [True, False, None, [], {}, 1.5, b"1"])
def test_what_is_no_number_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="must be a number"):
        money.number(value)


@pytest.mark.parametrize("value", ["", " ", "1,5", "1.5.5", "0x10", "one", "1e", "--1", "1e99999999999999999999"])
def test_text_that_holds_more_than_a_number_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="holds nothing else"):
        money.number(value)


@pytest.mark.parametrize("value", ["1e400", "-1e400", "1e9999999", "-1e9999999", "1e999999999999999"])
def test_a_large_exponent_is_out_of_bounds_and_not_an_overflow(value: str) -> None:
    for read in (money.money, money.count, money.whole_count):
        with pytest.raises(ValueError, match="must lie between"):
            read(Decimal(value))
    assert not money.is_money(Decimal(value))
    assert not money.is_count(Decimal(value))


def test_a_fraction_beyond_every_decimal_is_infinite_and_refused_as_such() -> None:
    assert money.fraction("1.25") == Decimal("1.25")
    assert money.fraction("-1e99999999999999999999") == Decimal("-Infinity")
    with pytest.raises(ValueError, match="finite"):
        money.money(money.fraction("1e99999999999999999999"))
    assert money.money(money.fraction("1e-400")) == 0
