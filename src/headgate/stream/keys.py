"""The key by which two events are the same: event group, event name and event id (decision 17)."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt
import xxhash

#: bytes of a key
SIZE = 16


def dedup_key(event_group_id: str, event_name: str, event_id: str) -> int:
    """The 128-bit key of an event; 0 without an event id: such an event is never a duplicate.

    The lengths go in with the texts, so that no two triples read the same.
    """
    if not event_id:
        return 0
    framed = f"{len(event_group_id)},{len(event_name)},{event_group_id}{event_name}{event_id}"
    return xxhash.xxh3_128_intdigest(framed.encode("utf-8", "surrogatepass"))


def halves(keys: Collection[int]) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
    """The high and low 64 bits of keys, as two columns."""
    both = np.frombuffer(b"".join([key.to_bytes(SIZE, "big") for key in keys]), ">u8").reshape(-1, 2)
    return both[:, 0].astype(np.uint64), both[:, 1].astype(np.uint64)
