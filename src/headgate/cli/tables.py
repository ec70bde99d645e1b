"""How rows are drawn for people: as wide as the terminal is, and with nothing in them that a terminal would obey."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

#: characters that a table takes for each column beside what the column shows, and for its edge
_GAP, _EDGE = 3, 1


def printable(value: Any) -> str:
    """Text that a sender wrote, its control characters as escapes: a terminal would obey them."""
    text = str(value)
    return text if text.isprintable() else "".join(map(_visible, text))


def _visible(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()


def moment(microseconds: int, pattern: str = "%Y-%m-%d %H:%M:%S") -> str:
    """A time, UTC."""
    return datetime.fromtimestamp(microseconds // 1_000_000, UTC).replace(
        microsecond=microseconds % 1_000_000
    ).strftime(pattern)  # fmt: skip


class Column(NamedTuple):
    """A column of a table of rows."""

    title: str
    #: what it shows of a row
    show: Callable[[dict[str, Any]], str]
    #: characters that it is content with, where what it shows may be folded onto several lines
    least: int | None = None
    #: columns with a higher number are the first that a narrow terminal goes without; 0 is always there
    spare: int = 0
    right: bool = False


def draw(console: Console, rows: Sequence[dict[str, Any]], columns: Sequence[Column]) -> list[str]:
    """Print a table; gives the titles of the columns that there was no room for."""
    cells = {column.title: [column.show(row) for row in rows] for column in columns}
    widths = {column.title: _width(column, cells[column.title]) for column in columns}
    shown = list(columns)
    while sum(widths[column.title] + _GAP for column in shown) + _EDGE > console.width and any(c.spare for c in shown):
        shown.remove(max(shown, key=lambda column: column.spare))
    table = new_table()
    for column in shown:
        table.add_column(
            column.title,
            justify="right" if column.right else "left",
            overflow="fold",
            no_wrap=column.least is None,
            min_width=min(widths[column.title], console.width // 2),
        )
    for number in range(len(rows)):
        table.add_row(*(cells[column.title][number] for column in shown))
    console.print(table)
    return [column.title for column in columns if column not in shown]


def _width(column: Column, cells: Sequence[str]) -> int:
    widest = max(map(len, (column.title, *cells)))
    return widest if column.least is None else min(widest, column.least)


def new_table() -> Table:
    """A table as all of ours look."""
    from rich import box
    from rich.table import Table

    return Table(box=box.SIMPLE_HEAD)


def new_console() -> Console:
    """Where tables go. Rows are no markup, and nothing in them is guessed at."""
    from rich.console import Console

    return Console(markup=False, highlight=False, emoji=False)
