from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from console import Site, console_site
from headgate.desk.pages import test_events


@pytest.fixture(autouse=True)
def _streams_end_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream lasts for as long as one look and a bit: the test client reads it to its end."""
    monkeypatch.setattr(test_events, "LASTS", 0.1)
    monkeypatch.setattr(test_events, "EVERY", 0.1)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with console_site(tmp_path) as made:
        yield made
