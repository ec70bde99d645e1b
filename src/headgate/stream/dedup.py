"""Deduplication (decision 17): the first received is kept, what is the same within 600 seconds of it is a duplicate."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from headgate.store.base import EVER, Kept, Store
from headgate.stream import keys
from headgate.stream.conversion import Conversion
from headgate.stream.kept_index import KeptIndex
from headgate_contract.vocabulary import DEDUP_WINDOW

#: two kept conversions with one key lie further apart than the window: a slot of this width holds one at most
_SLOT = DEDUP_WINDOW + 1


class Recall:
    """What has been kept, as far as one block needs to know: key -> slot of time -> event time."""

    def __init__(self) -> None:
        self._kept: dict[int, dict[int, int]] = {}

    def put(self, key: int, time: int) -> None:
        """Note a kept conversion."""
        self._kept.setdefault(key, {})[time // _SLOT] = time

    def near(self, key: int, time: int) -> bool:
        """Whether a conversion with this key was kept within the window, both ends included."""
        times = self._kept.get(key)
        if times is None:
            return False
        slot = time // _SLOT
        return any(
            abs(time - kept) <= DEDUP_WINDOW
            for kept in (times.get(slot - 1), times.get(slot), times.get(slot + 1))
            if kept is not None
        )

    def put_all(self, kept: Kept) -> None:
        """Note many."""
        for high, low, time in zip(kept.high.tolist(), kept.low.tolist(), kept.time.tolist(), strict=True):
            self.put(high << 64 | low, time)


def put_duplicate(conversion: Conversion, recall: Recall) -> None:
    """Mark a conversion that is the same as one that was kept."""
    if conversion.dedup_key and recall.near(conversion.dedup_key, conversion.event_time):
        conversion.status = "duplicate"


def recall(conversions: Iterable[Conversion], index: KeptIndex, store: Store, block: int) -> Recall:
    """Look up what was kept before `block`, for all its conversions at once: in memory, and where that ends in the store."""
    recalled = Recall()
    keyed = [conversion for conversion in conversions if conversion.dedup_key]
    if not keyed:
        return recalled
    times = [conversion.event_time for conversion in keyed]
    first, last = min(times) - DEDUP_WINDOW, max(times) + DEDUP_WINDOW
    recalled.put_all(index.find({conversion.dedup_key for conversion in keyed}, first, last))
    late = [conversion for conversion in keyed if conversion.event_time - DEDUP_WINDOW < index.horizon]
    if late:
        last = max(conversion.event_time for conversion in late) + DEDUP_WINDOW
        recalled.put_all(store.kept_keys(sorted({conversion.dedup_key for conversion in late}), first, last, block))
    return recalled


def kept(conversions: Sequence[Conversion]) -> Kept:
    """The columns of what the steps kept, for the index."""
    keyed = [conversion for conversion in conversions if conversion.dedup_key and conversion.status == "kept"]
    high, low = keys.halves([conversion.dedup_key for conversion in keyed])
    times = np.fromiter((conversion.event_time for conversion in keyed), np.int64, len(keyed))
    return Kept(high, low, times, since=EVER)
