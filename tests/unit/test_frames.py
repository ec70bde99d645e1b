from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.errors import LogCorrupt
from headgate.log import frames
from headgate_contract.event import Receipt, Rejection

rejections = st.builds(
    Rejection,
    index=st.integers(0, 999),
    errors=st.dictionaries(st.text(max_size=20), st.text(max_size=20), max_size=3),
    event=st.text(max_size=50),
    event_id=st.text(max_size=20),
)
receipts = st.builds(
    Receipt,
    request_id=st.text(max_size=32),
    received_at=st.integers(0, 2**63 - 1),
    event_group_id=st.text(max_size=20),
    account_id=st.text(max_size=20),
    key_id=st.text(max_size=20),
    source=st.sampled_from(["api", "pixel"]),
    test=st.booleans(),
    received=st.integers(0, 1000),
    accepted=st.integers(0, 1000),
    events=st.binary(max_size=2000),
    rejections=st.lists(rejections, max_size=3),
)


def receipt(events: bytes) -> Receipt:
    return Receipt(
        request_id="r",
        received_at=1,
        event_group_id="g",
        account_id="a",
        key_id="k",
        received=1,
        accepted=1,
        events=events,
    )


@given(st.lists(receipts, max_size=5))
def test_what_was_encoded_reads_back(group: list[Receipt]) -> None:
    assert frames.decode(frames.encode(group)) == group


def test_a_large_group_is_compressed() -> None:
    assert len(frames.encode([receipt(b'{"event_name":"PURCHASE"}\n' * 1000)])) < 1000


def test_a_small_receipt_is_not_worth_compressing() -> None:
    assert b'{"event_name":"PURCHASE"}' in frames.encode([receipt(b'{"event_name":"PURCHASE"}')])


@pytest.mark.parametrize("events", [b"short", b"long enough to be compressed " * 100])
def test_any_single_flipped_bit_is_noticed(events: bytes) -> None:
    blob = frames.encode([receipt(events)])
    for bit in range(len(blob) * 8):
        damaged = bytearray(blob)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(LogCorrupt):
            frames.decode(bytes(damaged))


@pytest.mark.parametrize("events", [b"short", b"long enough to be compressed " * 100])
def test_a_cut_or_lengthened_row_is_noticed(events: bytes) -> None:
    blob = frames.encode([receipt(events)])
    for damaged in [*(blob[:end] for end in range(len(blob))), blob + b"\0", blob + blob]:
        with pytest.raises(LogCorrupt):
            frames.decode(damaged)


@given(st.binary(max_size=100))
def test_noise_is_no_row(noise: bytes) -> None:
    with pytest.raises(LogCorrupt):
        frames.decode(noise)


@pytest.mark.parametrize("codec", [0, 1, 7])
@pytest.mark.parametrize("body", [b"", b"\xa1\xff", b"\x91\x80", b"\x91" * 5000, b"\x28\xb5\x2f\xfd"])
def test_a_row_with_a_good_seal_around_nonsense_is_corrupt(codec: int, body: bytes) -> None:
    with pytest.raises(LogCorrupt):
        frames.decode(frames._sealed(codec, body))


def test_a_row_of_a_later_format_says_so() -> None:
    with pytest.raises(LogCorrupt, match="has format 9"):
        frames.decode(b"\x09" + frames.encode([])[1:])


def test_weight_is_near_the_size_before_compression() -> None:
    one = receipt(b"x" * 5000)
    assert 5000 < frames.weight(one) < 5500
    refused = Receipt(
        request_id="r",
        received_at=1,
        event_group_id="g",
        account_id="a",
        key_id="k",
        received=1,
        accepted=0,
        rejections=[Rejection(index=0, errors={"user_data.em": "no digest"}, event="y" * 700)],
    )
    assert 1000 < frames.weight(refused) < 1500
