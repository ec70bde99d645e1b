"""The script that the package carries is the one that its sources make."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from browser.recorder import SCRIPTS, VERSION

PIXEL = Path(__file__).parents[2] / "pixel"
LIMIT = 4096


def committed() -> bytes:
    return (SCRIPTS / f"{VERSION}.js").read_bytes()


def test_the_script_is_under_four_kilobytes_gzipped() -> None:
    assert len(gzip.compress(committed(), 9)) < LIMIT


def test_the_version_is_the_packages() -> None:
    assert json.loads((PIXEL / "package.json").read_text())["version"] == VERSION
    assert VERSION in committed().decode().partition("\n")[0]


def test_the_lock_file_names_no_registry() -> None:
    assert "resolved" not in (PIXEL / "package-lock.json").read_text()


def test_the_snippet_is_the_sources() -> None:
    assert (SCRIPTS / "snippet.html").read_text() == (PIXEL / "snippet.html").read_text()


def test_building_anew_gives_the_committed_script_to_the_byte(tmp_path: Path) -> None:
    if not shutil.which("npm"):
        pytest.skip("there is no npm: apt-get install nodejs npm")
    copy = shutil.copytree(PIXEL, tmp_path / "pixel", ignore=shutil.ignore_patterns("node_modules"))
    for command in (
        ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"],
        ["node", "build.js", str(tmp_path)],
    ):
        ran = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False, timeout=120)
        assert ran.returncode == 0, ran.stderr
    assert f"pixel {VERSION}: {len(committed())} bytes" in ran.stdout
    assert (tmp_path / f"{VERSION}.js").read_bytes() == committed()
