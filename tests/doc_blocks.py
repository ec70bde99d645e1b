"""Runs the Python of a documentation page: block after block, in one namespace, held to what it says it prints."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

DOCS = Path(__file__).parents[1] / "docs"
_BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
_PRINTED = re.compile(r"^\s*# > ?(.*)$", re.MULTILINE)


class Block(NamedTuple):
    """One fenced block."""

    #: line of the page where its code starts
    line: int
    code: str
    #: what it says it prints: the lines that start with `# >`
    printed: list[str]


def blocks(page: Path) -> Iterator[Block]:
    """The Python blocks of a page, in order."""
    text = page.read_text()
    for found in _BLOCK.finditer(text):
        line = text.count("\n", 0, found.start(1)) + 1
        yield Block(line, found[1], _PRINTED.findall(found[1]))


def run_page(page: Path) -> int:
    """Run all blocks of a page; how many there were. Fails at the line of the page."""
    namespace: dict[str, Any] = {"__name__": "page"}
    ran = 0
    for block in blocks(page):
        code = compile("\n" * (block.line - 1) + block.code, str(page), "exec")
        out = io.StringIO()
        with redirect_stdout(out):
            exec(code, namespace)
        assert out.getvalue().splitlines() == block.printed, (
            f"{page.name}, line {block.line}: printed {out.getvalue()!r}"
        )
        ran += 1
    return ran
