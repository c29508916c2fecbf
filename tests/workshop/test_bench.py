"""The measurement of speed: its table, its made-up data, and that it measures what it says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from toolkit.data.dataset import data_folder, load
from workshop import bench
from workshop.bench import Line
from workshop.measure import AS_OF

HELD = Line("reports", "≤ 2 s", "1 s", held=True)
MISSED = Line("memory", "≤ 2 GiB", "3 GiB", held=False)
TOLD = Line("areas", "", "11")


def test_the_table_names_what_was_not_held() -> None:
    head, *rows = bench.table_of([HELD, MISSED, TOLD]).splitlines()
    assert head.split() == ["what", "budget", "measured", "held"]
    assert [row.split()[-1] for row in rows] == ["yes", "NO", "11"]
    assert len({row.index("≤") for row in rows[:2]}) == 1  # columns stand below one another


@pytest.mark.parametrize(("lines", "code"), [([HELD, TOLD], 0), ([HELD, MISSED], 1)])
def test_a_budget_that_was_not_held_is_an_exit_code(
    lines: list[Line], code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[object] = []

    def measured(counts: list[int], **options: object) -> list[Line]:
        asked.append((counts, options))
        return lines

    monkeypatch.setattr(bench, "measured", measured)
    assert bench.main(["--quick", "--json"]) == code
    assert [line["held"] for line in json.loads(capsys.readouterr().out)] == [line.held for line in lines]
    assert asked == [([11, 65], {"statsforecast": "", "large": False})]


def test_many_communes_are_a_data_folder_marked_as_simulated(tmp_path: Path) -> None:
    folder = bench.many_communes(tmp_path / "data", 70)
    assert len(load(folder, as_of=AS_OF).areas.all(level="commune", on=AS_OF)) == 70
    assert (folder / "simulated").is_file()


def test_made_up_series_are_shares_that_mostly_fall() -> None:
    table = bench.short_series(30, 10, 2)
    assert len(table) == 30 * 10 * 2
    assert table["value"].between(0, 100, inclusive="neither").all()
    ends = table[table["year"] == table["year"].max()]["value"].mean()
    assert ends < table[table["year"] == table["year"].min()]["value"].mean()


def test_what_could_not_be_measured_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    line = bench.on_a_cluster(tmp_path)
    assert line.held is None
    assert line.measured.startswith("not measured")


@pytest.mark.slow
def test_reports_cells_and_the_plain_loop_are_measured(tmp_path: Path) -> None:
    found = {
        what: bench.measure(what, data_folder(), tmp_path / "run", "district", 2, draws=100)
        for what in ("ours", "plain", "cells")
    }
    assert {what: one["areas"] for what, one in found.items()} == {"ours": 2, "plain": 2, "cells": 2}
    assert found["ours"]["peak"] > 50
    assert found["ours"]["peak_server"] > 50
    assert 0 < found["cells"]["cells"] < found["plain"]["core_seconds"]
    assert found["ours"]["reporting"] < found["ours"]["seconds"]
