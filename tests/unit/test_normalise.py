"""Normal forms: against a plain oracle that reads the decision letter by letter, and stable when applied again."""

from __future__ import annotations

import calendar
import subprocess
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate_contract import normalise

some = settings(max_examples=300, deadline=None)
near_addresses = st.text("aB.+@ \t\u00a0é", max_size=12) | st.emails()
near_numbers = st.text("0123456789+-() .x\u0661\uff11\u00b2", max_size=16) | st.text(max_size=8)
near_dates = st.dates().map(str) | st.text("0123456789-W \uff11", max_size=10)


def _email(raw: str) -> str | None:
    trimmed = raw.strip().lower()
    if trimmed.count("@") != 1:
        return None
    local, domain = trimmed.split("@")
    if "+" in local:
        local = local[: local.index("+")]
    return f"{local}@{domain}" if local and domain else None


def _phone(raw: str) -> str | None:
    digits = ""
    for character in raw:
        if unicodedata.category(character) == "Nd":
            digit = str(unicodedata.digit(character))
            digits += digit if digits or digit != "0" else ""
    return digits or None


def _birthday(raw: str) -> str | None:
    parts = raw.strip().split("-")
    if [len(part) for part in parts] != [4, 2, 2] or not all(c in "0123456789" for part in parts for c in part):
        return None
    year, month, day = map(int, parts)
    real = year >= 1 and 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1]
    return raw.strip() if real else None


def _read(field: str, raw: str) -> str | None:
    try:
        return normalise.NORMAL_FORMS[field](raw)
    except ValueError:
        return None


@some
@given(near_addresses)
def test_an_email_comes_to_what_the_decision_says(raw: str) -> None:
    assert _read("em", raw) == _email(raw)


@some
@given(near_numbers)
def test_a_phone_number_comes_to_what_the_decision_says(raw: str) -> None:
    assert _read("ph", raw) == _phone(raw)


@some
@given(near_dates)
def test_a_birthday_comes_to_what_the_decision_says(raw: str) -> None:
    assert _read("db", raw) == _birthday(raw)


@some
@given(st.text(max_size=12) | st.sampled_from(["MALE", " Female", "unknown\n", "m"]))
def test_names_are_lowered_and_trimmed_and_genders_are_three(raw: str) -> None:
    assert _read("fn", raw) == _read("ln", raw) == raw.strip().lower()
    lowered = raw.strip().lower()
    assert _read("ge", raw) == (lowered if lowered in ("male", "female", "unknown") else None)


@some
@given(st.sampled_from(sorted(normalise.NORMAL_FORMS)), near_addresses | near_numbers | near_dates)
def test_a_normal_form_is_its_own_normal_form(field: str, raw: str) -> None:
    normal = _read(field, raw)
    if normal is not None:
        assert _read(field, normal) == normal


@some
@given(near_numbers)
def test_the_second_key_of_a_phone_is_the_first_with_a_plus(raw: str) -> None:
    if _phone(raw) is not None:
        assert normalise.e164(raw) == f"+{_phone(raw)}"


@pytest.mark.parametrize("text", ["", "myname@isp.com", "núñez", "用户@例子.公司"])
def test_a_digest_is_what_another_program_makes_of_the_same_bytes(text: str) -> None:
    said = subprocess.run(["sha256sum"], input=text.encode(), capture_output=True, check=True)
    assert normalise.digest(text) == said.stdout.split()[0].decode()


@some
@given(st.text("0123456789abcdefABCDEFg \uff11", min_size=62, max_size=66))
def test_a_digest_is_64_hexadecimal_digits_and_nothing_else(value: str) -> None:
    assert normalise.is_digest(value) == (len(value) == 64 and all(c in "0123456789abcdefABCDEF" for c in value))


def test_an_alias_alone_is_no_address() -> None:
    """Everybody of a domain would be one person."""
    with pytest.raises(ValueError, match="neither an e-mail address"):
        normalise.email("+news@isp.com")
