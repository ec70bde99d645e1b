"""The inside port: who is let in, what is answered, and the metrics of all processes as one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from headgate.desk.app import Desk, desk_app
from headgate.errors import LogUnavailable, StoreUnavailable
from headgate.processes.shared_metrics import FILES

TOKEN = {"Authorization": "Bearer the-token"}


class Shelf:
    """A store that answers queries from a table; numbers count as failures to come."""

    def __init__(self) -> None:
        self.answers: dict[str, list[dict[str, Any]]] = {}
        self.asked: list[tuple[str, Mapping[str, Any]]] = []
        #: queries that still succeed before the store is gone; None for ever
        self.good: int | None = None

    def query(self, name: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        self.asked.append((name, parameters or {}))
        if self.good is not None:
            if not self.good:
                raise StoreUnavailable("the store is gone")
            self.good -= 1
        if name == "rejections":
            span = parameters or {}
            return [{"n": n} for n in range(span["last_block"], span["first_block"] - 1, -1)]
        return self.answers.get(name, [])


class Site:
    """A desk under test, and what it stands on."""

    def __init__(self, folder: Path) -> None:
        self.store = Shelf()
        self.trouble: str | None = None
        self.log_is_there = True
        self.folder = folder
        desk = Desk(self.store, "the-token", self.behind, lambda: self.trouble, str(folder))  # type: ignore[arg-type]
        self.client = TestClient(desk_app(desk), raise_server_exceptions=False)

    def behind(self) -> int:
        if not self.log_is_there:
            raise LogUnavailable
        return 7

    def get(self, path: str, **asked: Any) -> Any:
        return self.client.get(path, params=asked, headers=TOKEN)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    with made.client:
        yield made


@pytest.mark.parametrize("path", ["/api/events?group=g", "/api/rejections", "/api/trace?event_id=e", "/api/reconcile"])
@pytest.mark.parametrize("shown", [None, "", "Bearer", "Bearer ", "Bearer the-tokem", "Basic the-token", "Bearer é"])
def test_reports_are_for_who_has_the_token(site: Site, path: str, shown: str | None) -> None:
    headers = {} if shown is None else {"Authorization": shown.encode("latin-1")}
    answer = site.client.get(path, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, 401)
    assert "the-token" not in answer.text
    assert site.store.asked == []


@pytest.mark.parametrize("path", ["/", "/api", "/docs", "/schema", "/schema/openapi.json", "/v1/events"])
def test_there_is_nothing_else_to_see(site: Site, path: str) -> None:
    answer = site.get(path)
    assert (answer.status_code, answer.json()) == (404, {"code": 404, "description": "Not Found"})


@pytest.mark.parametrize(
    ("path", "asked", "named"),
    [
        ("/api/events", {}, "group"),
        ("/api/events", {"group": "g", "limit": "some"}, "limit: "),
        ("/api/events", {"group": "g", "limit": -1}, "limit: "),
        ("/api/events", {"group": "g", "since": -1}, "since: "),
        ("/api/events", {"group": "g", "since": 2**63}, "since: "),
        ("/api/events", {"group": "g", "status": "odd"}, "status: "),
        ("/api/trace", {}, "event_id"),
        ("/api/reconcile", {"since": "today"}, "since: "),
    ],
)
def test_a_parameter_that_is_wrong_is_named(site: Site, path: str, asked: dict[str, Any], named: str) -> None:
    answer = site.get(path, **asked)
    assert answer.status_code == 400
    assert named in answer.json()["description"]
    assert site.store.asked == []


def test_a_long_report_is_a_stream_of_lines(site: Site) -> None:
    site.store.answers["rejection_blocks"] = [{"block": n, "events": 1} for n in range(5000, 0, -1)]
    answer = site.get("/api/rejections", limit=0)
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    assert answer.text.splitlines() == [f'{{"n":{n}}}' for n in range(5000, 0, -1)]
    assert len(site.get("/api/rejections", limit=3).text.splitlines()) == 3
    assert site.get("/api/events", group="g").text == ""


def test_a_store_that_is_away_is_an_answer_and_no_empty_report(site: Site) -> None:
    site.store.good = 0
    for path in ("/api/rejections", "/api/reconcile"):
        answer = site.get(path)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert answer.json() == {"code": 503, "description": "the store is gone"}


def test_a_report_that_breaks_off_does_not_look_complete(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.store.answers["rejection_blocks"] = [{"block": n, "events": 1} for n in range(5000, 0, -1)]
    site.store.good = 2
    strict = TestClient(site.client.app)
    with strict, pytest.raises(Exception, match="after response started"):
        strict.get("/api/rejections", params={"limit": 0}, headers=TOKEN)


def test_readiness_says_what_is_wrong_and_how_far_the_store_is_behind(site: Site) -> None:
    assert site.client.get("/readyz").json() == {"code": 200, "description": "ready", "rows_behind": 7}
    site.trouble = "stopped: a run of dead letters"
    answer = site.client.get("/readyz")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert answer.json()["description"] == "stopped: a run of dead letters"
    site.log_is_there = False
    assert site.client.get("/readyz").status_code == 503


COUNTING = """
import sys
from headgate.processes.shared_metrics import share_metrics
share_metrics(sys.argv[1], sys.argv[2])
import prometheus_client
from headgate.edge.metrics import EdgeMetrics
metrics = EdgeMetrics(prometheus_client.REGISTRY)
metrics.answered("/v1/events", 200)
metrics.committed(0.001, 1, 100)
metrics.flush()
"""


def count_once(name: str, folder: Path) -> None:
    environment = {"PROMETHEUS_MULTIPROC_DIR": str(folder), "PATH": ""}
    subprocess.run([sys.executable, "-c", COUNTING, name, str(folder)], check=True, env=environment)


def test_metrics_are_those_of_all_processes_and_of_those_that_ended(site: Site) -> None:
    for name in ("edge-0", "edge-1", "edge-0"):
        count_once(name, site.folder)
    lines = site.client.get("/metrics").text.splitlines()
    assert 'headgate_edge_requests_total{code="200",path="/v1/events"} 3.0' in lines
    assert "headgate_edge_commit_seconds_count 3.0" in lines
    assert [line for line in lines if line.startswith("headgate_core_rows_behind")] == ["headgate_core_rows_behind 7.0"]
    assert sorted(path.name for path in site.folder.iterdir()) == [
        f"{kind}_edge-{number}.db" for kind in FILES for number in (0, 1)
    ]
    # the space is there, whatever the disk is like when it is needed
    assert all(path.stat().st_blocks * 512 >= 64 * 1024 for path in site.folder.iterdir())


def test_metrics_are_shown_without_the_lag_where_the_log_cannot_be_read(site: Site) -> None:
    site.log_is_there = False
    answer = site.client.get("/metrics")
    assert answer.status_code == 200
    assert "rows_behind" not in answer.text
