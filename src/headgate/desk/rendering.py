"""Templates into text. Everything that is put into one is escaped; a value that is missing is an error."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jinja2
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
    return made


_templates = _environment()


def render(template: str, **values: Any) -> str:
    """The text of a template with these values."""
    return _templates.get_template(template).render(values)
