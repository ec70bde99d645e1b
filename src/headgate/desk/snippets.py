"""Requests to copy: an event to this very group, by curl, Python and Node."""

from __future__ import annotations

import json
import shlex
from typing import Any

from msgspec import Struct

KEY = "$HEADGATE_KEY"
#: in the place of the public API's address, where the console does not know it
NO_EDGE = "https://events.example.com"


class Snippet(Struct, frozen=True):
    """A piece of code and how it is called."""

    id: str
    title: str
    #: what to do with it
    hint: str
    text: str


def sample_event(now: int) -> dict[str, Any]:
    """An event that every group takes; `now` in seconds since 1970."""
    return {
        "event_id": f"order-{now}",
        "event_name": "PURCHASE",
        "event_type": "conversion",
        "event_time": now,
        "event_source": "website",
        "event_source_url": "https://shop.example/thanks",
        "user_data": {"is_hashed": False, "em": "ada@example.com"},
        "custom_data": {"value": 49.9, "currency": "USD", "order_id": f"order-{now}"},
        "opt_out": "false",
    }


def snippets(edge_url: str, event_group_id: str, now: int) -> list[Snippet]:
    """The snippets for a group. A key is shown once only, when it is made, so they read it from the environment."""
    body = {"event_group_id": event_group_id, "events": [sample_event(now)]}
    return [
        Snippet("curl", "curl", f"Set {KEY[1:]} in your shell first.", _curl(edge_url, body)),
        Snippet("python", "Python", "Needs nothing but Python.", _python(edge_url, event_group_id)),
        Snippet("node", "Node", "Node 18 or newer, as a module.", _node(edge_url, event_group_id)),
    ]


def _curl(edge_url: str, body: dict[str, Any]) -> str:
    return (
        f"curl -X POST {shlex.quote(edge_url + '/v1/events')} \\\n"
        f'  -H "Authorization: Bearer {KEY}" \\\n'
        "  -H 'Content-Type: application/json' \\\n"
        f"  -d {shlex.quote(json.dumps(body, indent=2))}"
    )


def _python(edge_url: str, event_group_id: str) -> str:
    return f"""import hashlib, json, os, time, urllib.request

def digest(text):
    return hashlib.sha256(text.strip().lower().encode()).hexdigest()

event = {{
    "event_id": "order-1001",  # the same one from page and server
    "event_name": "PURCHASE",
    "event_type": "conversion",
    "event_time": int(time.time()),
    "event_source": "website",
    "user_data": {{"is_hashed": True, "em": digest("ada@example.com")}},
    "custom_data": {{"value": 49.9, "currency": "USD", "order_id": "order-1001"}},
}}
request = urllib.request.Request(
    {json.dumps(edge_url + "/v1/events")},
    json.dumps({{"event_group_id": {json.dumps(event_group_id)}, "events": [event]}}).encode(),
    {{"Authorization": "Bearer " + os.environ["HEADGATE_KEY"], "Content-Type": "application/json"}},
)
print(urllib.request.urlopen(request).read().decode())"""


def _node(edge_url: str, event_group_id: str) -> str:
    return f"""import {{ createHash }} from "node:crypto";

const digest = (text) => createHash("sha256").update(text.trim().toLowerCase()).digest("hex");

const event = {{
  event_id: "order-1001", // the same one from page and server
  event_name: "PURCHASE",
  event_type: "conversion",
  event_time: Math.floor(Date.now() / 1000),
  event_source: "website",
  user_data: {{ is_hashed: true, em: digest("ada@example.com") }},
  custom_data: {{ value: 49.9, currency: "USD", order_id: "order-1001" }},
}};
const answer = await fetch({json.dumps(edge_url + "/v1/events")}, {{
  method: "POST",
  headers: {{ Authorization: `Bearer ${{process.env.HEADGATE_KEY}}`, "Content-Type": "application/json" }},
  body: JSON.stringify({{ event_group_id: {json.dumps(event_group_id)}, events: [event] }}),
}});
console.log(answer.status, await answer.text());"""
