"""A second province is a folder and a plan: the same commands, no code; what it leaves out is the country's."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tests.small_world import small_world
from toolkit.data.dataset import PROJECT_DATA, check_folder, load
from toolkit.data.schemas import NATIONAL, file_of
from toolkit.forecast.make import make_forecasts
from toolkit.intake.template import requested_figures
from toolkit.plan.load import check_plan, find_plan, load_plan

BAC_KAN = PROJECT_DATA / "provinces" / "bac-kan"
DAY = date(2026, 11, 23)


def test_its_folder_and_plan_have_no_error() -> None:
    assert [problem for problem in check_folder(BAC_KAN) if problem.severity == "error"] == []
    dataset = load(BAC_KAN, as_of=DAY)
    assert check_plan(find_plan(None, folder=BAC_KAN), dataset) == []
    assert (dataset.simulated, len(dataset.figures)) == (False, 0)


def test_the_projects_own_plan_stays_the_only_one() -> None:
    assert load_plan(None, folder=PROJECT_DATA).province_code == "20"


def test_it_leaves_to_the_country_what_is_the_countrys(tmp_path: Path) -> None:
    assert {file_of(BAC_KAN, name).parent for name in NATIONAL} == {PROJECT_DATA}
    assert file_of(BAC_KAN, "areas.csv") == BAC_KAN / "areas.csv"
    assert file_of(tmp_path, "standards.csv") == tmp_path / "standards.csv"


def test_it_runs_through_on_simulated_data_marked_so(tmp_path: Path) -> None:
    dataset = load(small_world(tmp_path / "sim", BAC_KAN), as_of=DAY)
    forecasts = make_forecasts(dataset, load_plan(None, folder=dataset.folder), ["06", "061"], draws=100)
    assert dataset.simulated
    path = forecasts.path("061", "poverty_rate", "dtts")
    assert path is not None
    assert path.evidence.basis == "A"


def test_its_template_asks_for_its_own_targets() -> None:
    dataset, plan = load(BAC_KAN, as_of=DAY), load_plan(None, folder=BAC_KAN)
    asked = {item.indicator.id for item in requested_figures(dataset, plan, dataset.areas.find("Ba Be"), [2024])}
    assert {"villages_with_hard_road_share", "income_per_capita", "poverty_rate"} <= asked
    assert "communes_with_car_road_share" not in asked
    with pytest.raises(Exception, match="2026"):
        requested_figures(dataset, plan, dataset.areas.get("06"), [2026])
