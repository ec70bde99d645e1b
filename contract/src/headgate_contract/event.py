"""The wire types of the contract, and the receipt that a request leaves in the log.

The structs here are the *normal form*: what an accepted event looks like once digests are lower-case hex,
numbers are numbers and nothing is raw. `validate.py` decodes straight into them (the fast path); an event that is
good but not yet normal is brought into this form by `explain.py`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from headgate_contract.vocabulary import (
    EVENT_TIME_LIMIT,
    ContentType,
    Currency,
    DeliveryCategory,
    EventName,
    PurchaseType,
)

#: SHA-256, 64 hexadecimal digits. The length is held by the decoder, the digits by `validate.py`, a batch at a time.
Digest = Annotated[str, Meta(min_length=64, max_length=64)]
#: Seconds since 1970, UTC.
EpochSeconds = Annotated[int, Meta(ge=0, le=EVENT_TIME_LIMIT)]
Int64 = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]


class Wire(Struct, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """Strict on purpose: whatever is not in normal form already goes to the explaining path instead.

    `gc=False` is safe (no field can close a cycle) and keeps the collector off a thousand events a request.
    """


class UserData(Wire):
    """Who the event is about: match keys and context. Digests are SHA-256 of the normalised value."""

    is_hashed: bool | None = None
    em: Digest | None = None
    ph: Digest | None = None
    fn: Digest | None = None
    ln: Digest | None = None
    ge: Digest | None = None
    db: Digest | None = None
    ct: str | None = None
    st: str | None = None
    zp: str | None = None
    country: str | None = None
    external_id: str | None = None
    client_ip_address: str | None = None
    client_user_agent: str | None = None
    subscription_id: str | None = None
    aGA: str | None = None
    aID: str | None = None
    aDX: str | None = None
    aGI: str | None = None
    aRI: str | None = None
    aFC: str | None = None


class Content(Wire):
    """One product of an order."""

    id: str | Int64
    quantity: Decimal
    price: Decimal
    delivery_category: DeliveryCategory | None = None


class CustomData(Wire):
    """What the event was worth and what it was about."""

    content_category: str | None = None
    content_ids: list[str | Int64] | None = None
    content_name: str | None = None
    content_type: ContentType | None = None
    contents: list[Content] | None = None
    currency: Currency | None = None
    num_items: Decimal | None = None
    predicted_ltv: Decimal | None = None
    search_string: str | None = None
    status: str | None = None
    value: Decimal | None = None
    order_id: str | None = None
    purchase_type: PurchaseType | None = None
    delivery_category: DeliveryCategory | None = None
    utm_source: str | None = None
    utm_medium: str | None = None
    utm_campaign: str | None = None
    utm_term: str | None = None
    utm_content: str | None = None


class Event(Wire, kw_only=True):
    """One event as a sender may send it, in normal form."""

    event_id: str | None = None
    event_name: EventName
    event_source: str | None = None
    event_source_url: str | None = None
    event_time: EpochSeconds
    event_type: Literal["conversion"]
    referrer_url: str | None = None
    user_data: UserData
    custom_data: CustomData | None = None
    #: no `None` here: an opt-out that cannot be read must never count as consent (decision 14)
    opt_out: Literal["true", "false"] | bool | UnsetType = UNSET
    partner_name: str | None = None


class EventBatch(Wire):
    """The body of a request."""

    event_group_id: Annotated[str, Meta(min_length=1)]
    events: list[Event]


class Rejection(Struct, frozen=True, omit_defaults=True, gc=False):
    """A rejected event as it is kept for the sender to look at: no personal data, every reason."""

    #: place in the request's `events`, from 0
    index: int
    #: field path -> reason, personal data removed
    errors: dict[str, str]
    #: the event as JSON text, personal data removed
    event: str
    event_id: str = ""
    event_name: str = ""


class Receipt(Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """What one request left behind: the unit of the log, and all that the core ever learns of it."""

    request_id: str
    #: microseconds since 1970, UTC, by the edge's clock
    received_at: int
    event_group_id: str
    account_id: str
    key_id: str
    #: `api` or `pixel`
    source: str = "api"
    #: where the request came from; only of servers: a page's address is its visitor's, and stands in the events
    address: str = ""
    #: from /v1/test_events: shown for a day, never counted, never a conversion
    test: bool = False
    #: events in the request; `received == accepted + len(rejections)`
    received: int
    accepted: int
    #: the accepted events in normal form, one JSON object a line, in the order sent, no newline at the end.
    #: Beside `Event`'s fields a line may carry `user_data.ph_e164` (second digest of a raw phone), `unknown`
    #: (field path -> JSON text of the value) and `hashed_on_receipt` (field names that we hashed).
    events: bytes = b""
    rejections: list[Rejection] = []
