from __future__ import annotations

import inspect
import re

import pytest

import headgate_client
from doc_blocks import DOCS, run_page
from headgate_client import _clock, _lint
from headgate_client._outcome import REASONS
from http_server import events_server

PAGE = DOCS / "client.md"


def test_the_page_of_the_client_runs_and_prints_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    with events_server() as server:
        monkeypatch.setenv("EVENTS_URL", server.url)
        monkeypatch.setenv("EVENTS_KEY", "key")
        assert run_page(PAGE) > 8
    assert server.accepted


def test_the_page_names_everything_that_is_public() -> None:
    page = PAGE.read_text()
    assert [name for name in headgate_client.__all__ if not re.search(rf"\b{name}\b", page)] == []


def test_the_page_names_every_reason_and_every_finding() -> None:
    page = PAGE.read_text()
    named = set(re.findall(r"`([a-z0-9_-]+)`", page))
    assert set(REASONS) <= named
    for module in (_lint, _clock):
        codes = re.findall(r'Told\(\s*"([a-z0-9-]+)"', inspect.getsource(module))
        assert codes
        assert set(codes) <= named
