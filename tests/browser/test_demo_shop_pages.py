"""Every page of the demo shop, clicked through as a person would, and what it tells the pixel."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files

import pytest
from playwright.sync_api import Page

from browser.recorder import Pages, Recorder, snippet

SHOP = files("headgate") / "demo_shop"
ADA = "ada@example.com"


@pytest.fixture
def shop_door(page: Page, pages: Pages, recorder: Recorder, faults: list[str]) -> Iterator[Page]:
    """The shop's first page, open; nothing may have gone wrong in the shop until the end."""
    for entry in SHOP.iterdir():
        pages.documents[f"/{entry.name}"] = entry.read_text("utf-8").replace("{{snippet}}", snippet(recorder.origin))
    page.goto(pages.url("/index.html"))
    yield page
    assert faults == []


def buy(page: Page) -> str:
    """From the first page to the last; the order's id."""
    page.get_by_text("River mug").click()
    page.get_by_label("Quantity").fill("2")
    page.get_by_role("button", name="Add to cart").click()
    page.get_by_role("link", name="Go to the cart").click()
    page.get_by_role("button", name="One more River mug").click()
    page.get_by_role("link", name="Check out").click()
    page.get_by_role("button", name="Pay").click()
    page.get_by_role("heading", name="Thank you").wait_for()
    return page.locator("[data-order]").inner_text()


def test_a_purchase_fires_every_event_of_its_way(shop_door: Page, recorder: Recorder) -> None:
    order = buy(shop_door)
    # a page that is left may send its last event while the next sends its first
    events = sorted(recorder.await_events(9), key=lambda event: event["event_name"])
    assert [event["event_name"] for event in events] == [
        "ADD_TO_CART",
        "INITIATE_CHECKOUT",
        *["PAGE_VIEW"] * 5,
        "PURCHASE",
        "VIEW_CONTENT",
    ]
    purchase = events[7]
    assert purchase["event_id"] == order
    assert purchase["custom_data"] == {
        "order_id": order,
        "value": 72,
        "currency": "EUR",
        "num_items": 3,
        "content_type": "product",
        "contents": [{"id": "mug-river", "quantity": 3, "price": 24}],
    }
    assert ADA not in "".join(request.everything() for request in recorder.requests)
    assert shop_door.get_by_text("Pixel: 9 calls").is_visible()


def test_loading_the_last_page_again_sends_the_same_event_id(shop_door: Page, recorder: Recorder) -> None:
    order = buy(shop_door)
    shop_door.reload()
    recorder.await_events(11)
    purchases = [event["event_id"] for event in recorder.events() if event["event_name"] == "PURCHASE"]
    assert purchases == [order, order]


@pytest.mark.parametrize("width", [360, 1440])
def test_no_page_is_wider_than_the_window_and_an_empty_shop_says_so(shop_door: Page, pages: Pages, width: int) -> None:
    shop_door.set_viewport_size({"width": width, "height": 800})
    for path, title in {
        "/index.html": "Stoneware from the old mill",
        "/product.html?id=lamp-lock": "Lock lamp",
        "/product.html?id=nothing": "We do not make this",
        "/cart.html": "Your cart is empty",
        "/checkout.html": "There is nothing to check out",
        "/thanks.html": "There is no order yet",
    }.items():
        shop_door.goto(pages.url(path))
        assert shop_door.get_by_role("heading", level=1).inner_text() == title
        assert shop_door.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_panel_shows_the_calls_and_refuses_the_cookie(shop_door: Page, recorder: Recorder) -> None:
    recorder.await_events(1)
    shop_door.locator(".log[open] [data-cookie]", has_text="_hg_aFC=hg.1.").wait_for()
    shop_door.get_by_role("button", name="Refuse").click()
    shop_door.get_by_text("no cookie").wait_for()
    assert shop_door.context.cookies() == []
    shop_door.get_by_text("consent false").click()
    assert shop_door.get_by_text('headgate("consent", false)').is_visible()
    shop_door.get_by_role("button", name="Clear").click()
    assert shop_door.get_by_text("No call yet").is_visible()
    # the shop remembers the refusal for its other pages
    recorder.taken.clear()
    shop_door.get_by_role("link", name="Cart").click()
    (event,) = recorder.await_events(1)
    assert event["user_data"] == {}
    assert shop_door.context.cookies() == []
