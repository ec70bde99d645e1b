"""`headgate serve`, from the outside: what a newcomer, a sender and an operator meet."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import stat
import subprocess
import threading
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from headgate.testing import good_event
from server import Server, headgate, serving, shop, start, until

NOW = 1_700_000_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("serve") / "data") as running:
        yield running


def event(event_id: str, **changes: object) -> dict[str, object]:
    changed = good_event(event_id, event_time=NOW, custom_data={"value": 12.5, "currency": "EUR"}, **changes)
    return {**changed, "user_data": changes.get("user_data", {"em": sha256(event_id.encode()).hexdigest()})}


def test_the_printed_curl_line_is_accepted_and_the_printed_command_finds_the_event(server: Server) -> None:
    curl = next(line for line in server.output().splitlines() if line.startswith("curl "))
    answer = subprocess.run(["bash", "-c", f"{curl} -s"], capture_output=True, text=True, check=True)
    assert answer.stdout == (
        '{"code":200,"description":"all events were processed","events_received":1,"failed_events":[]}'
    )
    event_id = re.search(r"order-\d+", curl)
    assert event_id
    began = time.monotonic()
    until(lambda: event_id[0] in headgate(server.data, "events", "--group", "demo_website").stdout, 10)
    assert time.monotonic() - began < 10


def test_demo_json_is_for_its_owner_only_and_holds_what_scripts_need(server: Server) -> None:
    assert stat.S_IMODE((server.data / "demo.json").stat().st_mode) == 0o600
    assert sorted(server.demo) == ["api_key", "desk_url", "edge_url", "event_group_id"]


def test_an_event_can_be_traced_from_receipt_to_store(server: Server) -> None:
    assert server.post(event("traced"), event("traced")).status_code == 200
    server.stored(2)
    told = until(lambda: headgate(server.data, "trace", "traced").stdout)
    assert '"outcome":"kept"' in told
    assert '"outcome":"duplicate"' in told
    assert '"seconds_apart":0' in told
    missing = headgate(server.data, "trace", "never-sent")
    assert (missing.returncode, missing.stderr) == (1, "No event never-sent was received.\n")


def test_every_event_is_accounted_for(server: Server) -> None:
    answer = server.post(event("counted"), {"event_name": "NO_SUCH"}, event("counted"))
    assert answer.status_code == 210
    until(lambda: [row for row in server.events() if row["event_id"] == "counted"])
    books = headgate(server.data, "reconcile")
    assert books.returncode == 0, books.stdout + books.stderr
    assert '"adds_up":true' in books.stdout
    assert '"adds_up":false' not in books.stdout


def test_a_rejected_event_is_kept_without_what_it_said_of_a_person(server: Server) -> None:
    secret = {"em": "grace.hopper@example.org", "ph": "+1 202 555 0143", "fn": "Grace", "is_hashed": True}
    assert server.post(event("refused", user_data=secret)).status_code == 400
    told = until(lambda: "refused" in (out := headgate(server.data, "rejections").stdout) and out)
    assert "must be a SHA-256 digest" in str(told)
    assert "user_data.em" in str(told)
    assert "grace" not in str(told).lower()


def test_test_events_are_answered_alike_and_never_ingested(server: Server) -> None:
    before = len(server.events())
    answer = server.post(event("a-test"), {"event_name": "NO_SUCH"}, path="/v1/test_events")
    assert (answer.status_code, answer.json()["events_received"]) == (210, 2)
    assert server.post(event("after-the-test")).status_code == 200
    rows = server.stored(before + 1)
    assert "a-test" not in {row["event_id"] for row in rows}
    assert headgate(server.data, "trace", "a-test").returncode == 1


def test_a_revoked_key_and_a_changed_group_hold_within_a_second(server: Server) -> None:
    made = headgate(server.data, "keys", "create", "--account", "demo", "--name", "short-lived")
    token = re.search(r"eyJ[\w.-]+", made.stdout)
    assert token, made.stdout + made.stderr
    until(lambda: server.post(event("by-another-key"), key=token[0]).status_code == 200, 2)
    key_id = re.search(r"key (\S+)", made.stdout + made.stderr) or re.search(r"(key-\S+)", made.stdout)
    listed = headgate(server.data, "keys", "list", "--json").stdout
    found = re.search(r'"id":\s*"([^"]+)"[^}]*"short-lived"', listed)
    assert found, (key_id, listed)
    assert headgate(server.data, "keys", "revoke", found[1]).returncode == 0
    began = time.monotonic()
    until(lambda: server.post(event("too-late"), key=token[0]).status_code == 401, 5)
    assert time.monotonic() - began < 1
    by_phone = event("by-phone", user_data={"ph": "4915112345678"})
    assert "identifiers setting is 'extended'" in server.post(by_phone).text
    assert headgate(server.data, "groups", "update", "demo_website", "--identifiers", "extended").returncode == 0
    began = time.monotonic()
    until(lambda: server.post(by_phone).status_code == 200, 5)
    assert time.monotonic() - began < 1
    headgate(server.data, "groups", "update", "demo_website", "--identifiers", "article")


def test_nothing_raw_is_on_disk_or_in_a_log_line(server: Server) -> None:
    raw = {
        "is_hashed": False,
        "em": "Katherine.Johnson+shop@Example.NET",
        "ph": "+44 20 7946 0991",
        "fn": "Katherinexyz",
        "ln": "Johnsonxyz",
        "db": "1918-08-26",
        "ge": "female",
        "phone": "+44 20 7946 0992",
    }
    url = "https://example.com/thanks?mail=katherine.johnson%40example.net"
    sent = server.post(event("private", user_data=raw, event_source_url=url), {**event("x"), "event_name": raw["em"]})
    assert sent.status_code == 210
    server.post(event("private", user_data=raw), path="/v1/test_events")
    until(lambda: [row for row in server.events() if row["event_id"] == "private"])
    needles = [b"Katherine.Johnson", b"katherine.johnson", b"7946 0991", b"7946 0992", b"442079460991", b"Katherinexyz"]
    needles += [b"katherinexyz", b"johnsonxyz", b"1918-08-26"]
    for path in server.data.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert [needle for needle in needles if needle in content] == [], path


def test_metrics_of_all_processes_are_on_the_inside_port_only(server: Server) -> None:
    server.post(event("measured"))
    metrics = server.desk.get("/metrics").text
    for name in ("headgate_edge_events_total", "headgate_edge_commit_seconds", "headgate_core_records_total"):
        assert name in metrics
    assert "headgate_core_rows_behind" in metrics
    assert server.edge.get("/metrics").status_code == 404


def test_the_desk_wants_the_operator_token(server: Server) -> None:
    assert httpx.get(f"{server.demo['desk_url']}/api/reconcile").status_code == 401
    wrong = httpx.get(f"{server.demo['desk_url']}/api/reconcile", headers={"Authorization": "Bearer no"})
    assert wrong.status_code == 401


def test_both_sides_say_that_they_are_alive_and_ready(server: Server) -> None:
    for client in (server.edge, server.desk):
        assert client.get("/healthz").json()["code"] == 200
        assert client.get("/readyz").json()["description"] == "ready"


def test_a_killed_child_comes_back_and_nothing_is_lost(server: Server) -> None:
    assert server.post(event("before-the-kill")).status_code == 200
    for role, pid in server.children().items():
        os.kill(pid, signal.SIGKILL)
        until(lambda role=role, pid=pid: server.children().get(role, pid) != pid, 20)  # type: ignore[misc]
    until(lambda: server.edge.get("/readyz").status_code == 200)

    def is_back() -> bool:
        try:
            return "before-the-kill" in {row["event_id"] for row in server.events()}
        except httpx.HTTPError:
            return False

    until(is_back, 30)
    assert [line for line in server.log() if line["event"] == "process ended, restarting"]


def test_a_second_server_on_the_folder_is_refused(server: Server) -> None:
    second = headgate(server.data, "serve", "--edge-port", "0", "--desk-port", "0")
    assert second.returncode == 1
    assert "another server holds" in second.stderr


def test_plain_http_on_a_public_address_is_refused_with_the_reason(tmp_path: Path) -> None:
    refused = headgate(tmp_path / "data", "serve", "--edge-host", "0.0.0.0", "--edge-port", "0")
    assert refused.returncode == 1
    assert "there is no TLS" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_an_unknown_setting_is_an_error_that_names_the_nearest(tmp_path: Path) -> None:
    refused = headgate(tmp_path / "data", "serve", HEADGATE_EDGE_PROT="1")
    assert refused.returncode == 1
    assert "HEADGATE_EDGE_PORT" in refused.stderr


def test_a_stopping_server_answers_what_it_took_and_a_restarted_one_still_has_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    server = start(data)
    acknowledged: list[str] = []
    unacknowledged = threading.Event()

    def send(number: int) -> None:
        for turn in range(10_000):
            name = f"{number}-{turn}"
            try:
                status = server.post(event(name)).status_code
            except (httpx.HTTPError, RuntimeError):
                return
            if status != 200:
                unacknowledged.set()
                return
            acknowledged.append(name)

    senders = [threading.Thread(target=send, args=(number,)) for number in range(4)]
    for sender in senders:
        sender.start()
    until(lambda: len(acknowledged) > 100)
    began = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - began < 10
    for sender in senders:
        sender.join()
    rows = headgate(data, "events", "--group", "demo_website", "--limit", "0").stdout
    stored = set(re.findall(r'"event_id":"([^"]+)"', rows))
    assert set(acknowledged) <= stored
    with serving(data) as again:
        assert "made at an earlier start" in again.output()
        assert again.demo["api_key"] == server.demo["api_key"]
        assert set(acknowledged) <= {row["event_id"] for row in again.events()}
        assert again.post(event(acknowledged[0])).status_code == 200
        assert again.stored(1, status="duplicate")


def test_tls_with_a_certificate_of_our_own_is_served_and_verified(tmp_path: Path) -> None:
    with serving(tmp_path / "data", "--dev-tls") as server:
        assert server.demo["edge_url"].startswith("https://")
        curl = next(line for line in server.output().splitlines() if line.startswith("curl "))
        answer = subprocess.run(["bash", "-c", f"{curl} -s"], capture_output=True, text=True, check=True)
        assert '"code":200' in answer.stdout
        plain = server.demo["edge_url"].replace("https", "http")
        with pytest.raises(httpx.HTTPError):
            httpx.get(f"{plain}/healthz")


def test_the_store_can_be_made_again_from_log_and_archive(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving(data) as server:
        for number in range(30):
            server.post(event(f"r{number % 20}"), {"event_name": "NO_SUCH"})
        before = server.stored(30)
    shutil.rmtree(data / "store")
    for _ in range(2):
        refused = headgate(data, "events", "--group", "demo_website")
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "run `headgate rebuild`" in " ".join(refused.stderr.split())
    made = headgate(data, "rebuild")
    assert made.returncode == 0, made.stderr
    assert "Rebuilt the store" in made.stdout
    with serving(data) as server:
        assert server.events() == before


def test_a_journal_that_was_deleted_is_told_and_the_log_taken_anew(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving(data) as server:
        for number in range(5):
            server.post(event(f"j{number}"))
        before = server.stored(5)
    for path in (data / "log").glob("journal.db*"):
        path.unlink()
    refused = headgate(data, "events", "--group", "demo_website")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "log/journal.db was deleted" in " ".join(refused.stderr.split())
    # nothing is archived yet: the log holds all of it
    refused = headgate(data, "rebuild")
    assert refused.returncode == 1
    assert "move the folder `store` aside" in " ".join(refused.stderr.split())
    (data / "store").rename(tmp_path / "aside")
    found = headgate(data, "events", "--group", "demo_website")
    assert found.stdout.count('"event_id":"j') == len(before) == 5


def test_the_request_in_the_readme_gets_the_answer_in_the_readme(server: Server) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    request = next(block for block in re.findall(r"```sh\n(.*?)```", readme, re.DOTALL) if "curl" in block)
    expected = next(block for block in re.findall(r"```json\n(.*?)```", readme, re.DOTALL))
    command = request.replace("http://127.0.0.1:8600", server.demo["edge_url"]).replace("curl", "curl -s", 1)
    environment = {**os.environ, "API_KEY": server.demo["api_key"]}
    answer = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True, env=environment)
    assert json.loads(answer.stdout) == json.loads(expected)
    told = until(lambda: headgate(server.data, "trace", "order-1001").stdout)
    assert '"on_receipt":["em"]' in told


def test_the_commands_in_the_readme_do_what_they_say(server: Server) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    commands = re.findall(r"^uv run headgate ((?!serve|demo seed)\w[^#\n]*)", readme, re.MULTILINE)
    assert len(commands) >= 7
    server.post(event("order-1001"))
    until(lambda: headgate(server.data, "trace", "order-1001").stdout)
    for command in [line.split() for line in commands]:
        if command == ["demo", "shop"]:  # the one that serves until it is stopped
            with shop(server.data) as url:
                assert httpx.get(url).status_code == 200
            continue
        done = headgate(server.data, *command)
        assert done.returncode == 0, (command, done.stderr)
        assert done.stdout or done.stderr, command
