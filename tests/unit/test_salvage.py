"""Cutting a batch into its events without reading them."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.testing import body_of, read_json, same_json
from headgate_contract.salvage import TOKEN_LIMIT, split_events
from strategies import json_values

some = settings(max_examples=300, deadline=None)
spaces = st.sampled_from(["", " ", "\n\t", " \r\n "])


@some
@given(st.lists(json_values, max_size=5), st.dictionaries(st.text("abc", max_size=3), json_values, max_size=3))
def test_good_bodies_are_cut_where_a_decoder_would(events: list[Any], around: dict[str, Any]) -> None:
    found = split_events(body_of(*events, **around))
    assert found is not None
    skeleton, cut = found
    assert same_json(read_json(body_of(**around)), read_json(skeleton))
    assert same_json(read_json(body_of(*events))["events"], [read_json(event) for event in cut])


@some
@given(st.lists(json_values, max_size=4), st.lists(spaces, min_size=8, max_size=8), st.booleans())
def test_white_space_and_the_order_of_fields_do_not_matter(events: list[Any], gaps: list[str], first: bool) -> None:
    a, b, c, d, e, f, g, h = gaps
    texts = [json.dumps(read_json(body_of(event))["events"][0], default=str) for event in events]
    listed = f'"events"{a}:{b}[{c}' + f"{d},{e}".join(texts) + f"{f}]"
    group = '"event_group_id":"g"'
    body = "{" + f"{g},{h}".join([listed, group] if first else [group, listed]) + "}"
    found = split_events(body.encode())
    assert found is not None
    assert [read_json(event) for event in found[1]] == [read_json(text) for text in texts]


@some
@given(
    st.lists(
        st.sampled_from(['"', "\\", "[", "]", "{", "}", ",", ":", "events", '"events":[', " ", "1", '{"events":[']),
        max_size=40,
    )
)
def test_no_text_makes_it_raise(pieces: list[str]) -> None:
    for body in ("".join(pieces), '{"events":[' + "".join(pieces), '{"events":[' + "".join(pieces) + "]}"):
        found = split_events(body.encode())
        if found is not None:
            assert all(found[1])


def test_brackets_and_quotes_inside_texts_are_text() -> None:
    events = [{"a": '}]},{"events":['}, {'"': "\\"}, {"[": ["]"]}]
    found = split_events(body_of(*events))
    assert found is not None
    assert [json.loads(event) for event in found[1]] == events


def test_a_list_called_events_further_in_is_not_taken_for_the_batch() -> None:
    assert split_events(b'{"data":{"events":[{}]}}') is None
    assert split_events(b'[{"events":[{}]}]') is None
    assert split_events(b'{"x":["events",[{}]]}') is None


def test_what_is_no_event_object_stands_between_the_commas() -> None:
    found = split_events(b'{"events":[NaN,{"a":1}, "x,y" ,[1,2],null,{"b":2}nonsense]}')
    assert found is not None
    assert found[1] == [b"NaN", b'{"a":1}', b'"x,y"', b"[1,2]", b"null", b'{"b":2}', b"nonsense"]


def test_a_body_of_too_many_pieces_is_not_worth_the_scan() -> None:
    assert split_events(b'{"events":[' + b"{}," * TOKEN_LIMIT + b"{}]}") is None
    assert split_events(b'{"events":[' + b"{}," * 1000 + b"{}]}") is not None
