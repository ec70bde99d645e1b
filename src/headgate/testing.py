"""What tests of Headgate and of programs around it share: good events, bodies, and the vectors as values.

Plain data only: no clock, no chance, no test framework. The vectors are described in `vectors/README.md`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple, cast

import msgspec

from headgate_contract.money import fraction
from headgate_contract.vocabulary import Identifiers

#: the clock of the tests: seconds since 1970, UTC
NOW = 1_800_000_000
GROUP = "example_website_123"
#: SHA-256 of `myname@isp.com`
EMAIL_DIGEST = "2a13b8ba86800a210d2a7194ee2d24202a12055ad8830a50aaca08898ad2ea6c"
_encode = msgspec.json.Encoder(decimal_format="number").encode


def good_event(event_id: str | None = None, /, **changes: Any) -> dict[str, Any]:
    """An event in normal form that every event group takes. A change to None leaves the field out."""
    event = {
        "event_id": event_id,
        "event_name": "PURCHASE",
        "event_type": "conversion",
        "event_time": NOW - 60,
        "event_source": "website",
        "event_source_url": "https://example.com/checkout/confirmation",
        "user_data": {"is_hashed": True, "em": EMAIL_DIGEST, "client_ip_address": "192.0.2.7"},
        "custom_data": {
            "value": Decimal("99.99"),
            "currency": "USD",
            "order_id": "order-12345",
            "contents": [{"id": "product-123", "quantity": 1, "price": Decimal("99.99")}],
        },
        "opt_out": "false",
        **changes,
    }
    return {field: value for field, value in event.items() if value is not None}


def body_of(*events: Any, event_group_id: str = GROUP, **around: Any) -> bytes:
    """A request's body. Events may be any JSON value; `Decimal` becomes a number, `msgspec.Raw` stands as it is."""
    return _encode({"event_group_id": event_group_id, **around, "events": events})


def read_json(text: bytes | str) -> Any:
    """Decode JSON with its fractions as `Decimal`, by another decoder than the product's. NaN is no JSON."""
    return json.loads(text, parse_float=fraction, parse_constant=_refuse)


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is not JSON")


def same_json(expected: Any, found: Any) -> bool:
    """Whether two decoded values are the same JSON: numbers by their value, but true is not 1.

    An expected text that ends in an ellipsis stands for any text that starts like it.
    """
    if isinstance(expected, bool) or isinstance(found, bool):
        return expected is found
    if isinstance(expected, dict) and isinstance(found, dict):
        return expected.keys() == found.keys() and all(same_json(expected[key], found[key]) for key in expected)
    if isinstance(expected, list) and isinstance(found, list):
        return len(expected) == len(found) and all(map(same_json, expected, found))
    if isinstance(expected, str) and expected.endswith("…") and isinstance(found, str):
        return found.startswith(expected[:-1])
    return bool(expected == found)


class RequestVector(NamedTuple):
    """A request and the whole answer to it."""

    theme: str
    name: str
    #: the event group's setting
    identifiers: Identifiers
    #: the receiver's clock, seconds since 1970, UTC
    now: int
    path: str
    body: bytes
    #: HTTP status, and `code` of the answer
    code: int
    answer: dict[str, Any]
    #: the accepted events in normal form, where the vector tells them
    kept: list[dict[str, Any]] | None


class ValueVector(NamedTuple):
    """A raw personal value, and its normal form and digest or the reason why it has none."""

    field: str
    raw: str
    normal: str | None
    digest: str | None
    #: digest of the phone number with a plus before it
    e164_digest: str | None
    error: str | None


def request_vectors(folder: Path) -> Iterator[RequestVector]:
    """Read `requests/*.json` in a folder of vectors."""
    for file in sorted((folder / "requests").glob("*.json")):
        for case in read_json(file.read_bytes()):
            body = case["body"].encode() if "body" in case else _encode(case["request"])
            identifiers = cast("Identifiers", case["group"]["identifiers"])
            yield RequestVector(
                file.stem,
                case["name"],
                identifiers,
                case["now"],
                case["path"],
                body,
                case["code"],
                case["answer"],
                case.get("kept"),
            )


def value_vectors(folder: Path) -> Iterator[ValueVector]:
    """Read `normalise/*.json` in a folder of vectors."""
    for file in sorted((folder / "normalise").glob("*.json")):
        for case in read_json(file.read_bytes()):
            yield ValueVector(**{field: case.get(field) for field in ValueVector._fields})
