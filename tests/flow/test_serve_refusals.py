"""`headgate serve` where it cannot serve: one line that says why, no traceback, and nothing that runs on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import trustme

from server import headgate

PORTS = ("--edge-port", "0", "--desk-port", "0")


def refusal(data: Path, *flags: str) -> str:
    """The only line that `serve` says."""
    refused = headgate(data, "serve", *PORTS, *flags)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith("error: ")
    assert refused.stderr.count("\n") == 1
    return refused.stderr


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    issued = trustme.CA().issue_cert("localhost")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    return tmp_path / "cert.pem", tmp_path / "key.pem"


def test_a_certificate_that_cannot_be_served_is_refused_before_a_worker_starts(
    tmp_path: Path, pair: tuple[Path, Path]
) -> None:
    cert, key = pair
    (tmp_path / "no.pem").write_text("no certificate")
    trustme.CA().issue_cert("localhost").private_key_pem.write_to_path(tmp_path / "other.pem")
    for wrong in ((tmp_path / "no.pem", key), (cert, tmp_path / "no.pem"), (cert, tmp_path / "other.pem")):
        said = refusal(tmp_path / "data", "--tls-cert", str(wrong[0]), "--tls-key", str(wrong[1]))
        assert "not PEM, locked with a password, or not each other's" in said
    assert "there is no file" in refusal(
        tmp_path / "data", "--tls-cert", str(cert), "--tls-key", str(tmp_path / "none")
    )
    assert not (tmp_path / "data").exists()


def test_a_desk_that_others_can_reach_is_refused_for_a_reason_of_its_own(
    tmp_path: Path, pair: tuple[Path, Path]
) -> None:
    tls = ("--tls-cert", str(pair[0]), "--tls-key", str(pair[1]))
    said = refusal(tmp_path / "data", "--desk-host", "0.0.0.0", *tls)
    assert "the desk speaks plain HTTP" in said
    assert "tls_cert" not in said


@pytest.mark.parametrize("setting", ["log", "store"])
def test_a_part_that_there_cannot_be_is_refused_at_once_and_its_password_not_shown(
    tmp_path: Path, setting: str
) -> None:
    config = tmp_path / "some.toml"
    config.write_text(f'{setting} = "kafka://ada:secret@example.com"')
    said = refusal(tmp_path / "data", "--config", str(config))
    assert said.startswith(f"error: {setting}: ")
    assert "secret" not in said


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    for data in (tmp_path / "file", tmp_path / "file" / "data", Path("/proc/headgate")):
        assert f"the data folder {data} cannot be made: " in refusal(data)


def test_a_folder_whose_files_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "data" / "server.lock").mkdir(parents=True)
    assert "server.lock: Is a directory" in refusal(tmp_path / "data")


FAILING = """
import asyncio, logging, sys, threading
from headgate.processes.logging import set_up
set_up("edge-7", "info")
async def fail():
    asyncio.get_running_loop().create_task(hidden())
    await asyncio.sleep(0)
async def hidden():
    raise LookupError("ada@example.com")
asyncio.run(fail())
try:
    raise KeyError("ada@example.com")
except KeyError:
    logging.getLogger("a.library").exception("it failed")
def work():
    raise OSError("ada@example.com")
thread = threading.Thread(target=work)
thread.start()
thread.join()
raise ValueError("ada@example.com")
"""


def test_what_nobody_caught_is_a_json_line_without_the_error_s_words() -> None:
    failed = subprocess.run([sys.executable, "-c", FAILING], capture_output=True, text=True, check=False, timeout=60)
    lines = [json.loads(line) for line in failed.stderr.splitlines()]
    assert [(line["error"], line["process"]) for line in lines] == [
        (error, "edge-7") for error in ("LookupError", "KeyError", "OSError", "ValueError")
    ]
    assert all(line["places"] for line in lines)
    assert "ada" not in failed.stderr
    assert failed.returncode == 1
