"""`docs/match-quality.md` says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from headgate.reports.match_keys import WEIGHTS
from headgate.reports.match_quality import score_of

PAGE = (Path(__file__).parents[2] / "docs" / "match-quality.md").read_text("utf-8")


def test_the_table_has_every_weight() -> None:
    found = {
        key: float(weight)
        for keys, weight in re.findall(r"^\| (`[^|]+`) \| ([\d.]+) \|", PAGE, re.MULTILINE)
        for key in re.findall(r"`(\w+)`", keys)
    }
    assert found == dict(WEIGHTS)


def test_the_examples_hold() -> None:
    assert score_of({"em"}) == pytest.approx(0.60)
    assert score_of({"em", "ph"}) == pytest.approx(0.80)
    assert score_of({"client_ip_address", "client_user_agent"}) == pytest.approx(0.335)
