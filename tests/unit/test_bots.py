"""Programs that look at pages and say who they are."""

from __future__ import annotations

import msgspec
import pytest

from headgate.log.base import Row
from headgate.stream.bots import put_bot
from headgate.stream.conversion import Conversion, read
from headgate.stream.dedup import Recall
from headgate.testing import good_event
from headgate_contract.event import Receipt

CRAWLER = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"


def conversion(source: str, user_data: dict[str, str]) -> Conversion:
    receipt = Receipt(
        request_id="r",
        received_at=0,
        event_group_id="g",
        account_id="a",
        key_id="k",
        source=source,
        received=1,
        accepted=1,
    )
    line = msgspec.json.encode(good_event("e", user_data=user_data, custom_data=None))
    return read(0, Row("edge-0", 1, 0, [receipt], 1), receipt, line)


@pytest.mark.parametrize(
    ("source", "user_data", "bot"),
    [
        ("pixel", {"client_user_agent": CRAWLER}, True),
        ("pixel", {"client_user_agent": BROWSER}, False),
        ("pixel", {}, False),
        ("api", {"client_user_agent": CRAWLER}, False),
    ],
)
def test_a_page_looked_at_by_a_crawler_is_marked(source: str, user_data: dict[str, str], *, bot: bool) -> None:
    looked_at = conversion(source, user_data)
    put_bot(looked_at, Recall())
    assert (looked_at.bot, looked_at.status) == (bot, "kept")
