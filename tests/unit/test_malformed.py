"""Text from hell: refused or failed with a reason, never an exception, and no neighbour pays for it."""

from __future__ import annotations

import time

import pytest

from headgate.testing import NOW, body_of, good_event, read_json
from headgate_contract.answer import answer
from headgate_contract.errors import NotABatch
from headgate_contract.validate import Batch, Rules, read_batch
from malformed import BODIES, EVENTS, GOOD, ODD_EVENTS, Malformed, around

#: processor seconds for a body of `SIZE` bytes on a slow machine; what is quadratic takes minutes
PATIENCE = 5.0
#: a quarter of the limit: enough to tell a scan that is quadratic, at a quarter of the time
SIZE = 2 * 1024 * 1024


def _read(body: bytes) -> Batch:
    return read_batch(body, now=NOW, rules_of=lambda _: Rules())


def _answered(batch: Batch) -> list[dict[str, object]]:
    """The failed events of an answer that any JSON parser reads."""
    _, body = answer(batch.received, [failed.answer for failed in batch.failed])
    found = read_json(body)
    assert found["events_received"] == batch.received == batch.accepted + len(found["failed_events"])
    failed: list[dict[str, object]] = found["failed_events"]
    return failed


@pytest.mark.parametrize("case", BODIES, ids=lambda case: case.name)
def test_a_body_that_is_no_batch_is_refused_with_a_reason(case: Malformed) -> None:
    with pytest.raises(NotABatch) as why:
        _read(case.text)
    assert 10 < len(str(why.value)) < 300


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("case", EVENTS, ids=lambda case: case.name)
def test_an_event_that_is_no_json_fails_alone(case: Malformed, place: int) -> None:
    batch = _read(around(case.text, place))
    assert (batch.received, batch.accepted) == (3, 2)
    assert [failed.rejection.index for failed in batch.failed] == [place]
    assert _answered(batch)[0]["errors"]
    alone = _read(GOOD)
    assert batch.lines == alone.lines + b"\n" + alone.lines


@pytest.mark.parametrize("case", ODD_EVENTS, ids=lambda case: case.name)
def test_an_odd_event_stands_or_falls_by_its_own_merits(case: Malformed) -> None:
    batch = _read(around(case.text, 1))
    assert len(_answered(batch)) == 3 - batch.accepted <= 1
    lines = batch.lines.split(b"\n")
    alone = _read(GOOD).lines
    assert lines[0] == lines[-1] == alone
    assert all(read_json(line)["event_name"] for line in lines)


def test_every_byte_of_a_body_may_be_any_other() -> None:
    """A body with one byte replaced is refused, or read with nothing lost between received and answered."""
    for place in range(len(GOOD)):
        for byte in (b"\x00", b'"', b"\\", b"[", b"}", b"\xff", b"9"):
            body = GOOD[:place] + byte + GOOD[place + 1 :]
            try:
                batch = _read(body)
            except NotABatch:
                continue
            _answered(batch)


def test_the_last_of_two_lists_of_events_counts_where_both_read() -> None:
    body = GOOD[:-1] + b',"events":[{},{}]}'
    assert (_read(body).received, _read(body).accepted) == (2, 0)


def test_two_lists_of_events_are_refused_where_one_does_not_read() -> None:
    for body in (GOOD[:-1] + b',"events":[\xff]}', GOOD.replace(b'"events":[', b'"events":[NaN],"events":[')):
        with pytest.raises(NotABatch):
            _read(body)


def _filled(before: bytes, unit: bytes, after: bytes) -> bytes:
    return before + unit * ((SIZE - len(before) - len(after)) // len(unit)) + after


_HEAD = b'{"event_group_id":"g","events":['
_EVENT = _HEAD + b'{"event_name":"LEAD","event_type":"conversion","event_time":1,"user_data":{"aGA":"x"},'
_FAILED = _EVENT + b'"opt_out":"x",'
#: what a pattern, a scan or a loop could trip over: before, what fills it up to 8 MiB, after
WORST = {
    "letters and an at sign": (_EVENT + b'"event_id":"', b"a", b' @"}]}'),
    "letters, at signs": (_EVENT + b'"event_source":"', b"a@", b'"}]}'),
    "addresses": (_EVENT + b'"event_id":"', b"a@b.c ", b'"}]}'),
    "a domain that never ends": (_EVENT + b'"event_source":"a@', b"b", b'"}]}'),
    "domains without an end": (_EVENT + b'"event_source":"', b"a@b-", b'"}]}'),
    "encoded per cent signs": (_EVENT + b'"event_source":"@%', b"25", b'"}]}'),
    "digits and brackets": (_FAILED + b'"event_source":"', b"(1-", b'"}]}'),
    "digits before a letter": (_FAILED + b'"event_source":"', b"1 ", b'x"}]}'),
    "an unknown number that is none": (_EVENT + b'"x":"', b"1-", b'x"}]}'),
    "parameters": (_EVENT + b'"referrer_url":"?', b"&mail=1", b'"}]}'),
    "parameters without values": (_EVENT + b'"referrer_url":"mail=?', b"&mail", b'"}]}'),
    "a phone number": (_EVENT + b'"user_data":{"aGA":"x","ph":"', b"1-", b'"}}]}'),
    "a phone number in other digits": (_EVENT + b'"user_data":{"aGA":"x","ph":"', "\u0661".encode(), b'"}}]}'),
    "aliases of an address": (_EVENT + b'"user_data":{"em":"', b"a+", b'@b.c"}}]}'),
    "unknown lists": (_EVENT + b'"x":[', b"[],", b"1]}]}"),
    "unknown personal numbers": (_EVENT + b'"mail":[', b"1,", b"1]}]}"),
    "unknown numbers that look like phones": (_EVENT + b'"x":[', b'"12345678",', b"1]}]}"),
    "contents that are none": (_EVENT + b'"custom_data":{"contents":[', b"0,", b"0]}}]}"),
    "an amount of many digits": (_EVENT + b'"custom_data":{"value":"', b"1", b'"}}]}'),
    "numbers of many digits": (_EVENT + b'"x":[', b"1" * 4000 + b",", b"1]}]}"),
    "events that are none": (_HEAD, b"0,", b"0]}"),
    "events that are no JSON": (_HEAD, b"NaN,", b"0]}"),
    "escaped quotes that never end": (_HEAD, b'\\"', b""),
    "quotes": (_HEAD, b'"', b""),
    "brackets": (_HEAD, b"[{", b""),
    "brackets that close": (_HEAD + b"[" * (SIZE // 2), b"]", b"]}"),
    "a text that never ends": (_HEAD + b'"', b"a", b"\xff"),
    "a name of an event": (_HEAD + b'{"event_name":"', b"1-(", b'"}]}'),
}


@pytest.mark.parametrize("name", WORST)
def test_no_body_takes_longer_than_its_length_explains(name: str) -> None:
    body = _filled(*WORST[name])
    assert len(body) <= SIZE + 8
    began = time.process_time()
    try:
        batch = _read(body)
        kept = len(batch.lines) + sum(len(failed.answer) for failed in batch.failed)
    except NotABatch:
        kept = 0
    assert time.process_time() - began < PATIENCE
    assert kept < 8 * SIZE


def test_a_full_batch_of_bad_events_takes_no_longer_than_it_should() -> None:
    """The explaining path costs many times the typed one, and no more than that."""
    bad = good_event(event_type="x", custom_data={f"x{i}": i for i in range(300)})
    began = time.process_time()
    assert len(_read(body_of(*[bad] * 1000)).failed) == 1000
    assert time.process_time() - began < PATIENCE
