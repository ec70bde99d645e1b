"""What is taken out of texts, ids, URLs, unknown fields and rejected events, and what stays."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate_contract import redact

some = settings(max_examples=400, deadline=None)
fragments = st.sampled_from(
    [
        "a",
        "jo",
        "@",
        "%40",
        "%2540",
        ".",
        "x.example",
        " ",
        "+",
        "%2B",
        "/",
        "?",
        "&mail=",
        "=",
        "%20",
        "%",
        "[",
        "1",
        "é",
    ]
)
texts = st.lists(fragments, max_size=12).map("".join)
GONE = "[e-mail removed]"


def _sha(text: str) -> str:
    return sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("jo@x.example", GONE),
        ("write to Jo.Doe+a@x.example, please", f"write to {GONE}, please"),
        ("<jo@x.example>", f"<{GONE}>"),
        ("mailto:jo@x.example?subject=a", f"mailto:{GONE}?subject=a"),
        ("https://x.example/?u=jo%40x.example&v=1", f"https://x.example/?u={GONE}&v=1"),
        ("https://x.example/?u=jo%2Ba%40x.example", f"https://x.example/?u={GONE}"),
        ("https://x.example/?n=%2Fa%3Fu%3Djo%2540x.example%26v", f"https://x.example/?n=%2Fa%3Fu%3D{GONE}%26v"),
        ("https://jo:secret@x.example/", f"https://jo:{GONE}/"),
        ("a@b.example,c@d.example;e@f.example", f"{GONE},{GONE};{GONE}"),
        ("jo%40x%2Eexample", GONE),
        ("follow @jo.doe", "follow @jo.doe"),
        ("5 @ 3.00", "5 @ 3.00"),
        ("a@b", "a@b"),
        ("100% @ home", "100% @ home"),
        ("", ""),
    ],
)
def test_addresses_leave_a_text_and_nothing_else_does(text: str, kept: str) -> None:
    assert redact.scrub(text) == kept


@some
@given(texts)
def test_what_is_taken_out_stays_out_and_the_rest_stays(text: str) -> None:
    for field in ("search_string", "event_id", "event_source_url"):
        kept = redact.scrub_field(field, text)
        assert redact.scrub_field(field, kept) == kept
    if "@" not in text and "%" not in text:
        assert redact.scrub(text) == redact.identifier(text) == text
    assert not redact.may_hold_email(text.encode()) or any(sign in text for sign in ("@", "%40", "%2540"))


@some
@given(st.lists(texts, max_size=4))
def test_a_quick_look_at_many_urls_says_what_a_look_at_each_says(urls: list[str]) -> None:
    assert redact.are_plain_urls(urls) == all(redact.url(url) == url for url in urls)


def test_equal_addresses_in_ids_become_equal_digests() -> None:
    digest = _sha("jo@x.example")
    assert redact.identifier("jo@x.example") == digest
    assert redact.identifier("Jo+news@X.example") == digest
    assert redact.identifier("jo%40x.example") == redact.identifier("jo%2540x.example") == digest
    assert redact.identifier("crm:jo@x.example/7") == f"crm:{digest}/7"
    assert redact.identifier("order-7") == "order-7"
    long = "jo@x.example " * 100
    assert redact.identifier(long) == _sha(long)


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://x.example/?phone=123&a=1", "https://x.example/?phone=[removed]&a=1"),
        (
            "https://x.example/?a=1&first_name=Ana#last_name=B",
            "https://x.example/?a=1&first_name=[removed]#last_name=[removed]",
        ),
        ("https://x.example/?utm_medium=email&phone=", "https://x.example/?utm_medium=email&phone="),
        ("https://x.example/phone=1", "https://x.example/phone=1"),
        ("?em=a=b&x", "?em=[removed]&x"),
    ],
)
def test_a_personal_parameter_loses_its_value(url: str, kept: str) -> None:
    assert redact.url(url) == kept


@pytest.mark.parametrize(
    ("field", "value", "kept"),
    [
        ("note", "hello", "hello"),
        ("note", 5, 5),
        ("note", None, None),
        ("note", "jo@x.example", f"sha256:{_sha('jo@x.example')}"),
        ("note", " +1 555 123 4567", f"sha256:{_sha('+1 555 123 4567')}"),
        ("note", "a" * 64, "a" * 64),
        ("note", "https://x.example/?fn=Ana", "https://x.example/?fn=[removed]"),
        ("note", {"first_name": "Ana", "n": [1, "a"]}, {"first_name": f"sha256:{_sha('ana')}", "n": [1, "a"]}),
        ("FirstName", " Ana ", f"sha256:{_sha('ana')}"),
        ("emails", ["jo@x.example", "b" * 64], [f"sha256:{_sha('jo@x.example')}", "b" * 64]),
        ("phone", 15551234567, f"sha256:{_sha('15551234567')}"),
        ("has_phone", True, True),
        ("address", {"city": "Austin"}, "sha256:" + _sha('{"city":"austin"}')),
        ("email", "", ""),
        ("adobe_id", "Ana", "Ana"),
    ],
)
def test_unknown_fields_are_kept_as_they_are_or_by_their_digest(field: str, value: Any, kept: Any) -> None:
    assert redact.unknown_value(field, value) == kept


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("call +1 (555) 123-4567 now", "call [number removed] now"),
        ("15551234567", "[number removed]"),
        ("555 123 4567, 555 123 4568", "[number removed], [number removed]"),
        ("order 12345", "order 12345"),
        ("v1.2.3-4", "v1.2.3-4"),
        ("2026-01-15T08:00:00Z", "2026-01-15T08:00:00Z"),
        ("jo@x.example 555 123 4567", f"{GONE} [number removed]"),
        ("x" * 300, "x" * 256),
    ],
)
def test_the_text_of_a_rejected_event_is_short_and_without_numbers_to_call(text: str, kept: str) -> None:
    assert redact.text(text) == kept


def test_a_rejected_event_keeps_its_shape_and_says_nothing_of_whom_it_is_about() -> None:
    sent = {
        "event_id": "e1",
        "event_name": "NOPE",
        "event_time": 5,
        "event_source_url": "https://x.example/a?u=1",
        "user_data": {
            "em": "a" * 64,
            "ph": "+1 555 123 4567",
            "is_hashed": False,
            "country": "US",
            "fn": ["Ana"],
            "x": 1,
        },
        "custom_data": {"value": 9, "contents": [{"id": "1", "name": "Runner"}], "first_name": "Ana"},
    }
    assert json.loads(redact.event(sent)) == {
        "event_id": "e1",
        "event_name": "NOPE",
        "event_time": 5,
        "event_source_url": "https://x.example/a",
        "user_data": {
            "em": "[SHA-256]",
            "ph": "[15 characters]",
            "is_hashed": False,
            "country": "US",
            "fn": "[list]",
            "x": "[a number]",
        },
        "custom_data": {
            "value": 9,
            "contents": [{"id": "1", "name": "[6 characters]"}],
            "first_name": "[3 characters]",
        },
    }


def test_a_rejected_event_is_cut_when_it_is_long_deep_or_wide() -> None:
    assert json.loads(redact.event({"a": ["x" * 300] * 20})) == {"too long to keep": 5187}
    deep: Any = 1
    for _ in range(50):
        deep = [deep]
    assert "[deeper]" in redact.event({"a": deep})
    assert len(json.loads(redact.event({"a": list(range(100)), "b": {str(i): i for i in range(100)}}))["a"]) == 20


@pytest.mark.parametrize(
    ("sent", "kept"), [("Ana", "[3 characters]"), (["Ana"], "[list]"), (7, "[a number]"), (None, None), (True, True)]
)
def test_a_rejected_event_that_is_no_object_is_only_described(sent: Any, kept: Any) -> None:
    assert json.loads(redact.event(sent)) == kept
