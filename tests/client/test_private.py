from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given

from headgate_client._private import for_disk
from headgate_contract.explain import explain
from headgate_contract.money import fraction
from strategies import normal_events, sent_events

NOW = 1_700_000_000
_encode = msgspec.json.Encoder(decimal_format="number").encode
_decode = msgspec.json.Decoder(float_hook=fraction).decode


def kept_by_the_server(text: bytes) -> tuple[dict[str, Any], dict[str, str]]:
    """What a server keeps of an event, but for notes on how it came; and its errors."""
    normal, errors = explain(_decode(text), now=NOW, identifiers="extended")
    normal.pop("hashed_on_receipt", None)
    normal.get("user_data", {}).pop("ph_e164", None)
    return normal, errors


@given(sent_events())
def test_the_server_makes_the_same_of_an_event_that_was_on_disk(event: dict[str, Any]) -> None:
    sent = _encode(event)
    normal, reasons = kept_by_the_server(sent)
    text, errors = for_disk(sent)
    if errors:
        assert errors.items() <= reasons.items()
    else:
        after, still = kept_by_the_server(text)
        assert set(still) == set(reasons)
        if not reasons:
            assert after == normal


@given(normal_events())
def test_an_event_in_normal_form_goes_to_disk_as_it_is(event: dict[str, Any]) -> None:
    text = _encode(event)
    assert for_disk(text).text == text


def test_an_unreadable_match_key_is_an_error_and_not_on_disk() -> None:
    text, errors = for_disk(b'{"user_data":{"is_hashed":false,"em":"not an address"}}')
    assert text == b""
    assert set(errors) == {"user_data.em"}
    assert for_disk(b'{"user_data":"jo@example.com"}').errors == {"user_data": "must be an object"}


def test_an_event_name_that_this_client_does_not_know_is_not_its_business() -> None:
    text, errors = for_disk(b'{"event_name":"NEW_NAME","user_data":{"em":"Jo@example.com"}}')
    assert not errors
    assert b"NEW_NAME" in text
    assert b"xample" not in text
