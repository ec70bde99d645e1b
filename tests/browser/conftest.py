"""A real Chromium, and the servers that its pages speak to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from browser.recorder import Pages, Recorder, document, pages_served, recording, snippet

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # any host name is this machine
    "--host-resolver-rules=MAP * 127.0.0.1",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One a module and not a session: while it is open no other test could have an event loop."""
    if not CHROMIUM.exists():
        pytest.skip(f"there is no browser at {CHROMIUM}: apt-get install chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    with recording() as running:
        yield running


@pytest.fixture
def pages() -> Iterator[Pages]:
    with pages_served() as running:
        yield running


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A visitor whom nobody knows yet."""
    fresh = browser.new_context(ignore_https_errors=True)
    yield fresh
    fresh.close()


@pytest.fixture
def faults() -> list[str]:
    """What page code threw or complained about, in every page of `page`. A test that expects none says so."""
    return []


@pytest.fixture
def page(context: BrowserContext, faults: list[str]) -> Page:
    context.on("weberror", lambda error: faults.append(str(error.error)))
    # what the browser itself says about a request that failed is no fault of page code
    context.on(
        "console",
        lambda said: said.type == "error" and "Failed to load resource" not in said.text and faults.append(said.text),
    )
    return context.new_page()


@pytest.fixture
def shop(page: Page, pages: Pages, recorder: Recorder, faults: list[str]) -> Iterator[Page]:
    """A page with the base code, open; nothing may have gone wrong on it until the end."""
    pages.documents["/"] = pages.documents["/next"] = document(snippet(recorder.origin))
    page.goto(pages.url())
    yield page
    assert faults == []
