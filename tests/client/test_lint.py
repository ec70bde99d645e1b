from __future__ import annotations

import base64
from hashlib import md5, sha1, sha256, sha512
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate_client import Event, event, lint_event, user_data
from headgate_client._lint import CHECKS
from strategies import json_values, normal_events, sent_events

RAW = "Jo.Doe+news@Example.com"
NORMAL = "jo.doe@example.com"


def sha(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def codes(user: dict[str, Any], raw: dict[str, str] | None = None) -> list[str]:
    return [finding.code for finding in lint_event({"user_data": {"is_hashed": True, **user}}, raw)]


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (sha(""), "empty-hash"),
        (sha("").upper(), "empty-hash"),
        (sha("null"), "placeholder-hash"),
        (sha("undefined"), "placeholder-hash"),
        (sha("None"), "placeholder-hash"),
        (sha("NaN"), "placeholder-hash"),
        (sha("nan"), "placeholder-hash"),
        (sha("0"), "placeholder-hash"),
        (sha("[object Object]"), "placeholder-hash"),
        (sha(" "), "placeholder-hash"),
        (sha(sha("")), "hash-of-hash"),
        (sha(sha("null").upper()), "hash-of-hash"),
        (md5(b"x").hexdigest(), "md5-length"),
        (sha1(b"x").hexdigest().upper(), "sha1-length"),
        (sha512(b"x").hexdigest(), "other-hash-length"),
        (base64.b64encode(sha256(b"x").digest()).decode(), "base64"),
        (base64.b64encode(sha256(b"x").digest()).decode().rstrip("="), "base64"),
        (base64.urlsafe_b64encode(sha256(b"zz>?").digest()).decode(), "base64"),
        (base64.b64encode(sha("x").encode()).decode(), "base64"),
        (f" {sha('x')}", "decorated"),
        (f"sha256:{sha('x')}", "decorated"),
        (f'"{sha("x")}"', "decorated"),
        (sha("x").upper(), "upper-case"),
        ("jo@example.com", "raw-value"),
        (sha("x")[:-1], "raw-value"),
    ],
)
def test_a_mistake_is_found_by_its_look(value: str, code: str) -> None:
    assert codes({"em": value}) == [code]


def test_a_good_digest_has_no_finding() -> None:
    assert codes({"em": sha(NORMAL), "ph": sha("15550100199")}) == []
    assert codes({"em": sha(NORMAL)}, {"em": RAW}) == []
    assert codes({"ge": sha("unknown")}) == []


@pytest.mark.parametrize("form", [RAW, RAW.lower(), RAW.upper(), f" {RAW} ".strip()])
def test_the_digest_of_a_value_that_is_not_normal_is_found_with_the_raw_value_at_hand(form: str) -> None:
    assert codes({"em": sha(form)}, {"em": RAW}) == ["unnormalised-hash"]
    assert codes({"em": sha(form)}) == []


@pytest.mark.parametrize("form", ["+15550100199", "+1 (555) 010-0199", "0015550100199", "15550100199 "])
def test_phone_digests_of_other_forms_are_found(form: str) -> None:
    raw = {"ph": form if form.startswith("00") or form.endswith(" ") else "+1 (555) 010-0199"}
    assert codes({"ph": sha(form)}, raw) == ["unnormalised-hash"]


def test_a_digest_of_something_else_is_found_with_the_raw_value_at_hand() -> None:
    assert codes({"em": sha("else")}, {"em": RAW}) == ["digest-mismatch"]


def test_a_raw_value_that_cannot_be_normalised_is_found() -> None:
    assert codes({"em": sha("nobody")}, {"em": "nobody"}) == ["raw-unreadable"]


@pytest.mark.parametrize("form", [NORMAL, RAW, RAW.lower()])
def test_the_hash_of_a_hash_is_found_with_the_raw_value_at_hand(form: str) -> None:
    assert codes({"em": sha(sha(form))}, {"em": RAW}) == ["hash-of-hash"]
    assert codes({"em": sha(sha(form).upper())}, {"em": RAW}) == ["hash-of-hash"]


def test_the_hash_of_a_digest_that_the_event_carries_elsewhere_is_found() -> None:
    assert codes({"em": sha(sha(NORMAL)), "external_id": sha(NORMAL)}) == ["hash-of-hash"]


def test_genders_are_known_by_their_few_digests() -> None:
    assert codes({"ge": sha("M")}) == ["unnormalised-hash"]
    assert codes({"ge": sha("female ")}) == ["unknown-gender"]


def test_one_digest_in_two_fields_is_found() -> None:
    assert codes({"em": sha("x"), "ph": sha("x").upper()}) == ["upper-case", "same-digest"]
    (finding,) = lint_event({"user_data": {"fn": sha("ali"), "ln": sha("ali")}})
    assert (finding.code, finding.severity) == ("same-digest", "warning")
    assert codes({"em": sha(""), "ph": sha("")}) == ["empty-hash", "empty-hash"]


def test_what_is_hashed_says_is_held_against_the_value() -> None:
    assert codes({"is_hashed": False, "em": sha("x")}) == ["digest-called-raw"]
    assert codes({"is_hashed": "false", "em": sha("x")}) == ["digest-called-raw"]
    assert codes({"is_hashed": False, "em": NORMAL}) == []
    assert codes({"is_hashed": None, "em": NORMAL}) == ["sent-raw"]


def test_other_spellings_are_linted_under_their_own_name() -> None:
    (finding,) = lint_event({"user_data": {"email": sha("")}})
    assert finding.field == "user_data.email"


def test_a_typed_event_is_linted_too() -> None:
    assert lint_event(event("LEAD", user_data(email=RAW)), {"em": RAW}) == []
    typed: Event = event("LEAD", user_data(em=sha("")))
    assert [finding.code for finding in lint_event(typed)] == ["empty-hash"]


def test_events_that_are_none_have_no_digests() -> None:
    for odd in ({}, {"user_data": None}, {"user_data": "x"}, {"user_data": {"em": 7, "ph": None, "fn": " "}}):
        assert lint_event(odd) == []


def test_every_check_can_speak() -> None:
    assert len(CHECKS) == len(set(CHECKS)) == 11


@given(sent_events(), st.dictionaries(st.sampled_from(["em", "ph", "fn", "ge", "db"]), st.text(max_size=30)))
def test_no_event_breaks_the_lint_and_no_finding_quotes_it(event: dict[str, Any], raw: dict[str, str]) -> None:
    for finding in lint_event(event, raw):
        told = f"{finding.message} {finding.cure}"
        values = [*raw.values(), *(value for value in event["user_data"].values() if isinstance(value, str))]
        assert not [value for value in values if len(value) > 11 and value in told]


@given(st.dictionaries(st.sampled_from(["user_data", "event_time"]), json_values))
def test_no_json_breaks_the_lint(odd: dict[str, Any]) -> None:
    assert isinstance(lint_event(odd), list)


@given(normal_events())
def test_a_digest_of_chance_is_no_mistake_of_form(event: dict[str, Any]) -> None:
    assert {finding.code for finding in lint_event(event)} <= {"same-digest", "unknown-gender"}
