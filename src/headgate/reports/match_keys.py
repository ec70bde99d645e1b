"""The match keys: in which order their bits stand in the store, and what each is worth (`docs/match-quality.md`)."""

from __future__ import annotations

from types import MappingProxyType

#: place in this order = bit in `key_sets.match_keys`; only ever add at the end
KEYS = (
    "em",
    "ph",
    "fn",
    "ln",
    "ge",
    "db",
    "ct",
    "st",
    "zp",
    "country",
    "external_id",
    "client_ip_address",
    "client_user_agent",
    "subscription_id",
    "aGA",
    "aID",
    "aDX",
    "aGI",
    "aRI",
    "aFC",
)

#: how likely it is that a key alone leads to the right person or household; a choice, laid open
WEIGHTS = MappingProxyType(
    {
        "em": 0.60,
        "ph": 0.50,
        "fn": 0.03,
        "ln": 0.05,
        "ge": 0.01,
        "db": 0.05,
        "ct": 0.02,
        "st": 0.01,
        "zp": 0.04,
        "country": 0.01,
        "external_id": 0.15,
        "client_ip_address": 0.30,
        "client_user_agent": 0.05,
        "subscription_id": 0.15,
        "aGA": 0.60,
        "aID": 0.60,
        "aDX": 0.40,
        "aGI": 0.40,
        "aRI": 0.70,
        "aFC": 0.20,
    }
)


def names(bits: int) -> list[str]:
    """The keys whose bits are set."""
    return [key for place, key in enumerate(KEYS) if bits >> place & 1]
