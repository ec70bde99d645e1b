"""Raw personal values, put wherever a sender can put them, never reach what is kept."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headgate.testing import NOW, body_of, good_event
from headgate_contract import redact
from headgate_contract.validate import Batch, Rules, read_batch

_encode = msgspec.json.Encoder(decimal_format="number").encode
some = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])

letters = st.text("abcdefghijklmnopqrstuvwxyz", min_size=4, max_size=10)


@st.composite
def addresses(draw: st.DrawFn) -> str:
    """E-mail addresses, unlike anything else in an event; some with an alias, some with capitals."""
    local = draw(st.lists(letters, min_size=1, max_size=3))
    joint = draw(st.sampled_from([".", "_", "-", "+", "~", "!"]))
    address = f"{joint.join(local)}@{draw(letters)}.{draw(st.sampled_from(['example', 'co.example', 'xn--p1ai']))}"
    return draw(st.sampled_from([address, address.upper(), address.title()]))


phones = st.builds(
    lambda form, a, b: form.format(a, b),
    st.sampled_from(["+1 ({}) {}-2468", "001{}{}2468", "{}.{}.2468", "+49{}{}2468", "{} {} 2468"]),
    st.integers(200, 999),
    st.integers(2000, 9999),
)
people = letters.map(lambda word: f"Zq{word}")
dates = st.dates().map(lambda day: day.isoformat())

#: puts a value somewhere into an event
Put = Callable[[dict[str, Any], Any], None]


def _at(*path: str | int) -> Put:
    def put(event: dict[str, Any], value: Any) -> None:
        target: Any = event
        for step in path[:-1]:
            target = target[step]
        target[path[-1]] = value

    return put


def _key(event: dict[str, Any], value: Any) -> None:
    event[str(value)] = 1


def _in_text(field: str, form: str) -> Put:
    def put(event: dict[str, Any], value: Any) -> None:
        event[field] = form.format(value, quote(str(value), safe=""), quote(quote(str(value), safe=""), safe=""))

    return put


#: an address is known by its own look: it may stand anywhere
for_addresses: list[Put] = [
    *(_at("user_data", field) for field in ("em", "email", "ph", "fn", "ln", "ge", "db", "ct", "client_user_agent")),
    *(_at("user_data", field) for field in ("external_id", "aGA", "aID", "AID", "aDX", "aFC", "subscription_id", "EM")),
    *(_at("custom_data", field) for field in ("order_id", "search_string", "content_name", "status", "utm_term", "x")),
    *(_at("custom_data", field) for field in ("currency", "value", "content_type", "contents", "content_ids")),
    *(_at("custom_data", "contents", 0, field) for field in ("id", "price", "quantity", "delivery_category", "note")),
    *(_at(field) for field in ("event_id", "event_name", "event_type", "event_time", "event_source", "partner_name")),
    *(_at(field) for field in ("opt_out", "user_data", "custom_data", "customer", "events", "errors", "event")),
    _key,
    *(
        _in_text("event_source_url", form)
        for form in ("https://x.example/?u={0}&a=1", "https://x.example/{1}#x", "{2}")
    ),
    *(_in_text("referrer_url", form) for form in ("https://a.example/?next=https%3A%2F%2Fb.example%3Fu%3D{1}", "{2}x")),
    *(_in_text(field, "mail <{0}>, or {1}") for field in ("event_id", "event_name", "event_source", "note")),
]
#: a number is known by its field, or as a whole value that nothing is known of
for_phones: list[Put] = [
    *(_at("user_data", field) for field in ("ph", "phone", "mobile", "Ph", "cell_phone", "other")),
    *(_at(field) for field in ("customer_phone", "msisdn", "note", "event_name", "opt_out", "user_data")),
    *(_at("custom_data", field) for field in ("tel", "contact", "currency")),
    *(_in_text("event_source_url", form) for form in ("https://x.example/?phone={1}&a=1", "?a=1&customer_mobile={}")),
    *(_in_text("referrer_url", form) for form in ("#tel={}", "https://x.example/?a;ph={}")),
    *(_in_text(field, "call {0} or (0){0}") for field in ("event_name", "event_type")),
]
#: a name or a day of birth is known by its field alone
for_people: list[Put] = [
    *(_at("user_data", field) for field in ("fn", "ln", "db", "ge", "FN", "first_name", "lastName", "date_of_birth")),
    *(_at(field) for field in ("fn", "name", "customer_name_first_name", "fullname", "address", "dob", "user_data")),
    *(_in_text("event_source_url", form) for form in ("https://x.example/?fn={}&a=1", "?a=1&last_name={}")),
]


def _wrapped(value: str) -> st.SearchStrategy[Any]:
    return st.sampled_from([value, f" {value} ", [value], {"value": value}, [{"a": [value]}]])


def _kept(batch: Batch) -> str:
    """All that may reach the disk."""
    rejections = [msgspec.to_builtins(failed.rejection) for failed in batch.failed]
    return (batch.lines + b"\n" + _encode(rejections)).decode().lower()


def _forms(value: str) -> list[str]:
    plain = value.lower()
    return [plain, quote(plain, safe=""), quote(quote(plain, safe=""), safe="")]


def _check(data: st.DataObject, values: st.SearchStrategy[str], places: list[Put]) -> None:
    event = copy.deepcopy(good_event())
    event["user_data"]["is_hashed"] = data.draw(st.sampled_from([True, False, None, "x"]))
    if data.draw(st.booleans()):
        event["user_data"] = {"aGA": "38400000", **event["user_data"]}
        event["user_data"].pop("em")
    value = data.draw(values)
    for put in data.draw(st.lists(st.sampled_from(places), min_size=1, max_size=3)):
        try:
            put(event, data.draw(_wrapped(value)))
        except (TypeError, IndexError, KeyError):
            continue  # an earlier one stands where this one would go
    around = {"note": value} if places is not for_people and data.draw(st.booleans()) else {}
    for events in ([event], [event, good_event(), {}]):
        kept = _kept(read_batch(body_of(*events, **around), now=NOW, rules_of=lambda _: Rules()))
        assert not [form for form in _forms(value) if form in kept]
    assert not [form for form in _forms(value) if form in redact.event(event).lower()]


@some
@given(st.data())
def test_no_address_is_kept_wherever_it_stands(data: st.DataObject) -> None:
    _check(data, addresses(), for_addresses)


@some
@given(st.data())
def test_no_phone_number_is_kept_where_it_is_known_for_one(data: st.DataObject) -> None:
    _check(data, phones, for_phones)


@some
@given(st.data())
def test_no_name_and_no_day_of_birth_is_kept_where_it_is_known_for_one(data: st.DataObject) -> None:
    _check(data, people | dates, for_people)


@some
@given(st.one_of(addresses(), phones, people), st.booleans())
def test_an_event_that_is_no_object_or_no_json_says_nothing_of_a_person(value: str, broken: bool) -> None:
    sent = msgspec.Raw(_encode(value)[: -1 if broken else None] + (b'\\ud800"' if broken else b""))
    batch = read_batch(body_of(sent, [value], good_event()), now=NOW, rules_of=lambda _: Rules())
    assert batch.accepted == 1
    assert value.lower() not in _kept(batch)


@some
@given(addresses())
def test_the_failed_answer_alone_holds_what_was_sent(address: str) -> None:
    batch = read_batch(body_of(good_event(event_id=address, event_type="x")), now=NOW, rules_of=lambda _: Rules())
    assert address in batch.failed[0].answer.decode()
