from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

sys.path.insert(0, str(Path(__file__).parent))

from chromium import PROGRAM, chromium
from screenshots import become_admin, leave_traces, seeded

from server import Server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with seeded(tmp_path_factory.mktemp("console") / "data") as started:
        yield started


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One a module and not a session: while it is open no other test could have an event loop."""
    if PROGRAM is None:
        pytest.skip("Chromium is not installed")
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def admin(server: Server, browser: Browser) -> Iterator[BrowserContext]:
    """The first admin, by the link that the server printed, signed in; what there is to be seen is made."""
    link = next(line for line in server.output().splitlines() if "/welcome/" in line)
    context = browser.new_context(base_url=server.demo["desk_url"])
    page = context.new_page()
    become_admin(page, link)
    leave_traces(page, server.demo["desk_url"])
    page.close()
    yield context
    context.close()


@pytest.fixture
def page(admin: BrowserContext) -> Iterator[Page]:
    """A page of the admin's that complains about whatever the browser complains about."""
    made = admin.new_page()
    complaints: list[str] = []
    made.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    made.on("pageerror", lambda error: complaints.append(str(error)))
    yield made
    made.close()
    # a page that is not there says so in its status; that is no fault of its scripts and styles
    assert [each for each in complaints if "status of 4" not in each] == []


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The script that looks for what a screen reader or a keyboard would stumble over."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    folder = tmp_path_factory.mktemp("axe")
    (folder / "package.json").write_text("{}")
    command = ["npm", "install", "--silent", "--ignore-scripts", "axe-core@^4.10"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode:
        pytest.skip(f"axe-core cannot be fetched: {done.stderr[:200]}")
    return (folder / "node_modules/axe-core/axe.min.js").read_text()
