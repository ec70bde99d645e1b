"""The short form of `just crash`, for every change."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_ten_kills_under_load_lose_double_and_corrupt_nothing() -> None:
    command = [sys.executable, str(Path(__file__).parent / "rounds.py"), "--rounds", "10"]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=400)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "lost 0, doubled 0, corrupted 0, unknown 0; reconciled: True" in run.stdout
