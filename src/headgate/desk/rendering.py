"""Templates into text. Everything that is put into one is escaped; a value that is missing is an error."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jinja2
import msgspec
from markupsafe import Markup

from headgate.desk import assets

FOLDER = Path(__file__).parent / "templates"
MINUTE, HOUR, DAY = 60, 3600, 86400


def moment(seconds: int | None, empty: str = "never") -> Markup:
    """A time as an element that also says it to machines; seconds since 1970, shown in UTC."""
    if seconds is None:
        return Markup('<span class="muted">{}</span>').format(empty)
    at = datetime.fromtimestamp(seconds, UTC)
    shown, exact = at.strftime("%-d %b %Y, %H:%M"), at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return Markup('<time datetime="{}" title="{} UTC">{}</time>').format(exact, at.strftime("%Y-%m-%d %H:%M:%S"), shown)


def ago(seconds: int | None, now: int, empty: str = "never") -> Markup:
    """A time as how long it is past."""
    if seconds is None:
        return moment(None, empty)
    at = datetime.fromtimestamp(seconds, UTC)
    exact, full = at.strftime("%Y-%m-%dT%H:%M:%SZ"), at.strftime("%Y-%m-%d %H:%M:%S")
    return Markup('<time datetime="{}" title="{} UTC">{}</time>').format(exact, full, _age(now - seconds))


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


def precise(microseconds: int) -> Markup:
    """A time to the millisecond, UTC; microseconds since 1970."""
    at = datetime.fromtimestamp(microseconds // 1_000_000, UTC)
    milliseconds = f"{microseconds // 1000 % 1000:03}"
    exact, shown = f"{at:%Y-%m-%dT%H:%M:%S}.{milliseconds}Z", f"{at.day} {at:%b %H:%M:%S}.{milliseconds}"
    return Markup('<time datetime="{}" title="{} UTC">{}</time>').format(exact, f"{at:%Y-%m-%d %H:%M:%S}", shown)


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
