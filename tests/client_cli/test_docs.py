"""docs/client-cli.md and docs/emulator.md: what they show is what happens."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main

from client_files import Run
from headgate_client.cli.app import app
from headgate_client.testing import Emulator
from headgate_contract.simulate import STATUSES

DOCS = Path(__file__).parents[2] / "docs"
CLI = (DOCS / "client-cli.md").read_text()
EMULATOR = (DOCS / "emulator.md").read_text()
_BLOCK = re.compile(r"^```(\w+) ?([^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_the_command_lines_do_what_the_page_says(
    run: Run, headgate_emulator: Emulator, headgate_emulator_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in (("URL", headgate_emulator_url), ("GROUP", "shop"), ("KEY", "a.b.c")):
        monkeypatch.setenv(f"HEADGATE_API_{name}", value)
    commands = 0
    for kind, name, text in _BLOCK.findall(CLI):
        if kind in ("csv", "toml"):
            Path(name).write_text(text)
        elif kind == "text":
            begin, end, _ = text.partition("…")
            assert end
            assert Path(name).read_text().startswith(begin)
        else:
            assert kind == "sh"
            for line in text.splitlines():
                program, *arguments = shlex.split(line)
                assert program == "headgate-client"
                said = run(*arguments)
                # the doctor has something to say about the key of this test
                expected = 1 if arguments[0] == "doctor" else int(name.removeprefix("exit ") or 0)
                assert said.code == expected, (line, said)
                commands += 1
    assert commands == CLI.count("\nheadgate-client ") == 9
    assert len(headgate_emulator.kept) == 2
    assert headgate_emulator.kept[0]["event_time"] == 1703437200


def test_every_flag_that_the_page_names_exists() -> None:
    command = typer.main.get_command(app)
    flags = {
        flag
        for each in getattr(command, "commands", {}).values()
        for parameter in each.params
        for flag in (*parameter.opts, *parameter.secondary_opts)
    }
    assert set(re.findall(r"(--[a-z][a-z-]+)", CLI)) - flags == set()


def test_the_python_of_the_emulators_page_runs(tmp_path: Path) -> None:
    blocks = [text for kind, _, text in _BLOCK.findall(EMULATOR) if kind == "python"]
    assert len(blocks) == EMULATOR.count("```python") == 3
    (tmp_path / "test_page.py").write_text("\n\n".join(blocks))
    command = [sys.executable, "-m", "pytest", "-q", "--rootdir", str(tmp_path), "test_page.py"]
    # that pytest finds the plugin by itself is shown by every other test here; loading all others takes long
    command += ["-p", "no:cacheprovider", "-p", "headgate_client_pytest"]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    found = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment)
    assert found.returncode == 0, found.stdout + found.stderr
    assert "3 passed" in found.stdout


def test_every_status_that_can_be_asked_for_is_named() -> None:
    assert ", ".join(map(str, STATUSES)) in EMULATOR
