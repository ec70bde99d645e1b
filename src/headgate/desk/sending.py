"""Sending one event to the edge for somebody who sits before the console, and telling exactly what went over the wire."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import httpx
from msgspec import Struct

PATHS = ("/v1/test_events", "/v1/events")
SECONDS = 10.0
LARGEST = 100_000
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Sent(Struct, frozen=True):
    """A request and its answer, or the reason why there is none."""

    #: why nothing was sent, or nothing came back; empty when something did
    problem: str = ""
    request: str = ""
    status: int = 0
    seconds: float = 0.0
    answer: str = ""


def send(edge_url: str, path: str, event_group_id: str, event: str, api_key: str) -> Sent:
    """Send one event, as JSON text, to a path of the edge. The key is used for this, shown as dots, and kept nowhere."""
    path = path if path in PATHS else PATHS[0]
    if not edge_url:
        return Sent("The public API does not run, or the console does not know where. Start it with headgate serve.")
    if not api_key or not api_key.isascii() or not api_key.isprintable():
        return Sent("Paste an API key of this account. It goes into this one request and is kept nowhere.")
    try:
        parsed = json.loads(event) if len(event) <= LARGEST else None
    except (ValueError, RecursionError) as error:
        return Sent(f"The event is not JSON: {error}"[:300])
    if not isinstance(parsed, dict):
        return Sent("The event has to be one JSON object, of 100 kB at most.")
    body = json.dumps({"event_group_id": event_group_id, "events": [parsed]}, indent=2, ensure_ascii=False)
    return _send(edge_url, path, _writable(body), api_key)


def _send(edge_url: str, path: str, body: str, api_key: str) -> Sent:
    told = (
        f"POST {path} HTTP/1.1\nHost: {urlsplit(edge_url).netloc}\nAuthorization: Bearer ••••{api_key[-4:]}\n"
        f"Content-Type: application/json\n\n{body}"
    )
    # on this very machine a certificate proves nothing more; elsewhere it has to hold
    verify = urlsplit(edge_url).hostname not in _LOOPBACK
    headers = {"Authorization": f"Bearer {api_key}", "Content-Type": "application/json"}
    try:
        with httpx.Client(verify=verify, timeout=SECONDS, trust_env=False) as client:
            answer = client.post(edge_url + path, content=body.encode(), headers=headers)
    except httpx.HTTPError as error:
        return Sent(f"No answer from {edge_url}: {error or type(error).__name__}.", told)
    return Sent("", told, answer.status_code, answer.elapsed.total_seconds(), _told(answer))


def _told(answer: httpx.Response) -> str:
    head = [f"HTTP/1.1 {answer.status_code} {answer.reason_phrase}"]
    head += [
        f"{name}: {answer.headers[name]}"
        for name in ("X-Request-Id", "Content-Type", "Retry-After")
        if name in answer.headers
    ]
    try:
        body = json.dumps(answer.json(), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        body = answer.text[:LARGEST]
    return _writable("\n".join(head) + "\n\n" + body)


def _writable(text: str) -> str:
    """The text without halves of characters, which JSON can name and no encoding can write."""
    return text.encode("utf-8", "replace").decode()
