"""Events to send: 912 bytes each as compact JSON, every id and digest different."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import msgspec

EVENT_BYTES = 912
_AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.{}.{} Safari/537.36"
)


def event(number: int, time: int, run: str = "bench") -> dict[str, Any]:
    """A purchase; `number` makes it unlike the others, `time` is in seconds since 1970."""
    made: dict[str, Any] = {
        "event_id": f"{run}-{number:012d}",
        "event_name": "PURCHASE",
        "event_type": "conversion",
        "event_time": time,
        "event_source": "website",
        "event_source_url": f"https://shop.example.com/checkout/confirmation/{number % 9973}",
        "referrer_url": f"https://shop.example.com/product/{number % 499}",
        "user_data": {
            "is_hashed": True,
            "em": sha256(f"{run} e {number}".encode()).hexdigest(),
            "ph": sha256(f"{run} p {number}".encode()).hexdigest(),
            "client_ip_address": f"192.0.2.{number % 254 + 1}",
            "client_user_agent": _AGENT.format(90 + number % 40, number % 7000, number % 200),
        },
        "custom_data": {
            "value": (number % 100_000) / 100,
            "currency": "USD",
            "content_type": "product",
            "order_id": f"order-{number}",
            "contents": [
                {
                    "id": f"product-{number % 499}",
                    "quantity": "1",
                    "price": (number % 100_000) / 100,
                    "delivery_category": "home_delivery",
                }
            ],
            "utm_source": "streaming",
        },
        "opt_out": "false",
    }
    short = EVENT_BYTES - len(msgspec.json.encode(made))
    made["custom_data"]["content_name"] = ("Garden hose, 20 m, with nozzle and wall mount " * 4)[: max(short - 18, 0)]
    return made


def body(event_group_id: str, first: int, size: int, time: int, run: str = "bench") -> bytes:
    """A request of `size` events, numbered from `first`."""
    events = [event(number, time, run) for number in range(first, first + size)]
    return msgspec.json.encode({"event_group_id": event_group_id, "events": events})
