from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from client_files import GROUP, Run, Said
from headgate_client.cli.app import app
from headgate_client.testing import Emulator


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("URL", "GROUP", "KEY", "PROFILE"):
        monkeypatch.delenv(f"HEADGATE_API_{name}", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def run() -> Run:
    """Run a command of `headgate-client` in this process."""

    def run(*arguments: object, stdin: bytes | None = None) -> Said:
        result = CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert "Traceback" not in result.output
        return Said(result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture
def send(run: Run, headgate_emulator_url: str) -> Run:
    """`headgate-client send` to the emulator."""

    def send(*arguments: object, **more: Any) -> Said:
        target = ("--url", headgate_emulator_url, "--group", GROUP, "--key", "k")
        return run("send", *arguments, *target, "--quiet", "--retry-wait", "0.01", **more)

    return send


@pytest.fixture
def now(headgate_emulator: Emulator) -> int:
    return int(headgate_emulator.clock())
