"""Hypothesis strategies for events: good ones in normal form, good ones as senders write them, and nearly good ones."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from headgate.testing import NOW
from headgate_contract.vocabulary import (
    ARTICLE_IDENTIFIERS,
    CONTENT_TYPES,
    CURRENCIES,
    DELIVERY_CATEGORIES,
    EVENT_NAMES,
    EVENT_SOURCES,
    HASHED_FIELDS,
    PURCHASE_TYPES,
)

CONTEXT = ("ct", "st", "zp", "country", "external_id", "client_ip_address", "client_user_agent", "subscription_id")
#: what JSON can carry: no lone surrogates
characters = st.characters(exclude_categories=["Cs"])
texts = st.text(characters, max_size=12)
#: nothing that reads as the at sign of an address, plain or encoded, or as a parameter
plain_texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="@%=?&;#"), max_size=12)
digests = st.text("0123456789abcdef", min_size=64, max_size=64)
amounts = st.decimals(min_value=-(10**12), max_value=10**12, places=4) | st.integers(-(10**12), 10**12)
counts = st.integers(0, 10**6) | st.decimals(min_value=0, max_value=10**6, places=2)
int64s = st.integers(-(2**63), 2**63 - 1)

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(0, 10**13)
    | st.decimals(allow_nan=False, allow_infinity=False)
    | texts
)
json_values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=12
)

contents = st.lists(
    st.fixed_dictionaries(
        {"id": plain_texts | int64s, "quantity": counts, "price": amounts},
        optional={"delivery_category": st.sampled_from(DELIVERY_CATEGORIES)},
    ),
    max_size=3,
)
custom_data = st.fixed_dictionaries(
    {},
    optional={
        "content_category": plain_texts,
        "content_ids": st.lists(plain_texts | int64s, max_size=3),
        "content_name": plain_texts,
        "content_type": st.sampled_from(CONTENT_TYPES),
        "contents": contents,
        "currency": st.sampled_from(CURRENCIES),
        "num_items": st.integers(0, 10**9),
        "predicted_ltv": amounts,
        "search_string": plain_texts,
        "status": plain_texts,
        "value": amounts,
        "order_id": plain_texts,
        "purchase_type": st.sampled_from(PURCHASE_TYPES),
        "delivery_category": st.sampled_from(DELIVERY_CATEGORIES),
        "utm_source": plain_texts,
    },
)


@st.composite
def normal_user_data(draw: st.DrawFn) -> dict[str, Any]:
    """Match keys as digests, context as text, and at least one identifier of the article's."""
    user: dict[str, Any] = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "is_hashed": st.just(True),
                **dict.fromkeys(HASHED_FIELDS, digests),
                **dict.fromkeys(CONTEXT, plain_texts),
                "aFC": plain_texts,
            },
        )
    )
    identifier = draw(st.sampled_from(ARTICLE_IDENTIFIERS))
    user[identifier] = draw(digests if identifier == "em" else plain_texts.filter(bool))
    return user


@st.composite
def normal_events(draw: st.DrawFn) -> dict[str, Any]:
    """Events that are in normal form as they are sent."""
    return {
        "event_name": draw(st.sampled_from(EVENT_NAMES)),
        "event_type": "conversion",
        "event_time": draw(st.integers(0, NOW + 3600)),
        "user_data": draw(normal_user_data()),
        **draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "event_id": plain_texts,
                    "event_source": st.sampled_from(sorted(EVENT_SOURCES)) | plain_texts,
                    "event_source_url": plain_texts,
                    "referrer_url": plain_texts,
                    "custom_data": custom_data,
                    "opt_out": st.sampled_from(["true", "false", True, False]),
                    "partner_name": plain_texts,
                },
            )
        ),
    }


raw_values = st.fixed_dictionaries(
    {},
    optional={
        "em": st.sampled_from(["Jo.Doe+x@Example.com", " a@b ", "nobody", "+x@b.c", ""]),
        "email": st.sampled_from(["Jo.Doe@Example.com", "nobody", ""]),
        "ph": st.sampled_from(["+1 (555) 123-4567", "000", "", "x"]),
        "fn": st.sampled_from(["Ana", " ", "", "a" * 64]),
        "ln": st.sampled_from(["Núñez", ""]),
        "ge": st.sampled_from(["Male", "m", ""]),
        "db": st.sampled_from(["1990-02-28", "1990-02-30", ""]),
        "AID": st.sampled_from(["EA7583CD", ""]),
        "is_hashed": st.sampled_from([True, False, "true", "FALSE", "", 1]),
    },
)


@st.composite
def sent_events(draw: st.DrawFn) -> dict[str, Any]:
    """Events as senders write them: raw values, aliases, numeric texts, unknown fields; good or bad."""
    event = draw(normal_events())
    event["user_data"] |= draw(raw_values)
    if draw(st.booleans()):
        event["event_time"] = str(event["event_time"])
    custom = event.get("custom_data", {})
    for field in ("value", "predicted_ltv", "num_items"):
        if field in custom and draw(st.booleans()):
            custom[field] = str(custom[field])
    if draw(st.booleans()):
        draw(st.sampled_from([event, event["user_data"], custom]))[draw(texts)] = draw(json_values)
    return event


#: nearly right, or right elsewhere
near_misses = st.sampled_from(
    [
        *(
            None,
            True,
            False,
            0,
            1,
            -1,
            "",
            " ",
            "0",
            "-0",
            "1e3",
            "1_0",
            " 5 ",
            "١٢",
            "NaN",
            "Infinity",
            "-inf",
            "sNaN",
        ),
        *(2**63, 2**64, -(2**63) - 1, 10**11, 10**11 - 1, NOW + 3600, NOW + 3601, str(NOW), 10**15, 10**15 + 1),
        *(Decimal("1E+15"), Decimal("1E+400"), Decimal("1E-400"), Decimal("0E+99"), Decimal("1.0"), Decimal("-0.0")),
        *(Decimal("999999999999999.9999"), Decimal("1000000000.5")),
        *(
            "true",
            "False",
            "TRUE",
            "conversion",
            "Conversion",
            "LEAD",
            "lead",
            "usd",
            "USD",
            "a" * 64,
            "A" * 64,
            "g" * 64,
        ),
        *(
            "a" * 63,
            "a" * 63 + " ",
            "a" * 63 + "é",
            "\uff12" * 64,
            " " * 64,
            "jo@example.com",
            "jo%40example.com",
            "x%2540y.z",
        ),
        *([], {}, [[]], [{}], ["x"], {"id": 1, "quantity": 1, "price": 1}, [{"id": "a", "quantity": "1", "price": 1}]),
    ]
)


def _objects(value: Any) -> list[dict[str, Any]]:
    """Every object in a value, the outermost first."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [*([value] if isinstance(value, dict) else []), *(found for item in inner for found in _objects(item))]


@st.composite
def mutated_events(draw: st.DrawFn) -> dict[str, Any]:
    """Good events with up to three fields dropped, replaced, retyped, renamed or copied elsewhere."""
    event = copy.deepcopy(draw(normal_events() | sent_events()))
    for _ in range(draw(st.integers(1, 3))):
        target = draw(st.sampled_from(_objects(event)))
        field = draw(st.sampled_from(sorted(target))) if target else draw(texts)
        change = draw(st.sampled_from(["replace", "replace", "replace", "drop", "any", "rename", "copy", "retype"]))
        old = target.get(field)
        if change == "drop":
            target.pop(field, None)
        elif change == "replace":
            target[field] = copy.deepcopy(draw(near_misses))
        elif change == "any":
            target[field] = draw(json_values)
        elif change == "rename":
            target[draw(st.sampled_from([field.upper(), field.lower(), f" {field}", f"{field}s"]))] = target.pop(
                field, 0
            )
        elif change == "copy":
            draw(st.sampled_from(_objects(event)))[field] = copy.deepcopy(old)
        else:
            target[field] = copy.deepcopy(draw(st.sampled_from([[old], {"value": old}, str(old)])))
    return event
