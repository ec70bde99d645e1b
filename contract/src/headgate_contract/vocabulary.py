"""The contract's closed lists and bounds, each named once."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, get_args

EventName = Literal[
    "ACHIEVE_LEVEL",
    "ADD_PAYMENT_INFO",
    "ADD_TO_CART",
    "ADD_TO_WISHLIST",
    "APP_INSTALL",
    "COMPLETE_REGISTRATION",
    "CONTACT",
    "CUSTOMIZE_PRODUCT",
    "DONATE",
    "DOWNLOAD",
    "FIND_LOCATION",
    "INITIATE_CHECKOUT",
    "LEAD",
    "PAGE_VIEW",
    "PURCHASE",
    "SCHEDULE",
    "SEARCH",
    "SIGN_UP",
    "START_TRIAL",
    "SUBSCRIBE",
    "SUBSCRIPTION_CANCELLATION",
    "SUBSCRIPTION_RENEWAL",
    "UNLOCK_ACHIEVEMENT",
    "VIEW_CONTENT",
]
Currency = Literal[
    "AED", "ARS", "AUD", "BDT", "BHD", "BIF", "BOB", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CRC", "CZK", "DKK",
    "DZD", "EGP", "EUR", "GBP", "GTQ", "HKD", "HNL", "HUF", "IDR", "ILS", "INR", "ISK", "JPY", "KES", "KHR", "KRW",
    "KWD", "KZT", "MAD", "MOP", "MXN", "MYR", "NGN", "NIO", "NOK", "NZD", "OMR", "PEN", "PHP", "PKR", "PLN", "PYG",
    "QAR", "RON", "RUB", "SAR", "SEK", "SGD", "THB", "TRY", "TWD", "UAH", "USD", "VES", "VND", "ZAR",
]  # fmt: skip
ContentType = Literal["product", "product_group"]
DeliveryCategory = Literal["in_store", "curbside", "home_delivery"]
PurchaseType = Literal["first_time_purchase", "repeat_purchase"]
#: which identifiers suffice for an event of a group (decision 1)
Identifiers = Literal["article", "extended"]
#: the same as validation asks for it: a page's browser is known by its address, so that its events need no identifier
Sufficient = Literal["article", "extended", "none"]

EVENT_NAMES: tuple[str, ...] = get_args(EventName)
CURRENCIES: tuple[str, ...] = get_args(Currency)
CONTENT_TYPES: tuple[str, ...] = get_args(ContentType)
DELIVERY_CATEGORIES: tuple[str, ...] = get_args(DeliveryCategory)
PURCHASE_TYPES: tuple[str, ...] = get_args(PurchaseType)
IDENTIFIERS: tuple[str, ...] = get_args(Identifiers)

#: the sources that the contract names; the list is open, others are accepted and counted as unknown (decision 13)
EVENT_SOURCES = frozenset(
    {
        "chat",
        "ctv_app",
        "email",
        "mobile_app",
        "phone_call",
        "physical_store",
        "roku",
        "system-generated",
        "website",
        "other",
    }
)

#: `user_data` fields that hold a SHA-256 digest
HASHED_FIELDS = ("em", "ph", "fn", "ln", "ge", "db")
#: one non-empty value of these makes an event acceptable
ARTICLE_IDENTIFIERS = ("em", "aGA", "aID", "aDX", "aGI", "aRI")
EXTENDED_IDENTIFIERS = (*ARTICLE_IDENTIFIERS, "ph", "client_ip_address")
#: other spellings that are read as a field (decision 1)
USER_DATA_ALIASES = {"email": "em", "AID": "aID"}
GENDERS = ("male", "female", "unknown")

EVENTS_PER_REQUEST = 1000
#: bodies, after decoding, in bytes; the default of a setting (decision 20)
BODY_LIMIT = 8 * 1024 * 1024
#: from here on a number of seconds is taken for milliseconds (decision 10); the year 5138
EVENT_TIME_LIMIT = 10**11
#: how far ahead of our clock an event may be, in seconds (decision 10)
EVENT_TIME_AHEAD = 3600
#: bound of `value`, `price` and `predicted_ltv`, either side of zero
MONEY_LIMIT = Decimal(10) ** 15
#: bound of `quantity` and `num_items`, from zero
COUNT_LIMIT = Decimal(10) ** 9
#: events with one id are duplicates up to this many seconds apart, both ends included (decision 17)
DEDUP_WINDOW = 600
