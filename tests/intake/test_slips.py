"""Mistakes as people make them, planted into good figures: each is told in its cell; good figures are not doubted."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.small_world import small_world
from toolkit.data.dataset import check_folder
from toolkit.data.reference import read_reference
from toolkit.intake.incoming import check_files

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
