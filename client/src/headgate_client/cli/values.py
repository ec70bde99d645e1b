"""Values as files have them, to values as the contract has them: text, lists and numbers."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from headgate_client.cli.problems import Problem
from headgate_contract.money import fraction

#: gives the value, or as it is where the server shall say what is wrong with it; raises `ValueError` with the reason
Read = Callable[[Any], Any]
_GROUPED = re.compile(r"[+-]?[0-9][0-9.,'\s]*")
_NO_MARK = (
    "has a comma, before its decimals or between thousands; say which: --decimal , (1.234,50) or --decimal . (1,234.50)"
)


def exact(value: Any) -> Any:
    """A value of a Parquet file as JSON would have it: floats with the digits that they are written with."""
    if isinstance(value, float):
        return fraction(repr(value))
    if isinstance(value, bytes):
        return _decoded(value)
    if isinstance(value, dict):
        return {name: exact(inner) for name, inner in value.items()}
    return [exact(inner) for inner in value] if isinstance(value, list) else value


def read_text(value: Any) -> Any:
    """A number that stands for a name, such as an order's, or a date: as text."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    # a column of whole numbers with gaps is one of floats to many a writer of Parquet
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value():
        return str(int(value))
    return exact(value)


def read_list(value: Any) -> Any:
    """A list as JSON, or as text with a comma, semicolon or bar between its entries."""
    if not isinstance(value, str):
        return exact(value)
    if value.startswith("["):
        try:
            return msgspec.json.decode(value)
        except (msgspec.DecodeError, RecursionError):
            raise ValueError("looks like a JSON list and is none") from None
    separator = max(",;|", key=value.count)
    return [entry.strip() for entry in value.split(separator) if entry.strip()]


def number_reader(decimal: str | None) -> Read:
    """What reads a number, written with this mark before its decimals; None: as the contract writes it.

    With a mark, the other one, spaces and apostrophes may stand between thousands. Raises `Problem`.
    """
    if decimal is None:
        return _read_number
    if decimal not in (",", "."):
        raise Problem(f"--decimal {decimal} is none; write --decimal , or --decimal .")
    group = rf"[{',' if decimal == '.' else '.'}'\u2019\s]"
    mark = re.escape(decimal)
    written = re.compile(rf"([+-]?)([0-9]{{1,3}}(?:{group}[0-9]{{3}})+|[0-9]*)(?:{mark}([0-9]*))?")
    own = re.compile(r"[+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?" if decimal == "." else r"[+-]?[0-9]+")

    def read(value: Any) -> Any:
        if not isinstance(value, str):
            return exact(value)
        text = value.strip()
        if own.fullmatch(text):
            # as the contract writes it too
            return text
        found = written.fullmatch(text)
        if found is None or not (found[2] or found[3]):
            raise ValueError(f"is no number with --decimal {decimal}")
        return f"{found[1]}{re.sub(group, '', found[2]) or '0'}.{found[3] or '0'}"

    return read


def _read_number(value: Any) -> Any:
    if isinstance(value, str):
        if "," in value and _GROUPED.fullmatch(value.strip()):
            raise ValueError(_NO_MARK)
        return value
    return exact(value)


def _decoded(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise ValueError("is binary, and no text") from None
