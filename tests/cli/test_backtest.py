"""``toolkit backtest``: tables and figures in a folder, of the plan's data and of any table."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from tests.cli.commands import run


def test_the_plans_own_data(tmp_path: Path) -> None:
    done = run(
        "backtest", "--indicator", "poverty_rate", "--from", "2022", "--as-of", "2026-11-23", "--area", "20",
        "--model", "no_change", "--model", "drift", "--draws", "200", "--lang", "vi", "--out", tmp_path / "b",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "không đổi = 1" in done.stdout
    assert "0," in done.stdout, "numbers have a decimal comma in Vietnamese"
    scores = pd.read_csv(tmp_path / "b" / "scores.csv").set_index("model")
    assert scores.index.tolist() == ["no_change", "drift"]
    assert scores.loc["no_change", "wis_ratio"] * scores.loc["drift", "wis_ratio"] == pytest.approx(1, abs=1e-4)
    outcomes = pd.read_csv(tmp_path / "b" / "outcomes.csv")
    assert len(outcomes) == scores["outcomes"].sum()
    for group in ("points", "horizon", "grade", "panel"):
        assert pd.read_csv(tmp_path / "b" / f"by_{group}.csv")["outcomes"].sum() == len(outcomes)
    assert "</svg>" in (tmp_path / "b" / "scores.svg").read_text(encoding="utf-8")


def test_any_table_with_a_parent(tmp_path: Path) -> None:
    rows = [("p", "percent", unit, 2010 + year, start - year) for unit, start in (("a", 40), ("b", 30))
            for year in range(8)]  # fmt: skip
    rows += [("p", "percent", "__parent__", 2010 + year, 35 - year) for year in range(8)]
    rows += [("p", "percent", "late", 2017, 20)]
    table = pd.DataFrame(rows, columns=["panel", "kind", "unit", "year", "value"])
    table.to_csv(tmp_path / "t.csv", index=False)
    done = run(
        "backtest", "--table", tmp_path / "t.csv", "--model", "drift", "--model", "no_change", "--json",
        "--out", tmp_path / "b",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    scores = {line["model"]: line for line in json.loads(done.stdout)}
    assert scores["drift"]["wis"] < 0.5 * scores["no_change"]["wis"]
    assert scores["drift"]["covers_80_error"] is None, "one panel does not tell how sure its coverage is"
    by_points = pd.read_csv(tmp_path / "b" / "by_points.csv")
    assert 0 in set(by_points["points"]), "units without figures follow the parent and are scored"


def test_coverage_comes_with_its_standard_error(tmp_path: Path) -> None:
    rows = [(panel, "percent", "a", 2010 + year, 40 - step * year + (year * 7 % 5) / 2) for panel, step in
            (("p", 1), ("q", 2), ("r", 0)) for year in range(9)]  # fmt: skip
    table = pd.DataFrame(rows, columns=["panel", "kind", "unit", "year", "value"])
    table.to_csv(tmp_path / "t.csv", index=False)
    done = run("backtest", "--table", tmp_path / "t.csv", "--model", "drift", "--model", "no_change",
               "--lang", "vi", "--out", tmp_path / "b")  # fmt: skip
    assert done.returncode == 0, done.stderr
    scores = pd.read_csv(tmp_path / "b" / "scores.csv").set_index("model")
    for name, line in scores.iterrows():
        said = f"{line['covers_80']:.2f} ± {line['covers_80_error']:.2f}".replace(".", ",")
        (printed,) = (text for text in done.stdout.splitlines() if text.startswith(f"{name}:"))
        assert said in printed


def test_what_cannot_be_scored_is_said(tmp_path: Path) -> None:
    table = pd.DataFrame([("p", "percent", "a", 2020, 5.0)], columns=["panel", "kind", "unit", "year", "value"])
    table.to_csv(tmp_path / "t.csv", index=False)
    done = run("backtest", "--table", tmp_path / "t.csv", "--lang", "en", "--out", tmp_path / "b")
    assert (done.returncode, "nothing can be scored" in done.stderr) == (1, True)
    done = run("backtest", "--table", tmp_path / "t.csv", "--area", "20", "--lang", "en")
    assert (done.returncode, "--area" in done.stderr) == (2, True)
    (tmp_path / "bad.csv").write_bytes(b"\xff\xfe\x00")
    done = run("backtest", "--table", tmp_path / "bad.csv", "--lang", "en")
    assert (done.returncode, "cannot be forecast" in done.stderr) == (1, True)
