"""The OpenAPI 3.1 document of the public API, made from the wire types so that it cannot drift from them.

The wire types are the normal form. Senders may write more than that (numbers as strings, raw values, other spellings,
unknown fields), so the schemas made from them are widened here to what `model/explain.py` reads.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version
from typing import Any

import msgspec
from msgspec import Struct

from headgate.edge.openapi_pixel import PixelSettings, pixel_paths
from headgate.edge.problems import STATUS
from headgate.errors import RequestError
from headgate_contract import simulate
from headgate_contract.event import EventBatch
from headgate_contract.vocabulary import COUNT_LIMIT, EVENTS_PER_REQUEST, HASHED_FIELDS, MONEY_LIMIT, USER_DATA_ALIASES

Schema = dict[str, Any]

_REF = "#/components/schemas/{name}"
_SIGNED_TEXT = r"^-?[0-9]{1,15}(\.[0-9]{1,6})?$"
_COUNT_TEXT = r"^[0-9]{1,9}$"
_NULL = {"type": "null"}
_JSON = "application/json"


class Answer(Struct):
    """What became of a batch."""

    code: int
    description: str
    events_received: int
    failed_events: list[dict[str, Any]]


class Problem(Struct):
    """Why a request was refused whole, or how the server is."""

    code: int
    description: str


def document(body_limit: int) -> bytes:
    """The document as JSON text. `body_limit`: bytes that a body may have, after unpacking."""
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {
                "title": "Headgate Events API",
                "version": version("headgate"),
                "description": "Send conversion events from your servers. An answer is given once they are on disk.",
                "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            },
            "paths": _paths(body_limit),
            "components": {
                "schemas": _schemas(),
                "securitySchemes": {"apiKey": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
            },
        }
    )


def _paths(body_limit: int) -> Schema:
    well = _response("Yes.", "Problem")
    return {
        "/v1/events": {"post": _post("Send conversion events.", "postEvents", body_limit)},
        "/v1/test_events": {
            "post": _with_faults(
                _post("Try a request: the same answer, and nothing of it is counted.", "postTestEvents", body_limit)
            )
        },
        **pixel_paths(_response, _refusals()),
        "/healthz": {"get": _get("Is the server alive?", "getHealth", {"200": well})},
        "/readyz": {
            "get": _get(
                "Would an event sent now be made durable?",
                "getReadiness",
                {"200": well, "503": _response("No; the description says why.", "Problem")},
            )
        },
        "/openapi.json": {
            "get": _get(
                "This document.",
                "getDocument",
                {"200": {"description": "OpenAPI 3.1", "content": {_JSON: {"schema": {"type": "object"}}}}},
            )
        },
    }


def _get(summary: str, name: str, responses: Schema) -> Schema:
    return {"summary": summary, "operationId": name, "responses": responses}


def _post(summary: str, name: str, body_limit: int) -> Schema:
    return {
        "summary": summary,
        "operationId": name,
        "security": [{"apiKey": []}],
        "parameters": [
            {
                "name": "Content-Encoding",
                "in": "header",
                "description": "How the body is packed, if it is.",
                "schema": {"enum": ["identity", "gzip", "zstd"]},
            }
        ],
        "requestBody": {
            "required": True,
            "description": f"Up to {body_limit} bytes, after unpacking.",
            "content": {_JSON: {"schema": {"$ref": _REF.format(name="EventBatch")}}},
        },
        "responses": {
            "200": _response("Every event was accepted.", "Answer"),
            "210": _response("Some events were accepted; `failed_events` holds the others.", "Answer"),
            "400": _response("No event was accepted, or the body is no batch of events.", "Answer"),
            **_refusals(),
            "431": _response("The headers are too large.", "Problem"),
            "500": _response("The server failed; nothing of the request was acknowledged.", "Problem"),
        },
    }


def _with_faults(post: Schema) -> Schema:
    """A request that may ask for a fault, and what it may then be answered beside what it would be without."""
    # described, not listed as examples: who tries examples does not want these
    shown = "; ".join(f"`{text}`: {does}" for text, does in simulate.EXAMPLES.items())
    asked = {
        "name": simulate.HEADER,
        "in": "header",
        "description": f"A fault to try retries with. {shown}. `;slow=SECONDS` and `;times=N` may follow. "
        f"Statuses to ask for: {', '.join(map(str, simulate.STATUSES))}.",
        "schema": {"type": "string"},
    }
    faults = {
        str(status): _response("Only where the request asked for this fault.", "Problem")
        for status in simulate.STATUSES
        if str(status) not in post["responses"]
    }
    return post | {"parameters": [*post["parameters"], asked], "responses": post["responses"] | faults}


def _refusals() -> dict[str, Schema]:
    """The statuses of the error tree but 400, each with the words of the classes that have it."""
    kinds: dict[int, list[type[RequestError]]] = {}
    for kind, status in STATUS.items():
        kinds.setdefault(int(status), []).append(kind)
    return {
        str(status): _response(" ".join((kind.__doc__ or "").strip() for kind in kinds[status]), "Problem")
        for status in sorted(kinds)
        if status != 400  # noqa: PLR2004 - described above, with its own shape
    }


def _response(description: str, schema: str) -> Schema:
    return {
        "description": description,
        "headers": {"X-Request-Id": {"schema": {"type": "string"}}},
        "content": {_JSON: {"schema": {"$ref": _REF.format(name=schema)}}},
    }


def _schemas() -> dict[str, Schema]:
    _, schemas = msgspec.json.schema_components([EventBatch, Answer, Problem, PixelSettings], ref_template=_REF)
    for schema in schemas.values():
        # unknown fields are taken and kept
        schema.pop("additionalProperties", None)
    batch, event = schemas["EventBatch"]["properties"], schemas["Event"]["properties"]
    user, custom, content = (schemas[name]["properties"] for name in ("UserData", "CustomData", "Content"))
    batch["events"] |= {"minItems": 1, "maxItems": EVENTS_PER_REQUEST}
    event["event_time"] = {
        "anyOf": [event["event_time"], {"type": "string", "pattern": "^[0-9]{1,11}$"}],
        "description": "Seconds since 1970, UTC.",
    }
    event["opt_out"] = {
        "anyOf": [{"type": "boolean"}, {"type": "string", "pattern": "^([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])$"}],
        "description": "Whether limited data use applies.",
    }
    user["is_hashed"] = {
        "anyOf": [{"type": "boolean"}, {"enum": ["true", "false"]}, _NULL],
        "description": "Whether em, ph, fn, ln, ge and db are digests; without it, 64 hexadecimal digits are taken for one.",
    }
    for field in HASHED_FIELDS:
        user[field] = {"type": ["string", "null"], "description": "SHA-256 in hexadecimal digits, or the raw value."}
    for alias, field in USER_DATA_ALIASES.items():
        user[alias] = {"type": ["string", "null"], "description": f"Read as `{field}`."}
    _widen(custom, ("value", "predicted_ltv"), -int(MONEY_LIMIT), int(MONEY_LIMIT))
    _widen(custom, ("num_items",), 0, int(COUNT_LIMIT), kind="integer")
    _widen(content, ("price",), -int(MONEY_LIMIT), int(MONEY_LIMIT))
    _widen(content, ("quantity",), 0, int(COUNT_LIMIT))
    return schemas


def _widen(properties: Schema, fields: Iterable[str], least: int, most: int, *, kind: str = "number") -> None:
    """Numbers: as such or as text. Those that may be missing may be null as well."""
    for field in fields:
        number = {"type": kind, "minimum": least, "maximum": most}
        absent = [_NULL] if "default" in properties[field] else []
        text = {"type": "string", "pattern": _SIGNED_TEXT if least < 0 else _COUNT_TEXT}
        properties[field] = {"anyOf": [number, text, *absent]}
