"""The pixel's part of the OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

Schema = dict[str, Any]

#: of the refusals that any request may get, those that a page can
_REFUSALS = ("403", "405", "408", "413", "415", "429", "503")
_GROUP = {
    "name": "event_group_id",
    "in": "query",
    "required": True,
    "description": "The event group that the page sends to.",
    "schema": {"type": "string"},
}


class PixelSettings(Struct):
    """What the script of a page may do."""

    cookie: bool
    advanced_matching: bool


def pixel_paths(response: Callable[[str, str], Schema], refusals: dict[str, Schema]) -> dict[str, Schema]:
    """Path -> what it takes. `response` describes a JSON answer by its words and schema; `refusals` is status -> answer."""
    common = {
        "400": response("The request holds no batch of events.", "Answer"),
        **{status: refusals[status] for status in _REFUSALS},
        "431": response("The headers are too large.", "Problem"),
        "500": response("The server failed; nothing of the request was acknowledged.", "Problem"),
    }
    batch = {"schema": {"$ref": "#/components/schemas/EventBatch"}}
    return {
        "/v1/pixel": {
            "post": {
                "summary": "Send events from a page.",
                "operationId": "postPixelEvents",
                "description": "Let in by the page's `Origin`. The answer is empty whether or not the events were taken; "
                "those that were not are among the event group's rejections, each with its reasons.",
                "requestBody": {"required": True, "content": {"application/json": batch, "text/plain": batch}},
                "responses": {"204": _empty("The events were kept, or refused."), **common},
            }
        },
        "/v1/pixel/settings": {
            "get": {
                "summary": "What may the script of this page do?",
                "operationId": "getPixelSettings",
                "parameters": [_GROUP],
                "responses": {
                    "200": response("The page's site is among the event group's origins.", "PixelSettings"),
                    "204": _empty("There is nothing to say to this page."),
                    "400": common["400"],
                    "405": common["405"],
                },
            }
        },
        "/v1/pixel.gif": {
            "get": {
                "summary": "Send one event by loading an image.",
                "operationId": "getPixelImage",
                "description": "Other parameters are the event's fields, as in `event_name=PAGE_VIEW` and "
                "`custom_data.value=9.99`. Let in by the page's `Referer`.",
                "parameters": [_GROUP],
                "responses": {"200": _file("The event was kept, or refused.", "image/gif"), **common},
            }
        },
        "/pixel.js": {"get": _script(common["400"])},
    }


def _script(refused: Schema) -> Schema:
    return {
        "summary": "The pixel's script.",
        "operationId": "getPixelScript",
        "parameters": [
            {
                "name": "v",
                "in": "query",
                "description": "A version, which never changes; the newest without it.",
                "schema": {"type": "string"},
            }
        ],
        "responses": {
            "200": _file("The script.", "text/javascript"),
            "304": _empty("The script that the browser has is the one."),
            "400": refused,
        },
    }


def _empty(description: str) -> Schema:
    return {"description": description, "headers": {"X-Request-Id": {"schema": {"type": "string"}}}}


def _file(description: str, content_type: str) -> Schema:
    return {**_empty(description), "content": {content_type: {"schema": {"type": "string"}}}}
