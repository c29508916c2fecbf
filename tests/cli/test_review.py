"""``toolkit review``: from a run of the past to its scores, as a user does it."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from tests.cli.commands import run
from tests.conftest import TODAY

pytestmark = [pytest.mark.slow, pytest.mark.end_to_end]


def test_a_run_of_the_past_is_scored_by_what_came(tmp_path: Path) -> None:
    made = run("report", "--area", "20", "--draws", "100", "--as-of", "2024-12-31", "--out", tmp_path / "then")
    assert made.returncode == 0, made.stderr
    early = run("review", tmp_path / "then", "--as-of", "2024-12-31", "--lang", "en")
    assert early.returncode != 0
    assert "no newer than the run" in early.stderr
    done = run("review", tmp_path / "then", "--as-of", TODAY.isoformat(), "--json")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    figures = pd.read_csv(tmp_path / "then-review" / "figures.csv", dtype={"location": str})
    assert summary["figures"] == len(figures) > 0
    rate = figures[figures["target"] == "poverty_rate/all"].set_index("target_end_date")["observed"]
    assert rate["2025-12-31"] == 2.32
    assert 0 <= summary["inside80"] <= 1
    assert (tmp_path / "then-review" / "verdicts.csv").is_file()
