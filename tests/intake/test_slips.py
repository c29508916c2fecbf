"""Mistakes as people make them, planted into good figures: each is told in its cell; good figures are not doubted."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.data.tables import text
from tests.small_world import small_world
from toolkit.data.dataset import check_folder
from toolkit.data.reference import Reference, read_reference
from toolkit.intake.incoming import check_files

pytestmark = pytest.mark.hostile
SLIPS: dict[str, tuple[str, Callable[[str], str]]] = {
    "text_for_number": ("value", lambda text: f"khoảng {text}"),
    "emptied": ("value", lambda text: ""),
    "year_ahead": ("year", lambda text: str(int(text) + 40)),
    "unknown_area": ("area_code", lambda text: f"{text}9"),
    "wrong_unit": ("unit", lambda text: "percent" if text == "million_vnd_per_year" else "million_vnd_per_year"),
    "unknown_source": ("source_id", lambda text: f"{text}-"),
    "planned": ("status", lambda text: "plan"),
    "unknown_scope": ("scope", lambda text: f"{text}x"),
    "misspelt_indicator": ("indicator", lambda text: text[:-1]),
}


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_world(tmp_path_factory.mktemp("good") / "data")


def test_coherent_figures_are_not_doubted(good: Path) -> None:
    assert check_folder(good) == []


def test_every_planted_mistake_is_found_in_its_cell(good: Path, tmp_path: Path) -> None:
    with (good / "observations.csv").open(encoding="utf-8", newline="") as stream:
        head, *rows = csv.reader(stream)
    places = np.random.default_rng(138).choice(len(rows), size=2 * len(SLIPS), replace=False)
    planted = {}
    for place, (kind, (column, change)) in zip(places, [*SLIPS.items()] * 2, strict=True):
        at = head.index(column)
        rows[place][at] = change(rows[place][at])
        planted[int(place) + 2, column] = kind
    with (tmp_path / "spoilt.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([head, *rows])
    found = {(problem.row, problem.column) for problem in check_files([tmp_path / "spoilt.csv"], read_reference(good))}
    assert [kind for place, kind in planted.items() if place not in found] == []


ROWS = (
    ("20", "poverty_rate", "all", "2023", "", "6.05", "", "percent", "mdp_2022", "reported", "kh99-2021", "", "", ""),
    ("181", "poverty_rate", "all", "2023", "", "0.12", "", "percent", "mdp_2022", "reported", "kh99-2021", "", "", ""),
    ("182", "poverty_rate", "all", "2023", "", "7.31", "", "percent", "mdp_2022", "reported", "kh99-2021", "", "", ""),
    ("183", "poverty_rate", "all", "2023", "", "7.31", "", "percent", "mdp_2022", "reported", "kh99-2021", "", "", ""),
    ("182", "poverty_rate", "dtts", "2023", "", "3.1", "", "percent", "mdp_2022", "reported", "kh99-2021", "", "", ""),
)
"""A province's rate, one as a fraction, one in two rows, and one of ethnic minorities far below that of all."""


def test_slips_of_the_hand_are_asked_about_each_in_words_of_its_own(tmp_path: Path, reference: Reference) -> None:
    (tmp_path / "in.csv").write_text(text(ROWS), encoding="utf-8")
    found = check_files([tmp_path / "in.csv"], reference)
    assert {(item.row, item.kind) for item in found} == {(3, "fraction"), (5, "copied"), (6, "group_below_all")}
    said = {item.kind: item.text("vi") for item in found}
    assert "0,12% hay 12%?" in said["fraction"]
    assert "cột GIÁ TRỊ (value)" in said["fraction"]
    assert "địa bàn 182 ở dòng 4" in said["copied"]
    assert "dòng 4 (7,31)" in said["group_below_all"]
    assert "0.12% or 12%?" in next(item.text("en") for item in found if item.kind == "fraction")


def test_small_rates_beside_small_rates_are_no_slips(tmp_path: Path, reference: Reference) -> None:
    rows = [(*ROWS[0][:3], str(year), "", value, *ROWS[0][6:]) for year, value in
            ((2021, "1.2"), (2022, "1.1"), (2023, "0.98"), (2024, "0.7"))]  # fmt: skip
    (tmp_path / "in.csv").write_text(text(rows), encoding="utf-8")
    assert [item.kind for item in check_files([tmp_path / "in.csv"], reference)] == []
