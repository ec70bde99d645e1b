"""What an edge worker is given by the process that puts it together."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from headgate.edge.keys import Registered
from headgate.edge.metrics import EdgeMetrics
from headgate.log.base import Appender
from headgate.registry.tokens import Claims


class Parts(NamedTuple):
    """The parts, and the two things that no part may fetch by itself: time and ids."""

    appender: Appender
    registered: Registered
    #: what a token says, if its signature is good; raises `Unauthorized`
    verify: Callable[[str], Claims]
    metrics: EdgeMetrics
    #: microseconds since 1970, UTC
    clock: Callable[[], int]
    #: ASCII, without spaces
    new_request_id: Callable[[], str]
