"""Where a client sends: address, key and event group, checked once."""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, urlsplit

from headgate_client._backoff import Surroundings
from headgate_client._batch import Envelope
from headgate_client._errors import InvalidOption
from headgate_client._flow import Route
from headgate_client._options import Options

_API_PATH = "/v1/"


class Endpoint:
    """An Events API, a key for it and an event group. Raises `InvalidOption`."""

    def __init__(self, url: str, key: str, event_group_id: str) -> None:
        self.url = _read_url(url)
        self.event_group_id = _read_group(event_group_id)
        self._headers = {
            "authorization": f"Bearer {_read_key(key)}",
            "content-type": "application/json",
            "accept": "application/json",
            "user-agent": "headgate-client/0.1",
        }

    def route(self, path: str, options: Options, surroundings: Surroundings) -> Route:
        """The way to one of its paths."""
        envelope = Envelope(self.event_group_id, options)
        return Route(self.url + path, self._headers, envelope, options, surroundings)

    def __str__(self) -> str:
        return f"{self.url!r}, event_group_id={self.event_group_id!r}"


def _read_url(url: str) -> str:
    try:
        parts = urlsplit(url.strip())
        has_port = parts.port is None or parts.port > 0
    except ValueError as why:
        raise InvalidOption(f"url is no address: {why}; give one such as https://events.example.com") from None
    if parts.scheme not in ("https", "http") or not parts.hostname or not has_port:
        raise InvalidOption(f"url is {url!r}; give one such as https://events.example.com")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise InvalidOption("url holds a user, a query or a fragment; give scheme, host and port only")
    if _API_PATH in f"{parts.path}/":
        raise InvalidOption(f"url ends in a path of the API ({parts.path}); leave that out, the client adds it")
    if parts.scheme == "http" and not _is_loopback(parts):
        raise InvalidOption("url is plain http, which would show key and events to the network; use https")
    return f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/")


def _is_loopback(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _read_key(key: str) -> str:
    key = key.strip()
    if not key:
        raise InvalidOption("key is empty; give the API key of the event group's account")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise InvalidOption("key holds characters that no API key has; was it copied whole, without 'Bearer '?")
    return key


def _read_group(event_group_id: str) -> str:
    if not event_group_id:
        raise InvalidOption("event_group_id is empty; give the id of the event group")
    return event_group_id
