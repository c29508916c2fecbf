"""Do the parts add up: draw by draw, only where adding up means something."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from toolkit.data.dataset import Dataset
from toolkit.forecast.store import Forecasts
from toolkit.forecast.summary import coherence_gaps


@pytest.fixture(scope="module")
def districts(real_data: Dataset) -> list[str]:
    return [area.code for area in real_data.areas.all(level="district") if area.parent_code == "20"]


def test_poverty_of_the_districts_is_held_against_the_provinces(
    real_forecasts: Forecasts, real_data: Dataset, districts: list[str]
) -> None:
    found = {
        (gap.indicator, gap.year): gap
        for gap in coherence_gaps(real_forecasts, real_data, "20", districts, [2026, 2030])
    }
    gap = found["poverty_rate", 2030]
    assert (gap.parts, gap.weights) == (11, "population"), "few districts have a figure of their households"
    assert gap.borrowed == 7
    people = np.array([real_data.areas.get(code).population_2019 for code in districts], dtype=float)
    parts = [real_forecasts.path(code, "poverty_rate", "all") for code in districts]
    draws = sum(share * path.at(2030) for share, path in zip(people / people.sum(), parts, strict=True) if path)
    assert gap.together == pytest.approx(float(np.median(draws)))
    assert gap.low <= gap.median <= gap.high
    assert all(item[0] != "forest_cover" for item in found), "forest goes by area, which nobody has asked to weigh by"


def test_parts_equal_to_the_whole_leave_no_gap(
    real_forecasts: Forecasts, real_data: Dataset, districts: list[str]
) -> None:
    whole = {key: path for key, path in real_forecasts.paths.items() if key[0] == "20" and key[1] == "poverty_rate"}
    copies = {
        (code, *key[1:]): replace(path, area_code=code) for key, path in whole.items() for code in (*districts, "20")
    }
    alike = replace(real_forecasts, paths=copies)
    for gap in coherence_gaps(alike, real_data, "20", districts, [2025, 2030]):
        assert (gap.low, gap.median, gap.high) == pytest.approx((0.0, 0.0, 0.0), abs=1e-9)
        assert gap.agrees


def test_a_missing_part_gives_no_answer(real_forecasts: Forecasts, real_data: Dataset, districts: list[str]) -> None:
    fewer = {key: path for key, path in real_forecasts.paths.items() if key[0] != districts[0]}
    assert coherence_gaps(replace(real_forecasts, paths=fewer), real_data, "20", districts, [2030]) == ()
    assert coherence_gaps(real_forecasts, real_data, "20", districts, [1900]) == ()
