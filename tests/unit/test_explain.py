"""The explaining path: its tables are the wire types', and every reason is told."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.testing import NOW, good_event
from headgate_contract import explain as explaining
from headgate_contract.event import Content, CustomData, Event, UserData
from headgate_contract.explain import CONTENTS_ERRORS, explain
from headgate_contract.vocabulary import USER_DATA_ALIASES
from strategies import json_values


def _errors(sent: Any) -> dict[str, str]:
    return explain(sent, now=NOW, identifiers="article").errors


def test_the_tables_name_the_fields_of_the_wire_types_and_the_aliases() -> None:
    def fields(struct: type[msgspec.Struct]) -> set[str]:
        return set(struct.__struct_fields__)

    assert set(explaining._FIELDS) == fields(Event)
    assert set(explaining._USER_DATA) == fields(UserData) | set(USER_DATA_ALIASES)
    assert set(explaining._CUSTOM_DATA) == fields(CustomData)
    assert set(explaining._CONTENT) == fields(Content)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(explaining._FIELDS)), json_values))
def test_each_field_is_judged_by_itself(changes: dict[str, Any]) -> None:
    """The errors of an event are those of its fields one at a time."""
    apart: dict[str, str] = {}
    for field, value in changes.items():
        apart |= _errors({**good_event(), field: value})
    assert _errors({**good_event(), **changes}) == apart


@settings(max_examples=200, deadline=None)
@given(json_values)
def test_what_is_explained_is_accepted_or_has_a_reason_in_words(sent: Any) -> None:
    assert all(path and reason for path, reason in _errors(sent).items())
    assert _errors(sent) or isinstance(sent, dict)


def test_the_sent_event_is_left_as_it_was() -> None:
    sent = good_event(user_data={"email": "jo@x.example", "AID": "x"}, extra={"a": ["jo@x.example"]})
    before = msgspec.json.encode(sent)
    explain(sent, now=NOW, identifiers="article")
    assert msgspec.json.encode(sent) == before


@pytest.mark.parametrize("wrong", [0, {}, {"id": 1, "quantity": "x", "price": "y"}])
def test_a_million_wrong_contents_have_no_million_reasons(wrong: Any) -> None:
    errors = _errors(good_event(custom_data={"contents": [wrong] * 1_000_000}))
    assert CONTENTS_ERRORS < len(errors) <= CONTENTS_ERRORS + 3
    assert "too many errors" in errors["custom_data.contents"]


def test_ninety_nine_wrong_contents_are_all_told() -> None:
    errors = _errors(good_event(custom_data={"contents": [0] * (CONTENTS_ERRORS - 1)}))
    assert len(errors) == CONTENTS_ERRORS - 1
    assert "custom_data.contents" not in errors
