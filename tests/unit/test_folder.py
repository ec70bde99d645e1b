"""The data folder keeps its secrets and has one holder."""

from __future__ import annotations

import ssl
import stat
from pathlib import Path

import pytest

from headgate.errors import AlreadyRunning, SettingsError
from headgate.processes.dev_tls import dev_certificate
from headgate.processes.folder import DataFolder


def folder_at(path: Path) -> DataFolder:
    folder = DataFolder(path / "data")
    folder.make()
    return folder


def test_a_private_file_is_for_its_owner_only(tmp_path: Path) -> None:
    folder = folder_at(tmp_path)
    folder.write_private(folder.demo, "{}")
    assert stat.S_IMODE(folder.demo.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.root.stat().st_mode) == 0o700


def test_the_operator_token_is_made_once(tmp_path: Path) -> None:
    folder = folder_at(tmp_path)
    assert folder.read_operator_token() == folder.read_operator_token()
    assert len(folder.read_operator_token()) >= 32


def test_a_second_holder_is_told_who_is_there(tmp_path: Path) -> None:
    folder = folder_at(tmp_path)
    with folder.hold("core"), pytest.raises(AlreadyRunning, match="another core holds"), folder.hold("core"):
        pass
    with folder.hold("core"):
        pass


def test_a_folder_with_something_that_a_server_would_empty_is_left_alone(tmp_path: Path) -> None:
    foreign = tmp_path / "data" / "metrics"
    foreign.mkdir(parents=True)
    with pytest.raises(SettingsError, match="holds metrics, which a server empties at its start: name a new"):
        folder_at(tmp_path)
    foreign.rmdir()
    folder_at(tmp_path).clear_scratch()
    folder_at(tmp_path).clear_scratch()


def test_no_server_has_run_here_reads_as_none(tmp_path: Path) -> None:
    folder = folder_at(tmp_path)
    assert folder.read_running() is None
    folder.running.write_text("torn {")
    assert folder.read_running() is None


def test_the_development_certificate_is_kept_and_made_anew_for_another_host(tmp_path: Path) -> None:
    folder = folder_at(tmp_path)
    first = dev_certificate(folder, "127.0.0.1")
    text = first.cert.read_text()
    assert dev_certificate(folder, "127.0.0.1").cert.read_text() == text
    assert dev_certificate(folder, "events.test").cert.read_text() != text
    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(first.cert, first.key)
    assert stat.S_IMODE(first.key.stat().st_mode) == 0o600
