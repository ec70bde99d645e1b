"""Memory and time of the deduplication index while distinct event ids pass: `python bench/dedup_memory.py [MILLIONS]`.

Each id is new, comes once, and its event time goes on as it would at 20 000 events a second.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

import numpy as np

from headgate.store.base import EVER, Kept
from headgate.stream.kept_index import KeptIndex

BLOCK = 20_000
CAPACITY = 16_000_000
MIB = 1024 * 1024


def rss() -> float:
    """Resident memory now, MiB."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * resource.getpagesize() / MIB


def main() -> None:
    blocks = int(float(sys.argv[1] if len(sys.argv) > 1 else "20") * 1_000_000) // BLOCK
    numbers = np.random.default_rng(1)
    index = KeptIndex(CAPACITY)
    start = rss()
    slowest = looking = adding = 0.0
    for block in range(blocks):
        halves = numbers.integers(0, 2**64, (2, BLOCK), dtype=np.uint64)
        keys = [high << 64 | low for high, low in zip(halves[0].tolist(), halves[1].tolist(), strict=True)]
        began = time.perf_counter()
        index.find(keys, block - 600, block + 600)
        found = time.perf_counter()
        index.add(Kept(halves[0], halves[1], np.full(BLOCK, block, np.int64), since=EVER))
        added = time.perf_counter()
        looking += found - began
        adding += added - found
        slowest = max(slowest, added - began)
        if (block + 1) % (blocks // 10 or 1) == 0:
            passed = (block + 1) * BLOCK
            print(
                f"{passed:>12,} ids  {len(index):>12,} remembered  horizon {max(index.horizon, -1):>6}  "
                f"{rss() - start:7.0f} MiB  {(looking + adding) / passed * 1e6:.2f} µs an id"
            )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"looking up {looking:.1f} s, adding {adding:.1f} s, slowest block {slowest * 1e3:.0f} ms, peak {peak:.0f} MiB"
    )


if __name__ == "__main__":
    main()
