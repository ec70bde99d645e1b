"""The short form of `just client-chaos`, for every change."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_a_file_sent_through_kills_cuts_and_refusals_is_stored_row_for_row() -> None:
    rounds = str(Path(__file__).parent / "rounds.py")
    command = [sys.executable, rounds, "--events", "10000", "--kills", "1", "--pause", "2", "--workers", "1"]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=400)
    assert run.returncode == 0, run.stdout + run.stderr
    assert (
        "lost 0, doubled 0, corrupted 0, unknown 0, misrejected 0; accounted for: True; reconciled: True" in run.stdout
    )
