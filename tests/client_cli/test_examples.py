"""The examples, each run against the emulator as a reader would run it."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from headgate_client import AsyncQueue, Queue
from headgate_client.testing import Emulator

EXAMPLES = Path(__file__).parents[2] / "examples"
ORDER = {"id": "981", "email": "Jane+shop@Example.com", "total": "59.90"}
EM = sha256(b"jane@example.com").hexdigest()


def _is_the_purchase(emulator: Emulator) -> bool:
    [event] = emulator.kept
    bought = {"value": 59.9, "currency": "EUR", "order_id": "981"}
    return (event["event_id"], event["user_data"]["em"], event["custom_data"]) == ("order-981", EM, bought)


def test_every_example_is_short() -> None:
    files = sorted(EXAMPLES.glob("*.py"))
    assert len(files) == 5
    assert [file.name for file in files if len(file.read_text().splitlines()) >= 40] == []


def test_the_flask_checkout_reports_a_purchase_once(headgate_emulator: Emulator) -> None:
    from flask_checkout import make_app  # noqa: PLC0415 - takes its framework

    headgate_emulator.inject("reset-after", "500")
    queue = Queue(headgate_emulator.client())
    page = make_app(queue).test_client()
    assert page.post("/checkout", json=ORDER).json == {"event_id": "order-981"}
    assert page.post("/checkout", json=ORDER | {"email": "nobody"}).json == {"event_id": None}
    assert queue.close().all_accepted
    assert _is_the_purchase(headgate_emulator)
    assert headgate_emulator.kept[0]["user_data"]["client_ip_address"] == "127.0.0.1"


async def test_the_fastapi_checkout_reports_a_purchase_once(headgate_emulator: Emulator) -> None:
    import httpx  # noqa: PLC0415 - here only
    from fastapi_checkout import make_app  # noqa: PLC0415 - takes its framework

    headgate_emulator.inject("reset-after", "500")
    queue = AsyncQueue(headgate_emulator.async_client())
    page = httpx.ASGITransport(make_app(queue))
    async with httpx.AsyncClient(transport=page, base_url="http://shop") as browser:
        answer = await browser.post("/checkout", json=ORDER)
        refused = await browser.post("/checkout", json=ORDER | {"email": "nobody"})
    assert "user_data.em: is neither an e-mail address" in refused.json()["not_reported"]
    assert answer.json() == {"event_id": "order-981"}
    assert (await queue.close()).all_accepted
    assert _is_the_purchase(headgate_emulator)


def test_the_django_checkout_reports_a_purchase_once(headgate_emulator: Emulator) -> None:
    import django  # noqa: PLC0415 - takes its framework
    from django.conf import settings  # noqa: PLC0415 - the same
    from django.test import RequestFactory  # noqa: PLC0415 - the same

    if not settings.configured:
        settings.configure(SECRET_KEY="for tests", ALLOWED_HOSTS=["*"])
        django.setup()
    from django_checkout import checkout_view  # noqa: PLC0415 - the same

    queue = Queue(headgate_emulator.client())
    view = checkout_view(queue)
    page = RequestFactory()
    answer = view(page.post("/checkout", ORDER, content_type="application/json"))
    assert json.loads(answer.content) == {"order": "981", "event_id": "order-981"}
    refused = view(page.post("/checkout", ORDER | {"email": "nobody"}, content_type="application/json"))
    assert "user_data.em: is neither an e-mail address" in json.loads(refused.content)["not_reported"]
    assert queue.close().all_accepted
    assert _is_the_purchase(headgate_emulator)


@pytest.fixture
def environment(headgate_emulator_url: str) -> dict[str, str]:
    return {
        **os.environ,
        "HEADGATE_API_URL": headgate_emulator_url,
        "HEADGATE_API_KEY": "k",
        "HEADGATE_API_GROUP": "shop",
    }


def _run(name: str, environment: dict[str, str], *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(EXAMPLES / name), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=60)


def test_the_nightly_upload_may_run_twice(
    headgate_emulator: Emulator, environment: dict[str, str], tmp_path: Path
) -> None:
    now = int(headgate_emulator.clock())
    with sqlite3.connect(tmp_path / "crm.db") as database:
        database.execute("CREATE TABLE sales (id INTEGER, email TEXT, phone TEXT, total TEXT, sold_at REAL)")
        sales = [(1, "a@example.com", None, "10.00", now - 60), (2, None, "+49 30 1", "5", now - 3600)]
        sales += [(3, "nobody", None, "1", now - 60), (4, "old@example.com", None, "1", now - 90_000_0)]
        database.executemany("INSERT INTO sales VALUES (?, ?, ?, ?, ?)", sales)
    database.close()
    headgate_emulator.access.set_identifiers("extended")
    for _ in range(2):
        run = _run("nightly_crm.py", environment, tmp_path / "crm.db")
        assert (run.returncode, run.stdout) == (0, "2 of 2 events accepted\n"), run.stderr
        assert run.stderr.startswith("sale 3 left out: user_data.em: is neither")
    assert [event["event_id"] for event in headgate_emulator.kept] == ["sale-1", "sale-2"]


def test_the_outbox_keeps_what_was_not_delivered_and_marks_the_rest(
    headgate_emulator: Emulator, environment: dict[str, str], tmp_path: Path
) -> None:
    from outbox_cron import SCHEMA, send_outbox  # noqa: PLC0415 - beside its test

    now = int(headgate_emulator.clock())
    good = {
        "event_id": "1",
        "event_name": "LEAD",
        "event_type": "conversion",
        "event_time": now,
        "user_data": {"em": EM},
    }
    database = sqlite3.connect(tmp_path / "shop.db")
    with database:
        database.execute(SCHEMA)
        database.executemany(
            "INSERT INTO outbox (event) VALUES (?)", [(json.dumps(good),), (json.dumps(good | {"event_name": "X"}),)]
        )
    headgate_emulator.inject("401")
    assert len(send_outbox(headgate_emulator.client(), database).undelivered) == 2
    assert database.execute("SELECT count(*) FROM outbox WHERE state = 'new'").fetchone() == (2,)
    run = _run("outbox_cron.py", environment, tmp_path / "shop.db")
    assert run.returncode == 0, run.stderr
    states = [state for (state,) in database.execute("SELECT state FROM outbox ORDER BY id")]
    assert states[0] == "sent"
    assert states[1].startswith('rejected: {"event_name": "Invalid event name: X.')
    assert _run("outbox_cron.py", environment, tmp_path / "shop.db").stdout == "0 of 0 events accepted\n"
    database.close()
    assert [event["event_id"] for event in headgate_emulator.kept] == ["1"]
