"""The console as people meet it: a real server, a real browser, wide and narrow, light and dark, with and without scripts."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from screenshots import ACCOUNT, DOORS, GROUP, PAGES, PASSWORD, WIDTHS

from server import Server, headgate, until

LOOK = """() => axe.run(document, {resultTypes: ["violations"]}).then(found => found.violations
  .filter(each => ["serious", "critical"].includes(each.impact))
  .map(each => each.id + ": " + each.nodes.map(node => node.target.join(" ") + " " + node.failureSummary).join(" | ")))"""


@pytest.mark.usefixtures("admin")
def test_the_first_link_is_printed_as_long_as_there_is_no_user(server: Server) -> None:
    link = next(line for line in server.output().splitlines() if "/welcome/" in line)
    assert httpx.get(link).status_code == 404
    assert "grace@example.com" in headgate(server.data, "users", "list", "--json").stdout


# how wide a page is does not hang on its colours, nor what is said of it on either
@pytest.mark.parametrize(("width", "scheme"), [("wide", "light"), ("narrow", "dark")])
def test_no_page_is_hard_to_use_or_wider_than_the_screen(
    server: Server, browser: Browser, admin: BrowserContext, axe: str, width: str, scheme: str
) -> None:
    across, down = WIDTHS[width]
    found: list[str] = []
    for pages, state in ((PAGES, admin.storage_state()), (DOORS, None)):
        # the policy of the pages keeps out every script that is not theirs, this one too
        context = browser.new_context(
            viewport={"width": across, "height": down},
            color_scheme=scheme,  # type: ignore[arg-type]
            storage_state=state,  # type: ignore[arg-type]
            base_url=server.demo["desk_url"],
            bypass_csp=True,
        )
        page = context.new_page()
        for name, path in pages.items():
            page.goto(path)
            if (is_wide := page.evaluate("document.documentElement.scrollWidth")) > across:
                found.append(f"{name} is {is_wide} px wide")
            page.evaluate(axe)
            found += [f"{name}: {each}" for each in page.evaluate(LOOK)]
        context.close()
    assert found == []


def test_long_names_stay_on_a_narrow_screen(server: Server, admin: BrowserContext) -> None:
    desk = server.demo["desk_url"]
    headers = {"Authorization": f"Bearer {(server.data / 'operator-token').read_text().strip()}"}
    name = "متجر كبير " + "W" * 150
    for path, id_ in (("organizations/demo/accounts", "long"), ("accounts/long/groups", "long_site")):
        assert httpx.post(f"{desk}/api/{path}", json={"id": id_, "name": name}, headers=headers).status_code == 201
    page = admin.new_page()
    page.set_viewport_size({"width": 360, "height": 740})
    group = "/accounts/long/groups/long_site"
    for path in (
        "/accounts",
        "/accounts/long",
        group,
        *(f"{group}/{end}" for end in ("settings", "connect", "events", "trace")),
    ):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") == 360, path
    page.close()


def test_a_key_is_made_copied_used_and_revoked(server: Server, page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{ACCOUNT}/settings/keys")
    page.get_by_label("Name").fill("Browser test")
    page.get_by_role("button", name="Generate").click()
    key = page.locator("#key").inner_text()
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == key
    event = {"event_name": "LEAD", "event_type": "conversion", "event_time": 1_700_000_000, "event_source": "website"}
    event["user_data"] = {"em": "ada@example.com"}  # type: ignore[assignment]
    until(lambda: server.post(event, key=key).status_code == 200)
    until(lambda: any(line["used_at"] for line in _keys(server)))
    page.get_by_role("link", name="Revoke Browser test").click()
    confirm = page.get_by_role("button", name="Revoke the key")
    expect(confirm).to_be_disabled()
    page.get_by_label("to confirm").fill("Browser test")
    confirm.click()
    expect(page.get_by_role("status")).to_contain_text("The key is revoked")
    until(lambda: server.post(event, key=key).status_code == 401)


def _keys(server: Server) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.desk.get("/api/accounts/demo/keys").json()
    return found


def test_an_invited_user_gets_in_and_sees_what_the_role_allows(server: Server, page: Page, browser: Browser) -> None:
    page.goto(f"{ACCOUNT}/settings/users")
    page.get_by_label("E-mail address").fill("mary@example.org")
    page.get_by_label("Viewer").check()
    page.get_by_role("button", name="Invite", exact=True).click()
    link = page.locator("#link").inner_text()
    context = browser.new_context(base_url=server.demo["desk_url"])
    guest = context.new_page()
    guest.goto(link)
    guest.get_by_label("Your name").fill("Mary")
    guest.get_by_label("Password", exact=True).fill(PASSWORD)
    guest.get_by_label("The same once more").fill(PASSWORD)
    guest.get_by_role("button", name="Sign in").click()
    expect(guest.get_by_role("heading", name="Event groups")).to_be_visible()
    expect(guest.get_by_role("link", name="API keys")).to_have_count(0)
    answer = guest.goto(f"{ACCOUNT}/settings/keys")
    assert answer
    assert answer.status == 403
    context.close()


@pytest.mark.usefixtures("admin")
def test_everything_works_without_scripts(server: Server, browser: Browser) -> None:
    context = browser.new_context(base_url=server.demo["desk_url"], java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{GROUP}/settings")
    page.get_by_label("E-mail address").fill("grace@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Name", exact=True).fill("Renamed")
    page.get_by_label("Extended").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_have_text("Saved.")
    page.locator("summary", has_text="Grace").click()
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.locator("summary", has_text="Grace").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("status")).to_have_text("You are signed out.")
    context.close()


def test_the_keyboard_reaches_the_content_first_and_menus_close(page: Page) -> None:
    page.goto(ACCOUNT)
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.goto(ACCOUNT)
    menu = page.locator("summary", has_text="Demo account")
    menu.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="All accounts and organizations")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="All accounts and organizations")).to_be_hidden()
    expect(menu).to_be_focused()


def test_a_script_in_the_page_that_is_not_ours_does_not_run(admin: BrowserContext) -> None:
    page = admin.new_page()
    page.goto(ACCOUNT)
    page.evaluate("""() => { const made = document.createElement("script"); made.textContent = "window.ran = true";
      document.body.append(made); }""")
    page.evaluate(
        """() => { document.body.insertAdjacentHTML("beforeend", "<img src=x onerror='window.ran = true'>"); }"""
    )
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.ran") is None
    page.close()


def test_what_looks_for_trouble_finds_it(browser: Browser, axe: str) -> None:
    page = browser.new_page()
    page.set_content("<html lang=en><title>x</title><main><h1>x</h1><img src='data:,'><input></main></html>")
    page.evaluate(axe)
    assert [each.partition(":")[0] for each in page.evaluate(LOOK)] == ["image-alt", "label"]
    page.close()
