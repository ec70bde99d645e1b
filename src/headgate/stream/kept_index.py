"""An exact index of the kept conversions in bounded memory: 24 bytes an entry, sorted columns, merged as they grow.

Above its *horizon*, an event time, it knows every kept conversion. When it is full it raises the horizon and forgets
what lies below; only for that is the store asked. While nothing was forgotten the horizon is `EVER`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from headgate.store.base import EVER, Kept
from headgate.stream import keys

#: keys are dealt out by their first bits, so that no merge has to copy all of them at once
SHARDS = 16
_SHARD_SHIFT = np.uint64(60)
#: how much is left after forgetting: seldom enough to be cheap
_LEFT_NUMERATOR, _LEFT_DENOMINATOR = 7, 8

Uint64s = npt.NDArray[np.uint64]
Int64s = npt.NDArray[np.int64]
Number = TypeVar("Number", np.uint64, np.int64)


class Run(NamedTuple):
    """Entries, sorted by the high half of their keys."""

    high: Uint64s
    low: Uint64s
    time: Int64s


class KeptIndex:
    """`capacity`: entries at most."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._shards: list[list[Run]] = [[] for _ in range(SHARDS)]
        self._size = 0
        #: no kept conversion with this event time or a later one is missing here
        self.horizon = EVER

    def __len__(self) -> int:
        return self._size

    @property
    def worth_loading(self) -> int:
        """How many entries to fill an empty index with."""
        return self._capacity * _LEFT_NUMERATOR // _LEFT_DENOMINATOR

    def add(self, kept: Kept) -> None:
        """Take in entries. Those of before the horizon are left to the store."""
        self.horizon = max(self.horizon, kept.since)
        run = _sorted(_from(Run(kept.high, kept.low, kept.time), self.horizon))
        bounds = np.searchsorted(run.high >> _SHARD_SHIFT, np.arange(SHARDS + 1, dtype=np.uint64))
        for shard, start, stop in zip(self._shards, bounds[:-1], bounds[1:], strict=True):
            if start < stop:
                _push(shard, _chosen(run, np.arange(start, stop)))
        self._size += len(run.high)
        if self._size > self._capacity:
            self._forget()

    def find(self, wanted: Collection[int], first: int, last: int) -> Kept:
        """The entries with one of these keys and an event time in [`first`, `last`]."""
        high, low = keys.halves(wanted)
        order = np.argsort(high)
        high, low = high[order], low[order]
        bounds = np.searchsorted(high >> _SHARD_SHIFT, np.arange(SHARDS + 1, dtype=np.uint64))
        found = [
            _matches(run, high[start:stop], low[start:stop], first, last)
            for shard, start, stop in zip(self._shards, bounds[:-1], bounds[1:], strict=True)
            if start < stop
            for run in shard
        ]
        return Kept(*_joined(found), since=EVER)

    def _forget(self) -> None:
        """Raise the horizon so far that few enough entries are left, then drop what is below."""
        times = np.concatenate([run.time for shard in self._shards for run in shard])
        leave = self._size - self.worth_loading
        times.partition(leave - 1)
        # those that share the last time to go must go with it: a horizon keeps all of a second or none
        self.horizon = max(self.horizon, int(times[leave - 1]) + 1)
        del times
        self._size = 0
        for place, shard in enumerate(self._shards):
            runs: list[Run] = []
            while shard:
                left = _from(shard.pop(0), self.horizon)
                if len(left.high):
                    _push(runs, left)
            self._shards[place] = runs
            self._size += sum(len(run.high) for run in runs)


_NOTHING = Run(np.empty(0, np.uint64), np.empty(0, np.uint64), np.empty(0, np.int64))


def _joined(runs: list[Run]) -> Run:
    runs = runs or [_NOTHING]
    return Run(
        np.concatenate([run.high for run in runs]),
        np.concatenate([run.low for run in runs]),
        np.concatenate([run.time for run in runs]),
    )


def _chosen(run: Run, which: npt.NDArray[Any]) -> Run:
    """The entries at these places, or where this mask is set; always a copy."""
    return Run(run.high[which], run.low[which], run.time[which])


def _from(run: Run, horizon: int) -> Run:
    stays = run.time >= horizon
    return run if stays.all() else _chosen(run, stays)


def _sorted(run: Run) -> Run:
    return _chosen(run, np.argsort(run.high, kind="stable"))


def _push(runs: list[Run], run: Run) -> None:
    """Add a run, merging while the one before is less than twice as long: few runs, and each entry is copied seldom."""
    runs.append(run)
    while len(runs) > 1 and len(runs[-2].high) < 2 * len(runs[-1].high):
        last = runs.pop()
        runs[-1] = _merged(runs[-1], last)


def _merged(one: Run, other: Run) -> Run:
    places = np.searchsorted(one.high, other.high) + np.arange(len(other.high))
    from_other = np.zeros(len(one.high) + len(other.high), np.bool_)
    from_other[places] = True
    return Run(
        _interleaved(one.high, other.high, from_other),
        _interleaved(one.low, other.low, from_other),
        _interleaved(one.time, other.time, from_other),
    )


def _interleaved(
    one: npt.NDArray[Number], other: npt.NDArray[Number], from_other: npt.NDArray[np.bool_]
) -> npt.NDArray[Number]:
    both = np.empty(len(from_other), one.dtype)
    both[from_other] = other
    both[~from_other] = one
    return both


def _matches(run: Run, high: Uint64s, low: Uint64s, first: int, last: int) -> Run:
    start = np.searchsorted(run.high, high)
    hits = np.flatnonzero(run.high[np.minimum(start, len(run.high) - 1)] == high)
    start = start[hits]
    count = np.searchsorted(run.high, high[hits], side="right") - start
    query = np.repeat(hits, count)
    place = np.repeat(start - np.cumsum(count) + count, count) + np.arange(len(query))
    same = (run.low[place] == low[query]) & (run.time[place] >= first) & (run.time[place] <= last)
    return _chosen(run, place[same])
