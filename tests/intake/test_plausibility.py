"""The model's own predictive distribution flags what is unlikely: on simulated data with a known truth."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from tests.cli.commands import run
from tests.data.tables import text
from tests.small_world import small_world
from toolkit.cli.intake import MOST_FOR_MODEL, few_enough
from toolkit.data.dataset import PROJECT_DATA, Dataset, load
from toolkit.data.observations import Figure
from toolkit.intake.incoming import doubts, doubts_within
from toolkit.intake.ingest import prepare, with_doubts, write_changes
from toolkit.plan.load import load_plan
from toolkit.plan.plan import Plan

DAY = date(2026, 11, 23)
NAMES = ("hygienic_water_share", "health_insurance_share", "poverty_rate")


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load_plan("langson-138", folder=PROJECT_DATA)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return load(small_world(tmp_path_factory.mktemp("simulated") / "data"), as_of=DAY)


def split(dataset: Dataset) -> tuple[Dataset, list[Figure]]:
    """Return the data before 2025, and some figures of 2025."""
    before = tuple(figure for figure in dataset.figures if figure.year < 2025)
    known = replace(dataset, figures=before, observations=dataset.observations[dataset.observations["year"] < 2025])
    judged = [item for item in dataset.figures if item.year == 2025 and item.indicator in NAMES]
    return known, judged


@pytest.mark.slow
def test_good_figures_are_seldom_doubted_and_slips_nearly_always(simulated: Dataset, plan: Plan) -> None:
    known, good = split(simulated)
    assert len(good) > 30
    assert len(doubts(good, known, plan)) <= 0.06 * len(good)
    slips = [item._replace(value=item.value / 10) for item in good]
    districts = [item for item in slips if len(item.area_code) == 3]
    found = {item.figure for item in doubts(slips, known, plan)}
    assert sum(item in found for item in districts) >= 0.9 * len(districts)


def test_a_doubt_tells_the_interval_that_was_expected(simulated: Dataset, plan: Plan) -> None:
    known, good = split(simulated)
    item = next(
        item
        for item in good
        if item.area_code == "181" and (item.indicator, item.scope) == ("hygienic_water_share", "all")
    )
    (doubt,) = doubts([item._replace(value=1.0)], known, plan)
    assert doubt.low <= item.value <= doubt.high or abs(doubt.low - item.value) < 10
    assert doubt.tail < 0.005


def test_the_folders_own_figures_are_held_against_each_other(simulated: Dataset, plan: Plan) -> None:
    names = ("hygienic_water_share", "health_insurance_share")
    kept = tuple(item for item in simulated.figures if (item.indicator in names and item.scope == "all"))
    slip = next(item for item in kept if (item.area_code, item.indicator, item.year) == ("183", names[0], 2019))
    wrong = slip._replace(value=slip.value / 10)
    spoilt = tuple(wrong if item is slip else item for item in kept)
    assert len(kept) > 100
    assert len(doubts_within(replace(simulated, figures=kept), plan)) <= 0.05 * len(kept)
    found = doubts_within(replace(simulated, figures=spoilt), plan)
    assert wrong in {item.figure for item in found}
    assert len(found) <= 0.08 * len(kept)


@pytest.mark.slow
def test_check_model_without_files_judges_the_whole_folder() -> None:
    done = run("check", "--model", "--json", "--as-of", "2026-11-23", "--lang", "en")
    assert done.returncode == 0, done.stderr
    told = {item["value"]: item["problem"] for item in json.loads(done.stdout) if "model expected" in item["problem"]}
    assert "2.03" in told  # growth of 2020, among years of 6 to 9 %
    assert 1 <= len(told) <= 10


def test_too_many_figures_for_the_model_are_said_to_be(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOOLKIT_LANG", "en")
    assert few_enough(MOST_FOR_MODEL)
    assert not few_enough(MOST_FOR_MODEL + 1)
    assert str(MOST_FOR_MODEL) in capsys.readouterr().err


def test_what_is_doubted_comes_in_all_the_same(folder: Path, tmp_path: Path, plan: Plan) -> None:
    row = [
        "20",
        "poverty_rate",
        "all",
        "2022",
        "",
        "40.0",
        "",
        "percent",
        "mdp_2022",
        "reported",
        "kh99-2021",
        "",
        "",
        "",
    ]
    path = tmp_path / "in.csv"
    path.write_text(text([row]), encoding="utf-8")
    found = with_doubts(prepare([path], folder), plan)
    assert any("model expected" in problem.problem and problem.row == 2 for problem in found.warnings)
    assert not found.rejected
    assert write_changes(found)
