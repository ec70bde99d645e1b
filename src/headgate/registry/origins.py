"""Origins: the web sites whose pages may send events of a group by the pixel.

An origin is `https://shop.example`, with a port where it is not the usual one. `https://*.shop.example` stands for every
sub-domain, however deep, but not for `shop.example` itself. There is no wildcard where sub-domains are anybody's, such as
`https://*.co.uk`: which names those are, the public suffix list knows.
"""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from functools import cache
from ipaddress import IPv6Address
from pathlib import Path
from urllib.parse import urlsplit

import idna
from publicsuffixlist import PSLFILE, PublicSuffixList

from headgate.errors import InvalidRegistration

#: origins that one event group may have
LIMIT = 200
_USUAL_PORTS = {"http": 80, "https": 443}
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_WILDCARD = "*."


def check_origin(text: str) -> str:
    """The origin as a browser writes it, if it is one. Raises `InvalidRegistration` with the reason and the cure."""
    cure = f"{text!r} cannot be an origin: write it as https://shop.example or https://*.shop.example"
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError:
        raise InvalidRegistration(cure) from None
    if parts.scheme not in _USUAL_PORTS or parts.username is not None or parts.query or parts.fragment:
        raise InvalidRegistration(cure)
    if parts.path not in ("", "/"):
        raise InvalidRegistration(f"{cure}; an origin has no path")
    host = _host(parts.hostname or "", cure)
    shown = "" if port in (None, _USUAL_PORTS[parts.scheme]) else f":{port}"
    return f"{parts.scheme}://{host}{shown}"


def _host(host: str, cure: str) -> str:
    wildcard = _WILDCARD if host.startswith(_WILDCARD) else ""
    try:
        if ":" in host:
            return f"[{IPv6Address(host)}]"
        name = _in_ascii(host.removeprefix(_WILDCARD))
    except ValueError:
        raise InvalidRegistration(cure) from None
    labels = name.split(".")
    if not all(map(_LABEL.fullmatch, labels)) or (wildcard and labels[-1].isdigit()):
        raise InvalidRegistration(cure)
    if wildcard and name != "localhost" and _is_shared(name):
        raise InvalidRegistration(
            f"'{_WILDCARD}{name}' cannot be allowed: sub-domains of {name} are given to anybody, and all of them could "
            f"send. Name your own, as in https://shop.{name} or https://*.shop.{name}"
        )
    return wildcard + name


def _in_ascii(name: str) -> str:
    """The host name as a browser sends it. Raises `ValueError` where it is none."""
    return name if name.isascii() else idna.encode(name, uts46=True).decode("ascii")


def _is_shared(name: str) -> bool:
    """Whether sub-domains of the name are given to anybody, directly (`co.uk`) or further down (`amazonaws.com`)."""
    suffixes, rules = _public_suffixes()
    return suffixes.is_public(name) or any(rule.endswith(f".{name}") for rule in rules)


@cache
def _public_suffixes() -> tuple[PublicSuffixList, list[str]]:
    """The list, as the package brings it, and its rules. Read when there is a wildcard to look at."""
    lines = Path(PSLFILE).read_text("utf-8").splitlines()
    return PublicSuffixList(), [line for line in lines if not line.startswith("//")]


def allows(allowed: AbstractSet[str], origin: str) -> bool:
    """Whether a page of `origin`, as the browser names it, is on one of the `allowed` sites."""
    if origin in allowed:
        return True
    scheme, _, host = origin.partition("://")
    while "." in host:
        host = host.partition(".")[2]
        if f"{scheme}://{_WILDCARD}{host}" in allowed:
            return True
    return False
