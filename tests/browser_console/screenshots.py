"""Takes a picture of every page of the console, wide and narrow, light and dark: `just screenshots`.

    python tests/browser_console/screenshots.py [--to docs/screenshots] [--only keys]

Starts a server of its own in a temporary folder, becomes its first admin, and does what leaves something to be seen.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parent)]

from chromium import chromium
from playwright.sync_api import Browser, BrowserContext, Page

from server import Server, headgate, serving

WIDTHS = {"wide": (1440, 900), "narrow": (360, 740)}
SCHEMES = ("light", "dark")
ACCOUNT = "/accounts/demo"
GROUP = f"{ACCOUNT}/groups/demo_website"
#: name of the picture -> path
PAGES = {
    "accounts": "/accounts",
    "event-groups": ACCOUNT,
    "group-new": f"{ACCOUNT}/new-group",
    "group-settings": f"{GROUP}/settings",
    "keys": f"{ACCOUNT}/settings/keys",
    "partners": f"{ACCOUNT}/settings/partners",
    "users": f"{ACCOUNT}/settings/users",
    "audit": f"{ACCOUNT}/settings/audit",
    "account": f"{ACCOUNT}/settings/account",
    "organization-accounts": "/organizations/demo/accounts",
    "organization-users": "/organizations/demo/users",
    "empty-account": "/accounts/empty",
    "empty-keys": "/accounts/empty/settings/keys",
    "profile": "/profile",
    "not-there": f"{ACCOUNT}/nothing",
    "overview": f"{GROUP}?range=30d",
    "overview-day": f"{GROUP}?range=24h",
    "events": f"{GROUP}/events",
    "rejected": "/accounts/streaming/groups/streaming_signup/events?status=rejected&range=30d",
    "test-events": f"{GROUP}/test-events",
    "diagnostics": f"{GROUP}/diagnostics?range=30d",
    "diagnostics-broken": "/accounts/streaming/groups/streaming_signup/diagnostics?range=30d",
    "trace": f"{GROUP}/trace?event_id=try-1",
    "connect": f"{GROUP}/connect",
}
DOORS = {"sign-in": "/login", "gone": "/welcome/used"}
NAME, EMAIL, PASSWORD = "Grace Hopper", "grace@example.com", "a nanosecond of wire"


@contextmanager
def seeded(data: Path) -> Iterator[Server]:
    """A server with two months of demo events, and one more that came three times, the last of them wrong."""
    done = headgate(data, "demo", "seed", "--events", "40000")
    assert done.returncode == 0, done.stderr
    with serving(data) as server:
        now = int(time.time())
        event: dict[str, Any] = {
            "event_id": "try-1",
            "event_name": "PURCHASE",
            "event_type": "conversion",
            "event_time": now,
            "user_data": {"em": "ada@example.com"},
            "custom_data": {"value": 42.5, "currency": "EUR", "order_id": "order-1"},
        }
        wrong = {**event, "event_time": now * 1000, "event_name": "Purchase"}
        for sent in (event, event, wrong):
            server.post(sent)
            server.post(sent, path="/v1/test_events")
        server.stored(2, since=(now - 60) * 1_000_000)
        yield server


def become_admin(page: Page, link: str) -> None:
    """Use the first link."""
    page.goto(link)
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("Your name").fill(NAME)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("The same once more").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/welcome/" not in url)


def leave_traces(page: Page, base: str) -> None:
    """Keys, users, accounts and a token, so that lists are not empty."""
    page.goto(f"{base}{ACCOUNT}/settings/keys")
    for name in ("Web shop, production", "Tag server"):
        page.get_by_label("Name").fill(name)
        page.get_by_role("button", name="Generate").click()
    page.goto(f"{base}{ACCOUNT}/settings/users")
    for email, name, role in (
        ("ada@example.com", "Ada Lovelace", "Account admin"),
        ("mary@example.com", "Mary Somerville", "Analyst"),
    ):
        page.get_by_label("E-mail address").fill(email)
        page.get_by_label("Name (optional)").fill(name)
        page.get_by_label(role).check()
        page.get_by_role("button", name="Invite", exact=True).click()
    page.goto(f"{base}/organizations/demo/accounts")
    page.get_by_label("Id", exact=True).fill("empty")
    page.get_by_label("Name", exact=True).fill("An account without anything")
    page.get_by_role("button", name="Make the account").click()
    page.goto(f"{base}/profile")
    page.get_by_label("What is it for?").fill("Nightly report")
    page.get_by_role("button", name="Make a token").click()


def shoot(browser: Browser, state: object, base: str, folder: Path, pages: dict[str, str]) -> None:
    """Every page at every width in both schemes."""
    for scheme in SCHEMES:
        for width, (across, down) in WIDTHS.items():
            context: BrowserContext = browser.new_context(
                viewport={"width": across, "height": down},
                color_scheme=scheme,
                storage_state=state,
            )
            page = context.new_page()
            for name, path in pages.items():
                page.goto(base + path)
                page.wait_for_load_state("load" if name == "test-events" else "networkidle")
                page.screenshot(path=folder / f"{name}-{width}-{scheme}.png", full_page=True)
            context.close()


def main() -> None:
    """All of them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--to", type=Path, default=Path("docs/screenshots"))
    parser.add_argument("--only", default="", help="only pages whose name holds this")
    asked = parser.parse_args()
    asked.to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name, seeded(Path(name)) as server, chromium() as browser:
        link = next(line for line in server.output().splitlines() if "/welcome/" in line)
        base = "{0.scheme}://{0.netloc}".format(urlsplit(link))
        context = browser.new_context()
        page = context.new_page()
        become_admin(page, link)
        leave_traces(page, base)
        chosen = {name: path for name, path in PAGES.items() if asked.only in name}
        shoot(browser, context.storage_state(), base, asked.to, chosen)
        shoot(browser, None, base, asked.to, {name: path for name, path in DOORS.items() if asked.only in name})
        context.close()
    print(f"{len(list(asked.to.glob('*.png')))} pictures in {asked.to}")


if __name__ == "__main__":
    main()
