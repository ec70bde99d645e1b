"""`headgate-client doctor`: what is wrong between here and the server, and the cure."""

from __future__ import annotations

import base64
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from client_files import GROUP, Run
from headgate_client.testing import Emulator


def token(**claims: object) -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'EdDSA'})}.{part({'iss': 'headgate', 'sub': 'acme', 'jti': 'key-1', **claims})}.c2lnbmVk"


def examined(
    run: Run, url: str, key: str | None = None, group: str = GROUP, *more: object
) -> dict[str, tuple[str, str]]:
    """Name of the check -> its verdict, and what it saw with its cure."""
    said = run("doctor", "--url", url, "--group", group, "--key", key or token(), "--json", *more)
    checks = {check["name"]: check for check in json.loads(said.out)}
    assert said.code == int(any(check["verdict"] == "problem" for check in checks.values()))
    for check in checks.values():
        assert bool(check["cure"]) == (check["verdict"] in ("problem", "warning")), check
    return {name: (check["verdict"], f"{check['seen']} {check['cure']}") for name, check in checks.items()}


def test_all_is_well(run: Run, headgate_emulator: Emulator, headgate_emulator_url: str) -> None:
    checks = examined(run, headgate_emulator_url)
    assert {name: verdict for name, (verdict, _) in checks.items()} == {
        "address": "ok",
        "key": "ok",
        "connection": "ok",
        "TLS": "skipped",
        "clock": "ok",
        "key accepted": "ok",
        "event group": "ok",
        "test event": "ok",
    }
    assert checks["key"][1].strip() == "EdDSA token of acme, key id key-1"
    assert (len(headgate_emulator.tested), headgate_emulator.accepted) == (1, [])


def test_people_read_lines(run: Run, headgate_emulator_url: str) -> None:
    said = run("doctor", "--url", headgate_emulator_url, "--group", GROUP, "--key", token())
    assert said.code == 0
    assert said.out.splitlines()[0].split() == ["ok", "address", headgate_emulator_url]
    assert said.out.rstrip().endswith("All is well.")
    said = run("doctor", "--url", headgate_emulator_url, "--group", GROUP, "--key", "cut-short")
    assert "cure: copy the key whole" in said.out
    assert said.out.rstrip().endswith("1 problem.")


@pytest.mark.parametrize("key", ["secret", "a.b.c", f"{token()}.more", token(exp=1)])
def test_a_key_that_is_none_is_told_without_showing_it(run: Run, headgate_emulator_url: str, key: str) -> None:
    verdict, seen = examined(run, headgate_emulator_url, key)["key"]
    assert verdict == "problem"
    assert key not in seen


def test_a_key_or_group_that_the_server_refuses_is_told(run: Run) -> None:
    emulator = Emulator(groups={"shop": "article", "other": "article"})
    good, other = token(), token(jti="other")
    emulator.access.add_key(good, ["shop"])
    with emulator.serve() as url:
        verdict, seen = examined(run, url, other)["key accepted"]
        assert (verdict, "make a new key" in seen) == ("problem", True)
        checks = examined(run, url, good, "other")
        assert checks["key accepted"][0] == "ok"
        assert (checks["event group"][0], "use a key of the account" in checks["event group"][1]) == ("problem", True)
        checks = examined(run, url, good, "nowhere")
        verdict, seen = checks["event group"]
        assert (verdict, "check --group" in seen) == ("problem", True)
        # another server may have said so, which never looked at the key
        assert "key accepted" not in checks


@pytest.mark.parametrize(("off", "verdict"), [(0, "ok"), (60, "warning"), (-60, "warning"), (7200, "problem")])
def test_a_clock_that_is_off_is_told(
    run: Run, headgate_emulator: Emulator, headgate_emulator_url: str, off: int, verdict: str
) -> None:
    headgate_emulator.clock.move(off)
    found, seen = examined(run, headgate_emulator_url)["clock"]
    assert found == verdict
    if off:
        assert ("behind" if off > 0 else "ahead of") in seen


def test_faults_of_the_server_are_told(run: Run, headgate_emulator: Emulator, headgate_emulator_url: str) -> None:
    headgate_emulator.inject("500", "429", "reset")
    assert "500" in examined(run, headgate_emulator_url)["test event"][1]
    assert "wait" in examined(run, headgate_emulator_url)["test event"][1]
    assert examined(run, headgate_emulator_url)["test event"][0] == "problem"


def test_a_server_that_is_not_there_is_told(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    verdict, seen = examined(run, f"http://127.0.0.1:{port}")["connection"]
    assert (verdict, "whether the server runs" in seen) == ("problem", True)
    checks = examined(run, "https://events.invalid")
    assert checks["connection"][0] == "problem"
    assert examined(run, "http://events.example.com")["address"][0] == "problem"


def test_a_proxy_of_the_environment_is_gone_through(
    run: Run, headgate_emulator: Emulator, headgate_emulator_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy", "ALL_PROXY", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", headgate_emulator_url.replace("//", "//me:secret@"))
    checks = examined(run, "http://shop.localhost")
    assert "goes through the proxy 127.0.0.1:" in checks["connection"][1]
    assert checks["test event"][0] == "ok"
    assert "secret" not in str(checks)
    headgate_emulator.inject("reset")
    assert "put the server's name into NO_PROXY" in examined(run, "http://shop.localhost")["test event"][1]


@contextmanager
def _something_else() -> Iterator[str]:
    """A web server that knows nothing of events."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            for _ in range(2):
                connection, _ = listening.accept()
                with connection:
                    if connection.recv(65536):
                        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi")

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        thread.join(10)


def test_another_kind_of_server_is_told(run: Run) -> None:
    with _something_else() as url:
        checks = examined(run, url)
    assert "something else answers there" in checks["test event"][1]
    assert checks["clock"][0] == "skipped"


@pytest.mark.parametrize(("days", "verdict"), [(60, "ok"), (3, "warning"), (-1, "problem")])
def test_tls_is_checked_with_its_date(run: Run, tmp_path: Path, days: int, verdict: str) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    begins, ends = (datetime.now(UTC) + timedelta(days=away) for away in (-9, days))
    authority.issue_cert("127.0.0.1", not_before=begins, not_after=ends).configure_cert(context)
    emulator = Emulator()
    with emulator.serve(context) as url:
        found, seen = examined(run, url, None, GROUP, "--cacert", tmp_path / "ca.pem")["TLS"]
        assert found == verdict
        if verdict == "problem":
            assert "certificate has expired this machine's clock says 2" in seen
            return
        assert seen.startswith("TLSv1.3, certificate valid until ")
        assert "write https://" in examined(run, url.replace("https", "http"))["test event"][1]
        found, seen = examined(run, url)["TLS"]
        assert (found, "--cacert FILE" in seen) == ("problem", True)
    assert len(emulator.tested) == 1
