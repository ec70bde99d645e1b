"""The OpenAPI document against the code: what it names, what it promises, and a real server held to it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any, NamedTuple

import jsonschema_rs
import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from edge_site import GROUP, NOW, EdgeSite, batch, event
from headgate.edge.openapi import document
from headgate.edge.problems import STATUS
from headgate_contract import simulate
from headgate_contract.event import Content, CustomData, Event, EventBatch, UserData
from headgate_contract.vocabulary import BODY_LIMIT, EVENT_NAMES, USER_DATA_ALIASES

DOCUMENT = msgspec.json.decode(document(BODY_LIMIT))
SCHEMAS = DOCUMENT["components"]["schemas"]
CHECKS: Any = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
OPERATIONS = [found.ok() for found in schemathesis.openapi.from_dict(DOCUMENT).get_all_operations()]


class Served(NamedTuple):
    url: str
    headers: dict[str, str]


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """A server on loopback, in a thread of its own: the client that checks it is no asyncio program."""
    site = EdgeSite()
    up, over = threading.Event(), threading.Event()
    ports: list[int] = []

    async def serve() -> None:
        async with site.served() as (_, port):
            ports.append(port)
            up.set()
            await asyncio.to_thread(over.wait)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        assert up.wait(10)
        yield Served(f"http://127.0.0.1:{ports[0]}", site.headers())
    finally:
        over.set()
        thread.join()


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda mode: mode.value)
@pytest.mark.parametrize("operation", [o for o in OPERATIONS if o.method == "post"], ids=lambda o: o.label)
def test_the_server_answers_events_as_the_document_says(operation: Any, mode: GenerationMode, served: Served) -> None:
    statuses = set()

    @settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(operation.as_strategy(mode), st.booleans())
    def ask(case: Case, known: bool) -> None:
        if known:
            _make_likely(case.body)
        headers = {**{name: str(value) for name, value in (case.headers or {}).items()}, **served.headers}
        answer = case.call(base_url=served.url, headers=headers)
        statuses.add(answer.status_code)
        case.validate_response(answer, checks=CHECKS)

    ask()
    # a page is told only that its body is no batch
    assert 400 in statuses or (operation.path == "/v1/pixel" and mode is GenerationMode.POSITIVE)
    assert mode is GenerationMode.NEGATIVE or statuses & {200, 204, 210}


def _make_likely(body: Any) -> None:
    """Put in what no schema can say: the group's name, a time that has passed, an identifier that is there."""
    if isinstance(body, dict) and "event_group_id" in body:
        body["event_group_id"] = GROUP
        for sent in body["events"] if isinstance(body.get("events"), list) else ():
            if isinstance(sent, dict):
                sent |= {"event_time": NOW, "user_data": {"aGA": "a"}}


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if o.method == "get"], ids=lambda o: o.label)
def test_the_server_answers_questions_as_the_document_says(operation: Any, served: Served) -> None:
    case = operation.Case()
    case.validate_response(case.call(base_url=served.url), checks=CHECKS)


async def test_it_is_served_and_says_where_events_go() -> None:
    answer = await EdgeSite().request("GET", "/openapi.json")
    assert answer.json == DOCUMENT
    assert answer.json["openapi"].startswith("3.1")


def test_it_has_the_paths_of_the_application_and_no_other() -> None:
    assert set(DOCUMENT["paths"]) == set(EdgeSite().app._routes)


@pytest.mark.parametrize("kind", [EventBatch, Event, UserData, CustomData, Content])
def test_it_has_the_fields_of_the_wire_types_and_no_other(kind: Any) -> None:
    aliases = set(USER_DATA_ALIASES) if kind is UserData else set()
    schema = SCHEMAS[kind.__name__]
    assert set(schema["properties"]) == set(kind.__struct_fields__) | aliases
    assert "additionalProperties" not in schema


def test_it_lists_every_event_name_and_every_status() -> None:
    assert set(SCHEMAS["Event"]["properties"]["event_name"]["enum"]) == set(EVENT_NAMES)
    of_tests = {"502", "504"}
    for path, more in (("/v1/events", set[str]()), ("/v1/test_events", of_tests)):
        statuses = set(DOCUMENT["paths"][path]["post"]["responses"])
        assert statuses == {"200", "210", "431", "500", *(str(int(status)) for status in STATUS.values())} | more


def test_faults_may_be_asked_for_with_test_events_only() -> None:
    headers = {
        path: {parameter["name"]: parameter for parameter in operation["parameters"]}
        for path, operations in DOCUMENT["paths"].items()
        for operation in operations.values()
        if "parameters" in operation
    }
    asked = headers["/v1/test_events"].pop(simulate.HEADER)
    assert not any(simulate.HEADER in names for names in headers.values())
    for text in simulate.EXAMPLES:
        assert f"`{text}`" in asked["description"]
        assert simulate.read_fault(text)


@pytest.mark.parametrize(
    "written",
    [
        {"event_time": "1699999940"},
        {"opt_out": "TRUE"},
        {"opt_out": False},
        {"custom_data": {}},
        {"custom_data": None},
        {"custom_data": {"value": "9.99", "num_items": "3", "predicted_ltv": 5, "surprise": [1]}},
        {"custom_data": {"contents": [{"id": 7, "quantity": "1", "price": "2.50"}], "content_ids": ["a", 1]}},
        {"user_data": {"email": "jane@example.com", "is_hashed": False}},
        {"user_data": {"AID": "a", "ge": "female", "db": "1990-02-28", "is_hashed": "false"}},
        {"surprise": {"nested": True}},
        {"partner_name": None, "event_id": None},
    ],
    ids=str,
)
async def test_what_the_lenient_reader_takes_the_document_allows(written: dict[str, Any]) -> None:
    body = batch(event(**{"event_id": "x", **written}))
    answer = await EdgeSite().post(body)
    assert answer.status == 200, answer.json
    schema = {"$ref": "#/components/schemas/EventBatch", "components": DOCUMENT["components"]}
    jsonschema_rs.validator_for(schema).validate(body)
