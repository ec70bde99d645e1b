"""Nightly, from cron: report yesterday's shop sales from the CRM's database. May run twice: ids are those of the sales."""

import os
import sqlite3
import sys
import time
from collections.abc import Iterator

from headgate_client import Client, Event, InvalidEvent, Outcome, custom_data, event, user_data

_SALES = "SELECT id, email, phone, total, sold_at FROM sales WHERE sold_at >= ? ORDER BY id"


def events_of(database: sqlite3.Connection, since: float) -> Iterator[Event]:
    """An event for each sale. Personal values are hashed here; a sale without a usable one is left out and told."""
    for number, email, phone, total, sold_at in database.execute(_SALES, (since,)):
        try:
            customer = user_data(email=email, phone=phone)
            bought = custom_data(value=total, currency="EUR", order_id=str(number))
            yield event("PURCHASE", customer, custom_data=bought, event_time=int(sold_at), event_id=f"sale-{number}")
        except InvalidEvent as why:
            print(f"sale {number} left out: {why}", file=sys.stderr)


def report(client: Client, database: sqlite3.Connection, now: float) -> Outcome:
    """Send the sales of the last 26 hours: two more than a day, so that a late run leaves no gap."""
    return client.send(events_of(database, now - 26 * 3600))


if __name__ == "__main__":
    with Client(*(os.environ[f"HEADGATE_API_{name}"] for name in ("URL", "KEY", "GROUP"))) as to_server:
        outcome = report(to_server, sqlite3.connect(sys.argv[1]), time.time())
    print(outcome.summary())
    sys.exit(0 if outcome.all_accepted else 1)
