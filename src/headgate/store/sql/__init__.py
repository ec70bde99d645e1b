"""The store's SQL: the schema, the migrations that lead to it, and the named queries."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import NamedTuple

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_COMMENT = re.compile(r"^\s*--.*$", re.MULTILINE)


class Migration(NamedTuple):
    """One step of the schema. Its file is named for its number and for what it does: `002_what_it_does.sql`."""

    version: int
    statements: Sequence[str]


def statements(text: str) -> list[str]:
    """The statements of a file, in order, without comments."""
    return [statement.strip() for statement in _COMMENT.sub("", text).split(";\n") if statement.strip()]


def named(text: str) -> dict[str, str]:
    """Name -> query, of a file in which each query stands under a line `-- name: …`."""
    _, *parts = _NAME.split(text)
    return {name: _COMMENT.sub("", query).strip() for name, query in zip(parts[::2], parts[1::2], strict=True)}


def migrations(folder: Traversable) -> list[Migration]:
    """The migrations of a folder, in order."""
    scripts = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".sql")), key=lambda entry: entry.name)
    return [Migration(int(script.name[:3]), statements(script.read_text("utf-8"))) for script in scripts]


_HERE = files(__name__)
SCHEMA: Sequence[str] = statements((_HERE / "schema.sql").read_text("utf-8"))
#: those of the stream and of the command line, and those of the console
QUERIES: dict[str, str] = {
    name: query
    for file in ("queries.sql", "console.sql", "diagnostics.sql")
    for name, query in named((_HERE / file).read_text("utf-8")).items()
}
MIGRATIONS: Sequence[Migration] = migrations(_HERE / "migrations")
