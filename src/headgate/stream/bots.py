"""Bots: what a page's script sent while a program looked at it that says so, such as a search engine's crawler.

Such a conversion is kept and marked. A server's own events are not looked at: its programs are no visitors.
"""

from __future__ import annotations

from functools import lru_cache

import msgspec
from crawleruseragents import is_crawler
from msgspec import Struct

from headgate.stream.conversion import Conversion
from headgate.stream.dedup import Recall


class _User(Struct, frozen=True, gc=False):
    client_user_agent: str | None = None


class _Line(Struct, gc=False):
    user_data: _User = _User()


_decode = msgspec.json.Decoder(_Line).decode
#: the list has over a thousand patterns, and visitors share their browsers
_is_bot = lru_cache(maxsize=10_000)(is_crawler)


def put_bot(conversion: Conversion, _recall: Recall) -> None:
    """Mark a page's conversion whose user agent is on the list of crawlers."""
    if conversion.receipt.source == "pixel":
        conversion.bot = _is_bot(_decode(conversion.line).user_data.client_user_agent or "")
