"""Every minute, from cron, and no broker: the shop writes events into a table with the order, this sends them."""

import json
import os
import sqlite3
import sys

from headgate_client import Client, Outcome

SCHEMA = "CREATE TABLE IF NOT EXISTS outbox (id INTEGER PRIMARY KEY, event TEXT NOT NULL, state TEXT DEFAULT 'new')"
_WAITING = "SELECT id, event FROM outbox WHERE state = 'new' ORDER BY id LIMIT 10000"


def send_outbox(client: Client, database: sqlite3.Connection) -> Outcome:
    """Send what waits and mark what has its verdict; a crash in between sends it again, under the same `event_id`."""
    rows = database.execute(_WAITING).fetchall()
    outcome = client.send(json.loads(text) for _, text in rows)
    waiting = {lost.index for lost in outcome.undelivered}
    rejected = {bad.index: json.dumps(dict(bad.errors)) for bad in outcome.rejected}
    with database:
        for index, (number, _) in enumerate(rows):
            if index not in waiting:
                state = f"rejected: {rejected[index]}" if index in rejected else "sent"
                database.execute("UPDATE outbox SET state = ? WHERE id = ?", (state, number))
    return outcome


if __name__ == "__main__":
    outbox = sqlite3.connect(sys.argv[1])
    outbox.execute(SCHEMA)
    with Client(*(os.environ[f"HEADGATE_API_{name}"] for name in ("URL", "KEY", "GROUP"))) as to_server:
        sent = send_outbox(to_server, outbox)
    print(sent.summary())
    sys.exit(1 if sent.undelivered else 0)
