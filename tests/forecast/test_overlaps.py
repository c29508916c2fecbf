"""Double counts feed the jump's prior: they narrow it, and the forecast on the new line follows."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from toolkit.data.dataset import PROJECT_DATA, Dataset, load
from toolkit.data.indicators import BreakPrior
from toolkit.forecast.make import Span, make_forecasts
from toolkit.forecast.panels import BETWEEN_PLACES, OVERLAP_SD, Overlap, overlaps_of, updated_prior
from toolkit.forecast.store import Forecasts
from toolkit.plan.load import load_plan

AFTER = date(2028, 3, 1)
NORMAL = BreakPrior(("poverty_rate",), "old", "new", 2027, 0.5, 0.4, 0.0, False, True, "", "", ())
NORMAL_SD = 0.4
KEY = ("20", "poverty_rate", "all")


def test_without_a_count_nothing_changes() -> None:
    assert updated_prior(NORMAL, []) is NORMAL
    closed = replace(NORMAL, jump_mean=None, jump_sd=None, comparable=False)
    assert updated_prior(closed, [Overlap(0.1, True)]) is closed


def test_an_own_count_follows_the_closed_form() -> None:
    found = updated_prior(NORMAL, [Overlap(0.9, True)])
    weight = NORMAL_SD**2 / (NORMAL_SD**2 + OVERLAP_SD**2)
    assert found.jump_mean == pytest.approx(0.5 + weight * 0.4, abs=2e-3)
    assert found.jump_sd == pytest.approx((weight * OVERLAP_SD**2) ** 0.5, rel=0.02)


def test_counts_elsewhere_follow_the_closed_form_and_never_settle_it() -> None:
    jumps = [0.9, 0.7, 0.8]
    found = updated_prior(NORMAL, [Overlap(jump, False) for jump in jumps])
    prior = NORMAL_SD**2 - BETWEEN_PLACES**2
    variance = 1 / (1 / prior + len(jumps) / BETWEEN_PLACES**2)
    mean = variance * (0.5 / prior + sum(jumps) / BETWEEN_PLACES**2)
    assert found.jump_mean == pytest.approx(mean, abs=2e-3)
    assert found.jump_sd == pytest.approx((variance + BETWEEN_PLACES**2) ** 0.5, rel=0.02)
    many = updated_prior(NORMAL, [Overlap(0.8, False)] * 50)
    assert many.jump_sd == pytest.approx(BETWEEN_PLACES, rel=0.05)


def with_rows(folder: Path, overlap: str = "") -> Dataset:
    shutil.copytree(PROJECT_DATA, folder, ignore=shutil.ignore_patterns("panels", "provinces"))
    with (folder / "standard_overlaps.csv").open("a", encoding="utf-8") as stream:
        stream.write(overlap)
    return load(folder, as_of=AFTER)


def forecasts(dataset: Dataset) -> Forecasts:
    plan = load_plan("langson-138", folder=dataset.folder)
    return make_forecasts(dataset, plan, ["20"], draws=1000, only={("poverty_rate", "all"): Span(2020, 2030, 2030)})


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Forecasts:
    return forecasts(with_rows(tmp_path_factory.mktemp("plain") / "data"))


def jump_of(found: Forecasts) -> npt.NDArray[np.float64]:
    across = found.path(*KEY)
    today = found.path(*KEY, across_breaks=False)
    assert across is not None
    assert today is not None
    new, old = (np.clip(path.at(2030), 1e-6, 100 - 1e-6) for path in (across, today))
    inside = (np.minimum(new, old) > 0.01) & (np.maximum(new, old) < 99)  # at the bound the scale has no room
    return np.asarray((np.log(new / (100 - new)) - np.log(old / (100 - old)))[inside])


def test_a_users_double_count_of_2027_narrows_the_jump_and_moves_the_forecast(plain: Forecasts, tmp_path: Path) -> None:
    row = "{},poverty_rate,all,2027,mdp_2022,1.9,mdp_2027,5.4,lsgov-2025review\n"
    own = forecasts(with_rows(tmp_path / "own", row.format("Lạng Sơn")))
    elsewhere = forecasts(with_rows(tmp_path / "elsewhere", row.format("Cao Bằng")))
    wide, near, between = (np.ptp(np.quantile(jump_of(item), [0.1, 0.9])) for item in (plain, own, elsewhere))
    assert near < 0.2 * wide
    assert near < between < 0.9 * wide
    counted = np.log(5.4 / 94.6) - np.log(1.9 / 98.1)
    assert np.median(jump_of(own)) == pytest.approx(counted, abs=0.05)
    medians = [float(np.median(path.at(2030))) for item in (plain, own) if (path := item.path(*KEY))]
    assert medians[1] > 1.2 * medians[0]


def test_the_line_of_2027_is_a_scenario_until_it_is_measured(plain: Forecasts, tmp_path: Path) -> None:
    assert _changes(plain)[-2:] == [("mdp_2022", True), ("mdp_2027", False)]
    assert ("20", "poverty_rate", "all", False) in plain.paths
    known = load(with_rows(tmp_path / "after").folder, as_of=AFTER)
    last = max((item for item in known.figures if item[1:4] == KEY), key=lambda item: item.year)
    measured = last._replace(year=2027, value=5.0, standard="mdp_2027", available_from="2028-01-31")
    after = forecasts(replace(known, figures=(*known.figures, measured)))  # today's checker refuses a figure of 2027
    assert _changes(after)[-2:] == [("mdp_2022", True), ("mdp_2027", True)]
    assert ("20", "poverty_rate", "all", False) not in after.paths


def _changes(found: Forecasts) -> list[tuple[str, bool]]:
    path = found.path(*KEY)
    assert path is not None
    return [(item.after, item.measured) for item in path.breaks]


def test_a_double_count_is_not_known_before_it_was_made(tmp_path: Path) -> None:
    row = "Lạng Sơn,poverty_rate,all,2027,mdp_2022,1.9,mdp_2027,5.4,lsgov-2025review\n"
    folder = with_rows(tmp_path / "data", row).folder
    before, after = (load(folder, as_of=day).overlaps for day in (date(2028, 1, 30), date(2028, 1, 31)))
    assert len(after) == len(before) + 1


def test_the_count_that_a_prior_rests_on_is_not_counted_twice() -> None:
    dataset = load(PROJECT_DATA, as_of=date(2026, 11, 23))
    prior = dataset.standards.link("income_2011", "mdp_2016", "poverty_rate")
    assert prior is not None
    counted = overlaps_of(prior, dataset, "20", "all")
    assert len(overlaps_of(replace(prior, source_ids=()), dataset, "20", "all")) == len(counted) + 1
