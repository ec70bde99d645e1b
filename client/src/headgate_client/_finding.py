"""What lint and clock doctor find: never with a value of the event."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

#: an error makes the event useless or rejected; a warning is likely a mistake
Severity = Literal["error", "warning"]


class Finding(Struct, frozen=True, kw_only=True):
    """One thing that is wrong with an event."""

    #: what kind of mistake, in words and dashes, such as `empty-hash`; stable
    code: str
    #: field path, such as `user_data.em`
    field: str
    message: str
    #: what to do about it
    cure: str
    severity: Severity
    #: place of the event in the events given; None where one event was given, or all are meant
    index: int | None = None
