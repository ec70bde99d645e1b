"""A skip at home is a failure in CI."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

TESTS = """
import pytest

def test_skipped():
    pytest.skip("there is no server")

@pytest.mark.skipif(True, reason="marked so")
def test_marked():
    pass

@pytest.mark.xfail(reason="known")
def test_expected_failure():
    raise ValueError

def test_passes():
    pass
"""
MODULE = "import pytest\npytest.importorskip('no_such_module')\n"


def run(folder: Path, ci: str) -> str:
    (folder / "test_some.py").write_text(TESTS)
    (folder / "test_module.py").write_text(MODULE)
    (folder / "pytest.ini").write_text("[pytest]\n")
    here = str(Path(__file__).parents[1])
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "conftest",
            "-p",
            "no:cacheprovider",
            "--continue-on-collection-errors",
            str(folder),
        ],
        env={**os.environ, "CI": ci, "PYTHONPATH": here},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    ).stdout


def test_a_skip_fails_in_ci_and_says_why(tmp_path: Path) -> None:
    said = run(tmp_path, "true")
    assert "nothing is skipped in CI: Skipped: there is no server" in said
    assert "nothing is skipped in CI: Skipped: marked so" in said
    assert "nothing is skipped in CI: Skipped: could not import 'no_such_module'" in said
    assert "1 failed, 1 passed, 1 xfailed, 2 errors" in said


def test_a_skip_is_a_skip_at_home(tmp_path: Path) -> None:
    assert "1 passed, 3 skipped, 1 xfailed" in run(tmp_path, "")
