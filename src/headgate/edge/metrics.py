"""What an edge worker counts: the metrics as one list, and the worker's hands on them.

Labels come from closed sets only: no id, no name and nothing else that a sender wrote. Several workers count together
when `PROMETHEUS_MULTIPROC_DIR` is set before this module is imported.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal, NamedTuple

from prometheus_client import CollectorRegistry, Counter, Histogram

from headgate_contract.event import Content, CustomData, Event, Rejection, UserData
from headgate_contract.vocabulary import USER_DATA_ALIASES


class Metric(NamedTuple):
    """A metric as it is declared."""

    kind: Literal["counter", "histogram"]
    name: str
    help: str
    labels: tuple[str, ...] = ()
    #: upper bounds of a histogram's classes
    buckets: tuple[float, ...] = ()


_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

#: every answer; `path` is one of ours or `other`
REQUESTS = Metric("counter", "headgate_edge_requests", "Answers by path and status code", ("path", "code"))
#: `accepted` and `rejected` are in the log; `test` came by /v1/test_events
EVENTS = Metric("counter", "headgate_edge_events", "Events by verdict", ("verdict",))
#: a rejected event counts once for each of its errors
REJECTED_FIELDS = Metric(
    "counter", "headgate_edge_rejected_fields", "Errors of rejected events by field and reason", ("field", "reason")
)
#: accepted events with something that the contract does not name
UNKNOWN = Metric("counter", "headgate_edge_unknown", "Events with an unknown source or field", ("what",))
#: after unpacking
BODY_BYTES = Metric("counter", "headgate_edge_body_bytes", "Bytes of bodies that were read")
#: encode, write and fsync of one row of the log
COMMIT_SECONDS = Metric("histogram", "headgate_edge_commit_seconds", "Time of a group commit", (), _SECONDS)
#: requests that shared commits: receipts / commits is how well the group commit works
COMMIT_RECEIPTS = Metric("counter", "headgate_edge_commit_receipts", "Receipts made durable")
#: what the log grew by
COMMIT_BYTES = Metric("counter", "headgate_edge_commit_bytes", "Bytes written to the log, after compression")
#: connections that ended before there was a request: `slow`, `full`, `malformed`, `unread`
CONNECTIONS_CLOSED = Metric("counter", "headgate_edge_connections_closed", "Connections closed by us", ("reason",))

#: events that a page may not send: `unknown_group`, `foreign_origin`, `partner`
PIXEL_REFUSED = Metric("counter", "headgate_edge_pixel_refused_events", "Events of pages refused whole", ("reason",))

METRICS = (
    REQUESTS,
    EVENTS,
    REJECTED_FIELDS,
    UNKNOWN,
    BODY_BYTES,
    COMMIT_SECONDS,
    COMMIT_RECEIPTS,
    COMMIT_BYTES,
    CONNECTIONS_CLOSED,
    PIXEL_REFUSED,
)

#: field paths that an error can name, list places left out; anything else is `other`
FIELDS = frozenset(
    {
        "event",
        "event_group_id",
        "origin",
        *Event.__struct_fields__,
        *(f"user_data.{field}" for field in (*UserData.__struct_fields__, *USER_DATA_ALIASES)),
        *(f"custom_data.{field}" for field in CustomData.__struct_fields__),
        *(f"custom_data.contents.{field}" for field in Content.__struct_fields__),
    }
)
_PLACE = re.compile(r"\[\d+\]")


def reason_class(field: str, reason: str) -> Literal["missing", "unreadable", "invalid"]:
    """Which kind of reason this is: a closed set, for a label."""
    if reason.endswith("is required") or reason.startswith("At least one"):
        return "missing"
    return "unreadable" if field == "event" else "invalid"


class EdgeMetrics:
    """Counts for one worker.

    Counting is a dictionary's business until `flush`, which the server calls several times a second: a request counts
    half a dozen things, and a shared counter costs as much each time as reading the headers does.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._counters: dict[str, Counter] = {}
        self._histograms: dict[str, Histogram] = {}
        for metric in METRICS:
            if metric.kind == "counter":
                self._counters[metric.name] = Counter(metric.name, metric.help, metric.labels, registry=registry)
            else:
                self._histograms[metric.name] = Histogram(
                    metric.name, metric.help, metric.labels, registry=registry, buckets=metric.buckets
                )
        #: (metric, labels…) -> counted since the last flush
        self._pending: dict[tuple[str, ...], int] = {}
        self._children: dict[tuple[str, ...], Counter] = {}

    def flush(self) -> None:
        """Show what was counted."""
        pending, self._pending = self._pending, {}
        for (name, *labels), count in pending.items():
            child = self._children.get((name, *labels))
            if child is None:
                counter = self._counters[name]
                child = self._children[name, *labels] = counter.labels(*labels) if labels else counter
            child.inc(count)

    def answered(self, path: str, code: int) -> None:
        """An answer went out; `path` must be from a closed set."""
        self._count(REQUESTS, path, str(code))

    def body(self, size: int) -> None:
        """A body of `size` bytes was read."""
        self._count(BODY_BYTES, by=size)

    def events(self, accepted: int, rejections: Iterable[Rejection], unknown_sources: int, unknown_fields: int) -> None:
        """A batch was made durable."""
        if accepted:
            self._count(EVENTS, "accepted", by=accepted)
        for rejection in rejections:
            self._count(EVENTS, "rejected")
            for path, reason in rejection.errors.items():
                field = _PLACE.sub("", path)
                self._count(REJECTED_FIELDS, field if field in FIELDS else "other", reason_class(field, reason))
        if unknown_sources:
            self._count(UNKNOWN, "source", by=unknown_sources)
        if unknown_fields:
            self._count(UNKNOWN, "field", by=unknown_fields)

    def pixel_refused(self, reason: Literal["unknown_group", "foreign_origin", "partner"], received: int) -> None:
        """A page's batch was refused whole; what of it is kept to look at is counted as rejected too."""
        self._count(PIXEL_REFUSED, reason, by=received)

    def test_events(self, received: int) -> None:
        """A batch came for testing."""
        self._count(EVENTS, "test", by=received)

    def committed(self, seconds: float, receipts: int, size: int) -> None:
        """The log made a row durable; the appender's `on_commit`."""
        self._histograms[COMMIT_SECONDS.name].observe(seconds)
        self._count(COMMIT_RECEIPTS, by=receipts)
        self._count(COMMIT_BYTES, by=size)

    def closed(self, reason: Literal["slow", "full", "malformed", "unread"]) -> None:
        """A connection was ended by us."""
        self._count(CONNECTIONS_CLOSED, reason)

    def _count(self, metric: Metric, *labels: str, by: int = 1) -> None:
        key = (metric.name, *labels)
        self._pending[key] = self._pending.get(key, 0) + by
