"""`headgate demo shop`, clicked through: every call of its pages is found again behind the real server."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

from server import headgate, serving, shop, until


def test_a_purchase_in_the_demo_shop_is_found_behind_the_server(page: Page, tmp_path: Path, faults: list[str]) -> None:
    refused = headgate(tmp_path, "demo", "shop", "--port", "0")
    assert (refused.returncode, "there is no registry" in refused.stderr) == (1, True)
    with serving(tmp_path / "data") as server, shop(server.data) as url:
        page.goto(f"{url}/")
        page.locator("main a[href*='product.html']").first.click()
        page.get_by_role("button", name="Add to cart").click()
        page.goto(f"{url}/checkout.html")
        page.locator("main button").last.click()
        page.wait_for_url("**/thanks.html")
        wanted = {"PAGE_VIEW", "VIEW_CONTENT", "ADD_TO_CART", "INITIATE_CHECKOUT", "PURCHASE"}
        until(lambda: wanted <= {row["event_name"] for row in server.events(status="kept")})
        (purchase,) = [row for row in server.events(status="kept") if row["event_name"] == "PURCHASE"]
        assert (purchase["source"], purchase["event_id"]) == ("pixel", purchase["order_id"])
        assert purchase["custom_data"]["contents"][0]["price"] > 0
        assert page.goto(f"{url}/nowhere").status == 404  # type: ignore[union-attr]
    assert faults == []
