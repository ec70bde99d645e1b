"""Templates into text. Everything that is put into one is escaped; a value that is missing is an error."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import jinja2
import msgspec
from jinja2.runtime import Context
from markupsafe import Markup

from headgate.desk import assets

FOLDER = Path(__file__).parent / "templates"
MINUTE, HOUR, DAY = 60, 3600, 86400


@jinja2.pass_context
def moment(page: Context, seconds: int | None, empty: str = "never", zone: str = "") -> Markup:
    """A time as an element that also says it to machines; seconds since 1970, by the clock of the page's `zone`."""
    if seconds is None:
        return Markup('<span class="muted">{}</span>').format(empty)
    at = datetime.fromtimestamp(seconds, ZoneInfo(zone or page.get("zone") or "UTC"))
    return _element(at, f"{at.day} {at:%b %Y, %H:%M} {zone_name(at)}")


def ago(seconds: int | None, now: int, empty: str = "never") -> Markup:
    """A time as how long it is past."""
    if seconds is None:
        return Markup('<span class="muted">{}</span>').format(empty)
    return _element(datetime.fromtimestamp(seconds, UTC), _age(now - seconds))


@jinja2.pass_context
def precise(page: Context, microseconds: int) -> Markup:
    """A time to the millisecond; microseconds since 1970, by the clock of the page's `zone`."""
    at = datetime.fromtimestamp(microseconds // 1_000_000, ZoneInfo(page.get("zone") or "UTC"))
    milliseconds = f"{microseconds // 1000 % 1000:03}"
    return _element(at, f"{at.day} {at:%b %Y, %H:%M:%S}.{milliseconds} {zone_name(at)}", f".{milliseconds}")


def zone_name(at: datetime) -> str:
    """What the clock of a time is called: letters where its zone has some, else how far from UTC it is."""
    name = at.tzname() or ""
    return name if name.isalpha() else f"UTC{at.isoformat()[-6:]}"


def _element(at: datetime, shown: str, fraction: str = "") -> Markup:
    utc = at.astimezone(UTC)
    exact, full = f"{utc:%Y-%m-%dT%H:%M:%S}{fraction}Z", f"{utc:%Y-%m-%d %H:%M:%S}"
    return Markup('<time datetime="{}" title="{} UTC">{}</time>').format(exact, full, shown)


def _age(seconds: int) -> str:
    if seconds < MINUTE:
        return "just now"
    for size, word in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {word}{'' if count == 1 else 's'} ago"
    raise AssertionError(seconds)


def as_json(value: Any) -> str:
    """A value as JSON text, for an attribute."""
    return msgspec.json.encode(value).decode()


def whole(number: int) -> str:
    """A count, its thousands apart."""
    return f"{number:,}"


def percent(share: float) -> str:
    """A share of 0 to 1: exact where it is all or nothing, and not zero where there is something."""
    if 0 < share < 0.001:  # noqa: PLR2004 - what one decimal can show
        return "<0.1 %"
    return f"{share:.0%}".replace("%", " %") if share in {0, 1} else f"{share * 100:.1f} %"


def lapse(microseconds: int) -> str:
    """How long something took."""
    seconds = microseconds / 1_000_000
    if seconds < 1:
        return f"{microseconds / 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < MINUTE else f"{seconds / MINUTE:,.0f} min"


def pretty(text: str) -> str:
    """JSON text with a field a line; what is no JSON stays as it is."""
    try:
        return msgspec.json.format(text, indent=2)
    except msgspec.DecodeError:
        return text


def _environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals["asset"] = assets.url
    made.filters["moment"] = moment
    made.filters["ago"] = ago
    made.filters["whole"] = whole
    made.filters["percent"] = percent
    made.filters["precise"] = precise
    made.filters["lapse"] = lapse
    made.filters["pretty"] = pretty
    return made


_templates = _environment()


def render(template: str, **values: Any) -> str:
    """The text of a template with these values."""
    return _templates.get_template(template).render(values)
