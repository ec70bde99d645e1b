"""The emulator reads headers and packed bodies as the server does: both are asked the same, whatever it is."""

from __future__ import annotations

import gzip
from collections.abc import Callable

import zstandard
from hypothesis import given
from hypothesis import strategies as st

from headgate.edge import decode, negotiate
from headgate.edge.problems import status_of
from headgate.errors import RequestError
from headgate_client.testing import head
from headgate_client.testing.exchange import Refused

_PIECES = st.sampled_from(
    ["application/json", "application/*", "*/*", "text/html", "application/x+json", ";q=0", ";q=0.5", ";q=", ";q=x", ",",
     ";", " ", "charset=utf-8", '; charset="UTF-8"', ";charset=latin-1", "APPLICATION/JSON", "q=1", "=", ""]
)  # fmt: skip
_VALUES = st.lists(st.lists(_PIECES, max_size=5).map("".join), max_size=3)
_LIMIT = 1000


def _status(ask: Callable[[], object]) -> int:
    """0 where nothing is wrong."""
    try:
        ask()
    except RequestError as error:
        return int(status_of(error))
    except Refused as refused:
        return refused.status
    return 0


@given(_VALUES, _VALUES)
def test_content_type_and_accept_mean_the_same(content_types: list[str], accepts: list[str]) -> None:
    raw_types, raw_accepts = ([value.encode() for value in values] for values in (content_types, accepts))
    expected = _status(lambda: negotiate.require_json(raw_types, raw_accepts))
    assert _status(lambda: head.require_json(content_types, accepts)) == expected


@given(
    st.binary(max_size=40).map(lambda body: body * 60),
    st.sampled_from(["gzip", "x-gzip", "zstd"]),
    st.integers(0, 80),
    st.booleans(),
    st.booleans(),
)
def test_packed_bodies_come_out_the_same(body: bytes, encoding: str, cut: int, twice: bool, spoilt: bool) -> None:
    packed = zstandard.compress(body) if encoding == "zstd" else gzip.compress(body)
    packed = packed * (2 if twice else 1)
    packed = packed[: len(packed) - cut] if cut < len(packed) else b""
    packed = packed.replace(packed[5:7], b"\x00\xff", 1) if spoilt else packed
    read = negotiate.content_encoding([encoding.encode()])
    assert read is not None
    found: list[bytes] = []
    expected: list[bytes] = []
    wanted = _status(lambda: expected.append(decode.decode(packed, read, _LIMIT)))
    assert _status(lambda: found.append(head.unpacked(packed, [encoding], _LIMIT))) == wanted
    assert found == expected
