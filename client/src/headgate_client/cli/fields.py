"""Names of the contract's fields, as one writes them on a command line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from headgate_client.cli.problems import Problem
from headgate_contract.event import Content, CustomData, Event, UserData
from headgate_contract.vocabulary import USER_DATA_ALIASES

#: steps to a place in an event: names, and numbers of places in a list
Path = tuple[str | int, ...]

_EVENT = tuple(field for field in Event.__struct_fields__ if field not in ("user_data", "custom_data"))
_USER = (*UserData.__struct_fields__, *USER_DATA_ALIASES)
_CUSTOM = CustomData.__struct_fields__
#: every bare name -> its path; a name of the event itself wins
BARE: dict[str, Path] = {
    **{name: ("custom_data", name) for name in _CUSTOM},
    **{name: ("user_data", name) for name in _USER},
    **{name: (name,) for name in Event.__struct_fields__},
}
_CONTENT = re.compile(r"custom_data\.contents\[([0-9]{1,3})\]\.(\w+)")
_NUMBERS = {("custom_data", name) for name in ("value", "predicted_ltv", "num_items")}
_LISTS = {("custom_data", "content_ids"), ("custom_data", "contents")}
#: fields that hold no text, beside numbers
_NO_TEXT = {("event_time",), ("opt_out",), ("user_data", "is_hashed"), *_LISTS}


def find_field(name: str) -> Path | None:
    """The path of a field by its name (`em`) or dotted path (`custom_data.value`); None where there is none."""
    if name in BARE:
        return BARE[name]
    parent, _, child = name.partition(".")
    known = {"user_data": _USER, "custom_data": _CUSTOM}.get(parent, ())
    if child in known:
        return (parent, child)
    if (content := _CONTENT.fullmatch(name)) and content[2] in Content.__struct_fields__:
        return ("custom_data", "contents", int(content[1]), content[2])
    return None


def read_field(name: str, flag: str) -> Path:
    """The path of a field. Raises `Problem` where the contract has none of this name."""
    path = find_field(name)
    if path is None or path in (("user_data",), ("custom_data",)):
        asked = name.lower()
        others = BARE.keys() - {"user_data", "custom_data"}
        near = sorted(bare for bare in others if asked in bare.lower() or bare.lower() in asked.split("."))[:5]
        hint = f"; did you mean {' or '.join(near)}?" if near else "; docs/contract.md lists them"
        raise Problem(f"{flag}: {name} is no field of an event{hint}")
    return path


def put(event: dict[str, Any], path: Path, value: Any) -> None:
    """Put a value in its place; what stands on the way there is made."""
    head = str(path[0])
    if len(path) == 1:
        event[head] = value
        return
    inner = event.get(head)
    if type(inner) is not dict:
        inner = event[head] = {}
    if len(path) == 2:  # noqa: PLR2004 - nearly all
        inner[path[1]] = value
        return
    _, name, place, field = path
    contents = inner.setdefault(name, [])
    while len(contents) <= int(place):
        contents.append({})
    contents[place][field] = value


def look_up(row: Mapping[str, Any], source: str) -> Any:
    """A value of a JSON object by its name, or by a dotted path through nested objects; None where it is absent."""
    if source in row:
        return row[source]
    found: Any = row
    for name in source.split("."):
        if not isinstance(found, Mapping) or name not in found:
            return None
        found = found[name]
    return found


def is_list(path: Path) -> bool:
    """Whether the field takes a list."""
    return path in _LISTS


def is_number(path: Path) -> bool:
    """Whether the field takes a number."""
    return path in _NUMBERS or path[-1] in ("price", "quantity")


def is_text(path: Path) -> bool:
    """Whether the field takes text and nothing else; an id of `contents` may be a number, which is text as well."""
    return path not in _NO_TEXT and not is_number(path)


def named(path: Path) -> str:
    """The field's name as one writes it: `custom_data.contents[0].price`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")
