"""What a report of the API is asked for: one event group and a range in seconds since 1970, perhaps one event name or source.

The parameters are written once, as dependencies that a controller names; the document of the API has them at every route.
"""

from __future__ import annotations

import time
from typing import Annotated

import msgspec
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.exceptions import ValidationException
from litestar.params import QueryParameter

from headgate.desk.parts import Desk
from headgate.reports.span import DAY, LAST, Asked, asked

Group = Annotated[str, QueryParameter(description="Event group.")]
First = Annotated[
    int | None,
    QueryParameter(ge=0, le=LAST, description="Received from then on; seven days before `last` when left out."),
]
Last = Annotated[
    int | None,
    QueryParameter(ge=0, le=LAST, description="Received before; now when left out. Whole quarters of an hour."),
]
Name = Annotated[str, QueryParameter(description="Only events of this name.", max_length=128)]
Source = Annotated[str, QueryParameter(description="Only events from this source: api or pixel.", max_length=128)]

#: the range alone; of one event name; of one event name and source
Between = NamedDependency[Asked]
OfName = NamedDependency[Asked]
Over = NamedDependency[Asked]


def now(desk: Desk) -> int:
    """Seconds since 1970, by the clock of the console where there is one."""
    return desk.console.clock() if desk.console else int(time.time())


def provide_between(state: State, group: Group, first: First = None, last: Last = None) -> Asked:
    """The range. Raises `ValidationException` where it ends before it begins."""
    last = now(state.desk) + 1 if last is None else last
    first = max(last - 7 * DAY, 0) if first is None else first
    if first >= last:
        raise ValidationException("first: has to be before last")
    return asked(group, first, last)


def provide_of_name(between: Between, event_name: Name = "") -> Asked:
    """The range, of one event name if one is asked for."""
    return msgspec.structs.replace(between, event_name=event_name)


def provide_over(of_name: OfName, source: Source = "") -> Asked:
    """The range, of one event name and source if they are asked for."""
    return msgspec.structs.replace(of_name, source=source)


#: a handler's argument -> what gives it
RANGES = {
    "between": Provide(provide_between, sync_to_thread=False),
    "of_name": Provide(provide_of_name, sync_to_thread=False),
    "over": Provide(provide_over, sync_to_thread=False),
}
