from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from headgate_client import (
    InvalidEvent,
    MissingExtra,
    check_event,
    content,
    custom_data,
    digest,
    event,
    normal_birthday,
    normal_email,
    normal_gender,
    normal_name,
    normal_phone,
    phone_digests,
    user_data,
)
from headgate_contract.validate import Rules, read_batch

VECTORS = Path(__file__).parents[2] / "vectors" / "normalise"
NORMAL = {
    "em": normal_email,
    "ph": normal_phone,
    "fn": normal_name,
    "ln": normal_name,
    "ge": normal_gender,
    "db": normal_birthday,
}
RAW = {"em": "email", "ph": "phone", "fn": "first_name", "ln": "last_name", "ge": "gender", "db": "birthday"}


def sha(text: str) -> str:
    return sha256(text.encode()).hexdigest()


@pytest.mark.parametrize("field", sorted(NORMAL))
def test_values_become_normal_as_the_vectors_have_it(field: str) -> None:
    vectors: list[dict[str, Any]] = json.loads((VECTORS / f"{field}.json").read_text())
    assert vectors
    for vector in vectors:
        raw = vector["raw"]
        if vector.get("normal"):
            assert NORMAL[field](raw) == vector["normal"]
            made = user_data(**{RAW[field]: raw})  # type: ignore[arg-type]
            assert getattr(made, field) == sha(vector["normal"]) == vector["digest"]
        elif raw.strip():
            with pytest.raises(ValueError, match=r"must|neither"):
                NORMAL[field](raw)
            with pytest.raises(InvalidEvent) as caught:
                user_data(**{RAW[field]: raw})  # type: ignore[arg-type]
            assert list(caught.value.errors) == [f"user_data.{field}"]


def test_both_digests_of_a_phone_number() -> None:
    assert phone_digests("+1 (555) 010-0199") == (sha("15550100199"), sha("+15550100199"))
    assert phone_digests("(212) 555-0199", "us") == phone_digests("+12125550199")
    assert phone_digests("030 1234567", "DE").e164 == sha("+49301234567")


@pytest.mark.parametrize(("raw", "region"), [("hello", "US"), ("1", "DE"), ("030 1234567", "XX")])
def test_what_is_no_phone_number_of_a_region_is_refused_without_being_shown(raw: str, region: str) -> None:
    with pytest.raises(ValueError, match="phone number") as caught:
        normal_phone(raw, region)
    assert raw not in str(caught.value)


def test_a_region_without_the_extra_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "phonenumbers", None)
    with pytest.raises(MissingExtra, match=r"headgate-client\[phone\]"):
        normal_phone("030 1234567", "DE")


def test_a_built_event_is_accepted_in_normal_form_by_the_validation_of_the_server() -> None:
    made = event(
        "PURCHASE",
        user_data(
            email=" Jo+news@Example.com ", phone="(212) 555-0199", region="US", birthday="1990-02-28", aGA="ad-1"
        ),
        custom_data=custom_data(
            value=99.9, currency="USD", num_items=2, contents=[content("sku", quantity=2, price="49.95")]
        ),
        event_time=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        event_source="website",
        opt_out=False,
    )
    text = msgspec.json.Encoder(decimal_format="number").encode(made)
    batch = read_batch(
        b'{"event_group_id":"g","events":[' + text + b"]}", now=1_800_000_000, rules_of=lambda _group: Rules()
    )
    assert (batch.accepted, batch.failed) == (1, [])
    assert json.loads(batch.lines) == json.loads(text)
    assert made.user_data.em == sha("jo@example.com")
    assert made.custom_data is not None
    assert made.custom_data.value == Decimal("99.9")
    assert made.event_time == 1767323045
    assert made.event_id


def test_a_bad_event_is_refused_with_every_reason() -> None:
    with pytest.raises(InvalidEvent) as caught:
        event("BUY", user_data(ct="Berlin"), event_time=1_700_000_000_000)  # type: ignore[arg-type]
    assert set(caught.value.errors) == {"event_name", "event_time", "user_data"}


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(InvalidEvent, match="time zone"):
        event("LEAD", user_data(aGA="x"), event_time=datetime(2026, 1, 1))  # noqa: DTZ001


def test_a_digest_and_a_raw_value_for_one_field_are_refused() -> None:
    with pytest.raises(InvalidEvent, match="given twice"):
        user_data(email="jo@example.com", em=sha("jo@example.com"))


def test_a_raw_value_in_the_place_of_a_digest_is_refused_without_being_shown() -> None:
    with pytest.raises(InvalidEvent, match="64 hexadecimal") as caught:
        user_data(em="jo@example.com")
    assert "jo@" not in str(caught.value)


def test_empty_values_count_as_absent() -> None:
    made = user_data(email="", phone="  ", fn="", aGA="x")
    assert (made.em, made.ph, made.fn, made.is_hashed) == (None, None, None, None)


def test_numbers_that_are_none_are_refused_by_field() -> None:
    with pytest.raises(InvalidEvent) as caught:
        custom_data(value="a lot", num_items=1.5, predicted_ltv=float("nan"))
    assert set(caught.value.errors) == {"custom_data.value", "custom_data.num_items", "custom_data.predicted_ltv"}
    with pytest.raises(InvalidEvent, match="quantity"):
        content("sku", quantity=-1, price=1)


def test_an_event_can_be_checked_before_it_is_sent() -> None:
    good = {"event_name": "LEAD", "event_type": "conversion", "event_time": 1, "user_data": {"em": digest("x")}}
    assert check_event(good) == {}
    assert set(check_event({**good, "event_time": 99, "user_data": {}})) == {"user_data"}
    assert set(check_event({**good, "event_time": 10_000}, now=1)) == {"event_time"}


def test_an_event_is_checked_as_a_server_would_read_it() -> None:
    contents = [{"id": "sku", "quantity": 1, "price": 2.5}]
    good = {"event_name": "LEAD", "event_type": "conversion", "event_time": 1, "user_data": {"em": digest("x")}}
    assert check_event({**good, "event_id": uuid4(), "custom_data": {"value": 1.5, "contents": contents}}) == {}
    told = check_event({**good, "custom_data": {"contents": [{**contents[0], "price": float("nan")}]}})
    assert "custom_data.contents[0].price is a number without end" in told["event"]
    assert "cannot be written as JSON" in check_event({**good, "custom_data": object()})["event"]


def test_a_value_that_is_no_text_is_refused_by_field() -> None:
    with pytest.raises(InvalidEvent) as caught:
        user_data(email=5, phone=4930123456)  # type: ignore[arg-type]
    assert caught.value.errors == {
        "user_data.em": "must be text, not int",
        "user_data.ph": "must be text, not int",
    }
