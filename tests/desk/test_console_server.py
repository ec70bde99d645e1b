"""A real server's console: behind a proxy and without one, and the examples of its page."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from server import Server, headgate, serving, start

TOLD = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9", "Accept": "text/html"}
PASSWORD = "a nanosecond of wire"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("console") / "data") as started:
        yield started


def sign_up(server: Server, headers: dict[str, str]) -> httpx.Response:
    """Use the first link as a browser would; the answer that signs in."""
    link = next(line for line in server.output().splitlines() if "/welcome/" in line)
    with httpx.Client(headers=headers) as browser:
        token = re.search(r'name="_csrf" value="(\w+)"', browser.get(link).text)
        assert token
        visit = browser.cookies.jar
        cookies = {each.name: each.value or "" for each in visit}
        fields = {
            "_csrf": token[1],
            "email": "grace@example.com",
            "name": "Grace",
            "password": PASSWORD,
            "again": PASSWORD,
        }
        return httpx.post(link, data=fields, headers=headers, cookies=cookies)


def addresses(server: Server) -> set[str]:
    acts = server.desk.get("/api/organizations/demo/audit").json()
    return {act["address"] for act in acts if act["by"] == "grace@example.com"}


def test_what_a_stranger_says_of_scheme_and_address_is_not_believed(server: Server) -> None:
    answer = sign_up(server, TOLD)
    assert answer.status_code == 303, answer.text
    assert "Secure" not in answer.headers["set-cookie"]
    assert addresses(server) == {"127.0.0.1"}


def test_the_first_link_is_not_printed_once_there_is_a_user(server: Server) -> None:
    assert "grace@example.com" in headgate(server.data, "users", "list", "--json").stdout
    server.stop()
    again = start(server.data)
    try:
        assert "/welcome/" not in again.output()
        assert (
            f"{again.demo['desk_url']}/welcome/" in headgate(server.data, "users", "reset", "grace@example.com").stdout
        )
    finally:
        again.stop()


def test_a_trusted_proxy_is_believed(tmp_path: Path) -> None:
    with serving(tmp_path / "data", environment={"HEADGATE_TRUSTED_PROXIES": "127.0.0.1"}) as proxied:
        answer = sign_up(proxied, TOLD)
        assert answer.status_code == 303, answer.text
        signed_in = [line for line in answer.headers.get_list("set-cookie") if "session" in line]
        assert len(signed_in) == 1
        assert signed_in[0].startswith("__Host-headgate_session=")
        assert "Secure" in signed_in[0]
        assert addresses(proxied) == {"203.0.113.9"}
        _run_the_examples(proxied)


def _run_the_examples(server: Server) -> None:
    """Those of docs/console.md, on this server."""
    text = Path("docs/console.md").read_text()
    block = re.search(r"```sh\n(.*?)```", text, re.DOTALL)
    assert block
    script = (
        block[1].replace("http://127.0.0.1:8601", server.demo["desk_url"]).replace("headgate-data", str(server.data))
    )
    checked = 'curl() { command curl --fail-with-body -sS "$@"; }\n' + script
    done = subprocess.run(["bash", "-euc", checked], capture_output=True, text=True, check=False, env=os.environ)
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"api_key":"eyJ' in done.stdout
    assert '"act":"create key"' in done.stdout
