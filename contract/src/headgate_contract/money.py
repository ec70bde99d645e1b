"""Numbers of the contract: exact decimals with bounds, written as numbers or as numeric strings (decision 11)."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from headgate_contract.vocabulary import COUNT_LIMIT, MONEY_LIMIT

#: decimals that the store keeps; what is smaller than the last of them is zero
DECIMALS = 18
_MONEY_DIGITS = MONEY_LIMIT.adjusted()


def fraction(text: str) -> Decimal:
    """A JSON number that is no integer, exactly; infinite where its exponent is beyond any decimal. Never raises."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal("-Infinity" if text.startswith("-") else "Infinity")


def number(value: object) -> Decimal:
    """Read a JSON number or a numeric string, exactly. Raises `ValueError` with the reason."""
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise ValueError("must be a number")  # noqa: TRY004 - the reason of an event's error, not a bug
    try:
        read = Decimal(value)
    except InvalidOperation:
        raise ValueError("must be a number, or a string that holds nothing else") from None
    if not read.is_finite():
        raise ValueError("must be a finite number")
    return Decimal(0) if not read or read.adjusted() < -DECIMALS else read


def money(value: object) -> Decimal:
    """An amount, in the unit of its currency. Raises `ValueError` outside the bounds."""
    read = number(value)
    # compared, not `abs(read)`: arithmetic would round, and overflows at 1e9999999
    if not -MONEY_LIMIT <= read <= MONEY_LIMIT:
        raise ValueError(f"must lie between -1e{_MONEY_DIGITS} and 1e{_MONEY_DIGITS}")
    return read


def count(value: object) -> Decimal:
    """A quantity. Raises `ValueError` below zero or over the bound."""
    read = number(value)
    if not 0 <= read <= COUNT_LIMIT:
        raise ValueError(f"must lie between 0 and 1e{COUNT_LIMIT.adjusted()}")
    return read


def whole_count(value: object) -> Decimal:
    """A number of items. Raises `ValueError` when it is not whole."""
    read = count(value)
    if read != read.to_integral_value():
        raise ValueError("must be a whole number")
    return read


def is_money(value: Decimal) -> bool:
    """Whether a decoded decimal is in normal form and within the bounds of an amount: the fast twin of `money`."""
    return -DECIMALS <= value.adjusted() < _MONEY_DIGITS and value.is_finite()


def is_count(value: Decimal) -> bool:
    """Whether a decoded decimal is in normal form and within the bounds of a quantity."""
    return value.is_finite() and value.adjusted() >= -DECIMALS and 0 <= value <= COUNT_LIMIT
