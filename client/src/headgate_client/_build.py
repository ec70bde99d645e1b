"""Events from an application's own values: typed, normalised, hashed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, TypedDict, Unpack

import msgspec

from headgate_client._batch import Unsendable, new_id, read_event
from headgate_client._errors import InvalidEvent
from headgate_client._normal import normal_phone
from headgate_contract import money, normalise
from headgate_contract.event import Content, CustomData, Event, UserData
from headgate_contract.explain import explain
from headgate_contract.vocabulary import BODY_LIMIT, ContentType, Currency, DeliveryCategory, EventName, PurchaseType

#: amounts and quantities; a float is read as it is written
Number = int | float | str | Decimal
_decode = msgspec.json.Decoder(dict[str, Any], float_hook=money.fraction).decode


class Identity(TypedDict, total=False):
    """Fields of `user_data` under the contract's own names; digests are 64 hexadecimal digits."""

    em: str | None
    ph: str | None
    fn: str | None
    ln: str | None
    ge: str | None
    db: str | None
    ct: str | None
    st: str | None
    zp: str | None
    country: str | None
    external_id: str | None
    client_ip_address: str | None
    client_user_agent: str | None
    subscription_id: str | None
    aGA: str | None
    aID: str | None
    aDX: str | None
    aGI: str | None
    aRI: str | None
    aFC: str | None


class Order(TypedDict, total=False):
    """Fields of `custom_data` that are no numbers."""

    content_category: str | None
    content_ids: list[str | int] | None
    content_name: str | None
    content_type: ContentType | None
    currency: Currency | None
    search_string: str | None
    status: str | None
    order_id: str | None
    purchase_type: PurchaseType | None
    delivery_category: DeliveryCategory | None
    utm_source: str | None
    utm_medium: str | None
    utm_campaign: str | None
    utm_term: str | None
    utm_content: str | None


class About(TypedDict, total=False):
    """Fields of an event beside name, time, user and order."""

    event_id: str | None
    event_source: str | None
    event_source_url: str | None
    referrer_url: str | None
    partner_name: str | None
    opt_out: bool


def event(
    event_name: EventName,
    user_data: UserData,
    *,
    custom_data: CustomData | None = None,
    event_time: int | datetime | None = None,
    **about: Unpack[About],
) -> Event:
    """One conversion event, checked against the contract.

    `event_time` is in seconds since 1970, UTC, or a datetime with a time zone; now where it is left out. An event
    without `event_id` gets a random one. Raises `InvalidEvent` with every reason.
    """
    given: dict[str, Any] = {name: value for name, value in about.items() if value is not None}
    made = Event(
        event_name=event_name,
        event_time=_seconds(event_time),
        event_type="conversion",
        user_data=user_data,
        custom_data=custom_data,
        **{"event_id": new_id(), **given},
    )
    errors = check_event(made)
    if errors:
        raise InvalidEvent(errors)
    return made


def check_event(event: Event | Mapping[str, Any], now: float | None = None) -> dict[str, str]:
    """Every reason for which a server would reject the event, by field path; empty for a good one.

    `now` is in seconds since 1970, UTC; this machine's clock where it is left out. Which identifiers suffice is a
    setting of the event group: here any that some group takes is enough.
    """
    item = read_event(0, event, BODY_LIMIT, new_id)
    if isinstance(item, Unsendable):
        return {"event": item.reason}
    # as a server reads it: a float of this process is a number with all its digits there
    return explain(_decode(item.text), now=int(time.time() if now is None else now), identifiers="extended").errors


def user_data(
    *,
    email: str | None = None,
    phone: str | None = None,
    region: str | None = None,
    first_name: str | None = None,
    last_name: str | None = None,
    gender: str | None = None,
    birthday: str | None = None,
    **identity: Unpack[Identity],
) -> UserData:
    """Who an event is about: raw values are normalised and hashed here, so that none leaves this process.

    `region` is the country, such as `US`, of a phone number without country code. `birthday` is yyyy-mm-dd. The
    contract's own fields (`em`, `aGA`, `client_ip_address`, …) go in under their names. Empty values count as absent.
    Raises `InvalidEvent`, which names the field but not the value.
    """
    fields: dict[str, Any] = {name: value for name, value in identity.items() if value}
    errors: dict[str, str] = {}
    for field, raw, normal in (
        ("em", email, normalise.email),
        ("ph", phone, lambda number: normal_phone(number, region)),
        ("fn", first_name, normalise.name),
        ("ln", last_name, normalise.name),
        ("ge", gender, normalise.gender),
        ("db", birthday, normalise.birthday),
    ):
        if raw is not None and not isinstance(raw, str):
            errors[f"user_data.{field}"] = f"must be text, not {type(raw).__name__}"
        elif raw and raw.strip():
            _put_digest(field, raw, normal, fields, errors)
    errors |= _bad_digests(fields)
    if errors:
        raise InvalidEvent(errors)
    hashed = any(field in fields for field in normalise.NORMAL_FORMS)
    return UserData(is_hashed=True if hashed else None, **fields)


def _put_digest(
    field: str, raw: str, normal: Callable[[str], str], fields: dict[str, Any], errors: dict[str, str]
) -> None:
    if field in fields:
        errors[f"user_data.{field}"] = "is given twice, raw and as a digest; give one of them"
        return
    try:
        fields[field] = normalise.digest(normal(raw))
    except ValueError as why:
        errors[f"user_data.{field}"] = str(why)


def _bad_digests(fields: Mapping[str, Any]) -> dict[str, str]:
    return {
        f"user_data.{field}": "must be a SHA-256 digest of 64 hexadecimal digits; a raw value has an argument of its own"
        for field in normalise.NORMAL_FORMS
        if field in fields and not normalise.is_digest(fields[field])
    }


def custom_data(
    *,
    value: Number | None = None,
    contents: Iterable[Content] | None = None,
    num_items: Number | None = None,
    predicted_ltv: Number | None = None,
    **order: Unpack[Order],
) -> CustomData:
    """What an event was worth and what it was about. Raises `InvalidEvent` where a number is none."""
    errors: dict[str, str] = {}
    made = CustomData(
        value=_number("custom_data.value", value, money.money, errors),
        contents=None if contents is None else list(contents),
        num_items=_number("custom_data.num_items", num_items, money.whole_count, errors),
        predicted_ltv=_number("custom_data.predicted_ltv", predicted_ltv, money.money, errors),
        **order,
    )
    if errors:
        raise InvalidEvent(errors)
    return made


def content(
    id: str | int,  # noqa: A002 - the contract's name
    *,
    quantity: Number,
    price: Number,
    delivery_category: DeliveryCategory | None = None,
) -> Content:
    """One product of an order; `price` is that of a single item. Raises `InvalidEvent` where a number is none."""
    errors: dict[str, str] = {}
    many = _number("content.quantity", quantity, money.count, errors)
    price_each = _number("content.price", price, money.money, errors)
    if errors or many is None or price_each is None:
        raise InvalidEvent(errors or {"content": "quantity and price are required"})
    return Content(id=id, quantity=many, price=price_each, delivery_category=delivery_category)


def _number(
    field: str, given: Number | None, read: Callable[[object], Decimal], errors: dict[str, str]
) -> Decimal | None:
    if given is None:
        return None
    try:
        return read(str(given) if isinstance(given, float) else given)
    except ValueError as why:
        errors[field] = str(why)
        return None


def _seconds(moment: int | datetime | None) -> int:
    if moment is None:
        return int(time.time())
    if isinstance(moment, datetime):
        if moment.tzinfo is None:
            raise InvalidEvent(
                {"event_time": "has no time zone; give an aware datetime, such as datetime.now(UTC), or seconds"}
            )
        return int(moment.timestamp())
    return moment
