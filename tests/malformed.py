"""Bodies and events that are no JSON, or only just: for the tests of the model and, over HTTP, of the edge.

Plain data: no test framework. `BODIES` are whole requests; `EVENTS` stand as one event among good ones.
"""

from __future__ import annotations

from typing import NamedTuple

from headgate.testing import GROUP, body_of, good_event

DEPTH = 100_000
LONG = 10_000_000
GOOD = body_of(good_event("only", user_data={"aGA": "x"}, custom_data=None))


class Malformed(NamedTuple):
    """One piece of text from hell."""

    name: str
    text: bytes


def _event(field: bytes, value: bytes) -> bytes:
    """A good event but for one more field."""
    return b'{"event_name":"LEAD","event_type":"conversion","event_time":1,"user_data":{"aGA":"x"},%s:%s}' % (
        field,
        value,
    )


def _nested(opening: bytes, closing: bytes) -> bytes:
    return opening * DEPTH + b"1" + closing * DEPTH


#: no JSON as one event of a batch: it fails, and only it
EVENTS = [
    Malformed("bad UTF-8 in a text", _event(b'"event_id"', b'"\xff\xfe"')),
    Malformed("UTF-8 cut in the middle of a character", _event(b'"event_id"', b'"\xe2\x82"')),
    Malformed("an overlong UTF-8 form", _event(b'"event_id"', b'"\xc0\xaf"')),
    Malformed("a surrogate in UTF-8", _event(b'"event_id"', b'"\xed\xa0\x80"')),
    Malformed("bad UTF-8 in a name", _event(b'"\xff"', b"1")),
    Malformed("bad UTF-8 in an unknown field", _event(b'"x"', b'["\x80"]')),
    Malformed("a lone high surrogate", _event(b'"event_id"', b'"\\ud800"')),
    Malformed("a lone low surrogate", _event(b'"event_id"', b'"\\udc00"')),
    Malformed("surrogates the wrong way round", _event(b'"event_id"', b'"\\udc00\\ud800"')),
    Malformed("a lone surrogate in a name", _event(b'"\\ud800x"', b"1")),
    Malformed("a lone surrogate in an unknown field", _event(b'"x"', b'"\\ud800 and more"')),
    Malformed("an unknown escape", _event(b'"event_id"', b'"\\x41"')),
    Malformed("an escape of too few digits", _event(b'"event_id"', b'"\\u12"')),
    Malformed("a NUL byte in a text", _event(b'"event_id"', b'"a\x00b"')),
    Malformed("a line end in a text", _event(b'"event_id"', b'"a\nb"')),
    Malformed("NaN", _event(b'"x"', b"NaN")),
    Malformed("Infinity", _event(b'"x"', b"Infinity")),
    Malformed("minus Infinity", _event(b'"x"', b"-Infinity")),
    Malformed("a hexadecimal number", _event(b'"x"', b"0x10")),
    Malformed("a number with leading zeros", _event(b'"event_time"', b"01")),
    Malformed("a number that ends in a point", _event(b'"x"', b"1.")),
    Malformed("a number of nothing but a sign", _event(b'"x"', b"-")),
    Malformed("a capital True", _event(b'"x"', b"True")),
    Malformed("an integer of 5000 digits", _event(b'"x"', b"1" * 5000)),
    Malformed("an event time of 100000 digits", _event(b'"event_time"', b"1" * 100_000)),
    Malformed("lists 100000 deep", _nested(b"[", b"]")),
    Malformed("objects 100000 deep", _nested(b'{"a":', b"}")),
    Malformed("lists and objects 100000 deep", _nested(b'[{"a":', b"}]")),
    Malformed("an unknown field 100000 deep", _event(b'"x"', _nested(b"[", b"]"))),
    Malformed("user_data 100000 deep", _event(b'"user_data"', _nested(b'{"em":', b"}"))),
    Malformed("an unknown field 990 deep", _event(b'"x"', b"[" * 990 + b"]" * 990)),
    Malformed("a comma too many", b'{"event_name":"LEAD",}'),
    Malformed("a missing colon", b'{"event_name" "LEAD"}'),
    Malformed("a name without quotes", b'{event_name:"LEAD"}'),
    Malformed("a bracket of the wrong kind inside", b'{"a":[1}]'),
    Malformed("a comment", b'{"event_name":"LEAD"/* x */}'),
    Malformed("a bare word", b"undefined"),
    Malformed("a NUL byte", b"\x00"),
]
#: JSON, and yet worth a second look: accepted or failed by its own merits, without harm to others
ODD_EVENTS = [
    Malformed("a field twice", _event(b'"event_name"', b'"PURCHASE"')),
    Malformed("a field a thousand times", b"{" + b",".join([b'"event_id":"a"'] * 1000) + b"}"),
    Malformed("user_data twice", _event(b'"user_data"', b"{}")),
    Malformed("an integer of 300 digits", _event(b'"x"', b"9" * 300)),
    Malformed("an event time of 300 digits", _event(b'"event_time"', b"9" * 300)),
    Malformed("a number beyond every double", _event(b'"x"', b"1e400")),
    Malformed("a number beyond every decimal", _event(b'"x"', b"-1e99999999999999999999")),
    Malformed("a time beyond every decimal", _event(b'"event_time"', b"1e99999999999999999999")),
    Malformed("a value beyond every decimal", _event(b'"custom_data"', b'{"value":1e99999999999999999999}')),
    Malformed("a value with a large exponent", _event(b'"custom_data"', b'{"value":1e9999999}')),
    Malformed("a value as text with a large exponent", _event(b'"custom_data"', b'{"value":"1e9999999"}')),
    Malformed("a quantity beyond every decimal", _event(b'"custom_data"', b'{"num_items":-1e99999999999999999999}')),
    Malformed("a value of a million digits", _event(b'"custom_data"', b'{"value":0.%s}' % (b"1" * 1_000_000))),
    Malformed("a value of minus zero", _event(b'"custom_data"', b'{"value":-0.0}')),
    Malformed("an escaped NUL in a text", _event(b'"event_id"', b'"a\\u0000b"')),
    Malformed("a pair of surrogates", _event(b'"event_id"', b'"\\ud83d\\ude00"')),
    Malformed("a text of 10 MB", _event(b'"event_id"', b'"%s"' % (b"a" * LONG))),
    Malformed("an unknown text of 10 MB", _event(b'"x"', b'"%s"' % (b"a@" * (LONG // 2)))),
    Malformed("a name of 10 MB", _event(b'"%s"' % (b"a" * LONG), b"1")),
    Malformed("a text of escaped quotes", _event(b'"x"', b'"%s"' % (b'\\"' * 100_000))),
    Malformed("an unknown field 200 deep", _event(b'"x"', b"[" * 200 + b"]" * 200)),
    Malformed("brackets in a text", _event(b'"event_id"', b'"}]},[{\\"events\\":["')),
    Malformed("an empty object", b"{}"),
    Malformed("an empty list", b"[]"),
    Malformed("a list of events", b"[{},{}]"),
    Malformed("null", b"null"),
    Malformed("a number", b"-1.5e3"),
    Malformed("a text", b'"x"'),
]


def _batch(*events: bytes, tail: bytes = b"") -> bytes:
    return b'{"event_group_id":"%s","events":[%s]%s}' % (GROUP.encode(), b",".join(events), tail)


#: no batch: refused whole
BODIES = [
    Malformed("nothing", b""),
    Malformed("white space", b" \r\n\t"),
    Malformed("a NUL byte", b"\x00"),
    Malformed("a byte order mark before the body", b"\xef\xbb\xbf" + GOOD),
    Malformed("UTF-16", GOOD.decode().encode("utf-16")),
    Malformed("bad UTF-8", b"\xff\xfe\xfd"),
    Malformed("bad UTF-8 in the group", GOOD.replace(GROUP.encode(), b"\xff")),
    Malformed("bad UTF-8 in a name", b'{"\xff":1,' + GOOD[1:]),
    Malformed("a lone surrogate in the group", GOOD.replace(GROUP.encode(), b"\\ud800")),
    Malformed("a lone surrogate around the events", _batch(b"{}", tail=b',"x":"\\ud800"')),
    Malformed("NaN around the events", _batch(b"{}", tail=b',"x":NaN')),
    Malformed("lists 100000 deep", _nested(b"[", b"]")),
    Malformed("objects 100000 deep", _nested(b'{"events":', b"}")),
    Malformed("lists and objects 100000 deep", _nested(b'[{"events":', b"}]")),
    Malformed("nested 100000 deep around the events", _batch(b"{}", tail=b',"x":' + _nested(b"[", b"]"))),
    Malformed("nested 990 deep around the events", _batch(b"{}", tail=b',"x":' + b"[" * 990 + b"]" * 990)),
    Malformed("100000 brackets that never close", b'{"event_group_id":"g","events":' + b"[" * DEPTH),
    Malformed("100000 brackets that never opened", b"]" * DEPTH),
    Malformed("text behind the body", GOOD + b"x"),
    Malformed("a second body behind the body", GOOD + GOOD),
    Malformed("a NUL byte behind the body", GOOD + b"\x00"),
    Malformed("a list", b"[" + GOOD + b"]"),
    Malformed("a text", b'"events"'),
    Malformed("a number", b"1"),
    Malformed("a number of 5000 digits", b"1" * 5000),
    Malformed("null", b"null"),
    Malformed("NaN", b"NaN"),
    Malformed("a text of 10 MB", b'"%s"' % (b"a" * LONG)),
    Malformed("a text of 10 MB that never ends", b'{"event_group_id":"%s' % (b"a" * LONG)),
    Malformed("escaped quotes that never end", b'{"events":["' + b'\\"' * 1_000_000),
    Malformed("a backslash at the end", b'{"events":["\\'),
    Malformed("events twice, the last no list", GOOD[:-1] + b',"events":1}'),
    Malformed("a group of nothing", GOOD.replace(GROUP.encode(), b"")),
    Malformed("XML", b"<events/>"),
    *(Malformed(f"a body cut after {end} bytes", GOOD[:end]) for end in range(len(GOOD))),
]


def around(event: bytes, place: int, neighbours: int = 2) -> bytes:
    """A batch of good events with this one among them, at a place from 0 to `neighbours`."""
    events = [GOOD[GOOD.index(b"[") + 1 : -2]] * neighbours
    events.insert(place, event)
    return _batch(*events)
