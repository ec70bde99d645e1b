"""`just bench-console`: the time the server takes for every report and page of the console over ten million events."""

from __future__ import annotations

import argparse
import secrets
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from litestar.testing import TestClient

from bench import servers
from bench.console_rows import DAYS, GROUP, fill
from headgate.desk.app import Console, Desk, desk_app
from headgate.desk.passwords import Passwords
from headgate.edge.pixel_script import base_code
from headgate.registry import accounts, event_groups, organizations
from headgate.registry.base import Registry
from headgate.reports.clocks import clocks
from headgate.reports.coverage import coverage
from headgate.reports.delay import delays
from headgate.reports.digests import digests
from headgate.reports.event_list import Narrowed, event_list, read_place
from headgate.reports.group_status import group_status
from headgate.reports.match_quality import match_quality
from headgate.reports.near_duplicates import near_duplicates
from headgate.reports.over_time import events_over_time, outcomes_over_time
from headgate.reports.overlap import overlap
from headgate.reports.recent import newest_part
from headgate.reports.rejection_reasons import rejection_reasons
from headgate.reports.span import DAY, Asked, asked
from headgate.reports.totals import choices, totals
from headgate.reports.trace import trace
from headgate.store.base import Store
from headgate.store.clickhouse import open_embedded

AIM = 300
ZONE = "America/New_York"


def reports(store: Store, whole: Asked, now: int) -> dict[str, Callable[[], Any]]:
    """What is measured: each report over all there is."""
    day = asked(GROUP, whole.last - DAY, whole.last)
    middle = read_place(f"{(whole.first + whole.last) // 2 * 1_000_000}.0.0.0")
    return {
        "totals": lambda: totals(store, whole),
        "names and sources": lambda: choices(store, whole),
        "events over time": lambda: events_over_time(store, whole, time_zone=ZONE),
        "events over time, one day": lambda: events_over_time(store, day, time_zone=ZONE),
        "events over time, two hours": lambda: events_over_time(store, asked(GROUP, whole.last - 7200, whole.last)),
        "outcomes over time": lambda: outcomes_over_time(store, whole, time_zone=ZONE),
        "arrival delay": lambda: delays(store, whole),
        "match-key coverage": lambda: coverage(store, whole),
        "match quality": lambda: match_quality(store, whole),
        "pixel and API overlap": lambda: overlap(store, whole),
        "state of the group": lambda: group_status(store, [GROUP], now=now),
        "rejections by reason": lambda: rejection_reasons(store, whole),
        "nearly caught duplicates": lambda: near_duplicates(store, newest_part(store, whole)),
        "clock skew": lambda: clocks(store, newest_part(store, whole)),
        "digest findings": lambda: digests(store, newest_part(store, whole)),
        "events, newest page": lambda: event_list(store, whole, Narrowed()),
        "events, all received": lambda: event_list(store, whole, Narrowed(status="received")),
        "events, a page amid": lambda: event_list(store, whole, Narrowed(), after=middle),
        "events, duplicates without em": lambda: event_list(
            store, whole, Narrowed(status="duplicate", without_key="em")
        ),
        "events, rejections of a reason": lambda: event_list(
            store, whole, Narrowed(status="rejected", field="event_time")
        ),
        "events, none to be found": lambda: event_list(store, whole, Narrowed(key_id="no such key")),
        "trace of an event": lambda: trace(store, "event-5000006", GROUP),
    }


def pages(folder: Path, store: Store, whole: Asked, now: int) -> dict[str, Callable[[], Any]]:
    """Each page over all there is, from request to the last byte, as an admin gets it."""
    registry = Registry.at("", folder.parent / "registry.db")
    registry.migrate()
    with registry.change(by="bench", now=now) as change:
        if organizations.find(change.connection, "bench") is None:
            organizations.create(change, "bench", name="Bench")
            accounts.create(change, "bench", organization_id="bench", name="Bench")
            accounts.update_entry(change, "bench", time_zone=ZONE)
            event_groups.create(change, GROUP, account_id="bench", name="Bench website")
    console = Console(
        registry=registry,
        signing_key=Ed25519PrivateKey.generate(),
        passwords=Passwords(),
        clock=lambda: now,
        secret=lambda: secrets.token_urlsafe(32),
        edge_url="https://events.example.com",
        base_code=base_code,
    )
    client = TestClient(desk_app(Desk(store, "operator", lambda: 0, lambda: None, "", console)))
    client.headers.update({"Authorization": "Bearer operator", "Accept": "text/html"})
    path, span = f"/accounts/bench/groups/{GROUP}", f"first={whole.first}&last={whole.last}"

    def get(address: str) -> Callable[[], Any]:
        return lambda: _answered(client.get(address))

    return {
        "event groups": get("/accounts/bench"),
        "overview, 60 days": get(f"{path}?{span}"),
        "overview, 7 days": get(f"{path}?range=7d"),
        "overview, 60 days of purchases": get(f"{path}?{span}&event_name=PURCHASE"),
        "overview, overlap": get(f"{path}?{span}&part=overlap"),
        "events": get(f"{path}/events?{span}"),
        "events, rejected": get(f"{path}/events?{span}&status=rejected"),
        "test events": get(f"{path}/test-events"),
        **{
            f"diagnostics, {part or 'first'}": get(f"{path}/diagnostics?{span}&part={part}")
            for part in ("", "near", "senders", "quality")
        },
        "event trace": get(f"{path}/trace?event_id=event-5000006"),
        "connect": get(f"{path}/connect"),
    }


def _answered(answer: Any) -> None:
    if answer.status_code != 200:
        raise SystemExit(f"{answer.url} answered {answer.status_code}: {answer.text[:500]}")


class Taken(NamedTuple):
    """Milliseconds: median and 95th percentile by the clock, and of processors in the mean."""

    middle: float
    most: float
    busy: float


def measure(run: Callable[[], Any], times: int) -> Taken:
    """Run it once to warm up, then so many times."""
    run()
    taken = []
    busy = time.process_time()
    for _ in range(times):
        began = time.perf_counter()
        run()
        taken.append((time.perf_counter() - began) * 1000)
    busy = (time.process_time() - busy) * 1000 / times
    return Taken(statistics.median(taken), statistics.quantiles(taken, n=20)[-1] if times > 1 else taken[0], busy)


def table(title: str, measured: dict[str, Callable[[], Any]], times: int) -> None:
    print(f"\n| {title} | p50 ms | p95 ms | processor ms |\n|---|---:|---:|---:|", flush=True)
    for name, run in measured.items():
        middle, most, busy = measure(run, times)
        over = " **over the aim**" if most > AIM else ""
        print(f"| {name} | {middle:.0f} | {most:.0f}{over} | {busy:.0f} |", flush=True)


def main() -> None:
    """Fill a store, or take the one that is named, and measure."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--events", type=int, default=10_000_000)
    options.add_argument("--times", type=int, default=20, help="each is run (default 20)")
    options.add_argument("--keep", type=Path, help="folder of the store: used when it is there, else made and kept")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="headgate-bench-", dir=Path.cwd()) as scratch:
        run(chosen.keep or Path(scratch) / "store", chosen.events, chosen.times)


def run(folder: Path, events: int, times: int) -> None:
    """Measure on the store in this folder."""
    print(f"Machine: {servers.machine()}", flush=True)
    if not folder.exists():
        began = time.perf_counter()
        fill(folder, events, int(time.time()))
        print(f"{events:,} events over {DAYS} days made in {time.perf_counter() - began:.0f} s", flush=True)
    store = open_embedded(folder)
    store.migrate()
    newest = store.query("newest_receipt", {"event_group_id": GROUP})[0]["received_at"] // 1_000_000
    table("report", reports(store, asked(GROUP, newest - DAYS * DAY, newest + 1), newest), times)
    table("page", pages(folder, store, asked(GROUP, newest - DAYS * DAY, newest + 1), newest), times)
    store.close()


if __name__ == "__main__":
    main()
