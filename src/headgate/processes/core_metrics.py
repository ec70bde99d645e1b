"""What the core counts. Each metric's help is its documentation; labels are closed sets."""

from __future__ import annotations

import time

from prometheus_client import CollectorRegistry, Counter, Histogram

from headgate.stream.block import Taken


class CoreMetrics:
    """Counts what became of each block, once it is in the store."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._records = Counter(
            "headgate_core_records", "Accepted events by what became of them", ["outcome"], registry=registry
        )
        self._dead = Counter("headgate_core_dead_letters", "Dead letters by reason", ["reason"], registry=registry)
        self._blocks = Counter("headgate_core_blocks", "Blocks of the log that are in the store", registry=registry)
        self._lag = Histogram(
            "headgate_core_lag_seconds",
            "From the receipt of a block's oldest event until the block was in the store",
            buckets=(0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800),
            registry=registry,
        )

    def tell(self, taken: Taken) -> None:
        """Count a block."""
        self._blocks.inc()
        for outcome, count in (("kept", taken.kept), ("duplicate", taken.duplicates), ("dead_letter", taken.dead)):
            if count:
                self._records.labels(outcome).inc(count)
        for reason, count in taken.dead_reasons.items():
            self._dead.labels(reason).inc(count)
        if taken.oldest:
            self._lag.observe(max(time.time() - taken.oldest / 1_000_000, 0.0))
