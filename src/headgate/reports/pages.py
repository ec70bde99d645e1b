"""Reading a long list newest first, in pages of whole blocks: as long as it is, no more than a page is held."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

from headgate.store.base import Store

#: rows of a page, and of the blocks that it ends with
PAGE = 2000


class Span(NamedTuple):
    """Blocks `first` to `last`, both included."""

    first: int
    last: int


def newest_first(
    store: Store, counts: str, rows: str, parameters: Mapping[str, Any], limit: int
) -> Iterator[dict[str, Any]]:
    """Rows of the query `rows`, at most `limit` of them, or all where it is 0.

    The query `counts` says how many there are in each block, the newest block first.
    """
    found = (
        row
        for span in _spans(store.query(counts, parameters))
        for row in store.query(rows, {**parameters, "first_block": span.first, "last_block": span.last})
    )
    return islice(found, limit) if limit else found


def _spans(counts: list[dict[str, Any]]) -> Iterator[Span]:
    last = None
    total = 0
    for count in counts:
        last = count["block"] if last is None else last
        total += count["events"]
        if total >= PAGE:
            yield Span(count["block"], last)
            last, total = None, 0
    if last is not None:
        yield Span(counts[-1]["block"], last)
