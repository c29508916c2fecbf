"""Where areas without figures stand among their peers, by what is known of them in other indicators."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtri

from tests.conftest import ROOT
from tests.forecast.test_make import POVERTY
from toolkit.data.dataset import Dataset
from toolkit.evaluate.scores import weighted_interval_score
from toolkit.forecast.make import make_forecasts
from toolkit.forecast.paths import DENSITY, LOADINGS, places_of
from toolkit.plan.plan import Plan

CITY, VAN_LANG, DINH_LAP = "178", "182", "189"
PANELS = {
    "households_with_electricity_share": "vn_households_using_electricity",
    "literacy_15_plus": "vn_literacy_rate_15plus",
    "income_per_capita": "vn_monthly_income_per_capita", "poverty_rate": "vn_poverty_rate_gso",
    "full_immunisation_share": "vn_full_immunisation_under1", "infant_mortality_rate": "vn_infant_mortality_rate",
    "under5_mortality_rate": "vn_under5_mortality_rate", "trained_labour_share": "vn_trained_employed_workers_rate",
}  # fmt: skip


@pytest.fixture(scope="module")
def provinces() -> pd.DataFrame:
    """Return standardised deviations of Vietnam's provinces (rows) by indicator, means of 2008 to 2016.

    Areas and populations of 2019: General Statistics Office, Statistical Yearbook of Vietnam, the table "Area,
    population and population density by province".
    """
    panels = pd.read_csv(ROOT / "data/panels/panels.csv", dtype={"unit": str})
    found = {}
    for indicator, panel in PANELS.items():
        rows = panels[(panels.panel_id == panel) & panels.year.between(2008, 2016)]
        percent = rows.unit_type.iloc[0] == "percent"
        linked = np.log((rows.value + 0.05) / (100.05 - rows.value)) if percent else np.log(rows.value)
        apart = linked - linked.groupby(rows.year).transform("mean")
        found[indicator] = apart.groupby(rows.unit).mean()
    places = pd.read_csv(ROOT / "tests/forecast/province_density.csv", dtype={"code": str}).set_index("code")
    table = pd.DataFrame(found)
    table[DENSITY] = np.log(places.population_2019_thousand / places.area_km2).reindex(table.index)
    return (table - table.mean()) / table.std()


def test_loadings_are_the_main_axis_of_vietnams_provinces(provinces: pd.DataFrame) -> None:
    correlation, share = provinces.corr().to_numpy(), np.full(len(PANELS) + 1, 0.5)
    for _ in range(200):
        reduced = correlation.copy()
        np.fill_diagonal(reduced, share)
        size, axes = np.linalg.eigh(reduced)
        axis = axes[:, -1] * np.sqrt(size[-1])
        share = np.minimum(axis**2, 0.95)
    axis *= np.sign(axis[list(PANELS).index("income_per_capita")])
    np.testing.assert_allclose(axis[:-1], [LOADINGS[name] for name in PANELS], atol=0.08)
    # districts of one province differ less in what a town brings
    assert LOADINGS[DENSITY] < axis[-1] < 0.95


def test_an_indicator_left_out_is_foretold_by_the_others(provinces: pd.DataFrame) -> None:
    """CRPS of a province's place by its other indicators beside "as the parent", whose place is the middle."""
    ratios, levels = {}, (np.arange(201) + 0.5) / 201
    for wanted in PANELS:
        others = [name for name in PANELS if name != wanted]
        weight = np.array([LOADINGS[name] / (1 - LOADINGS[name] ** 2) for name in others])
        precision = 1 + (weight * [LOADINGS[name] for name in others]).sum()
        mean = LOADINGS[wanted] * (provinces[others].to_numpy() @ weight) / precision
        sd = np.sqrt(1 - LOADINGS[wanted] ** 2 * (1 - 1 / precision))
        truth = provinces[wanted].to_numpy()
        placed = weighted_interval_score(mean[:, None] + sd * ndtri(levels), levels, truth)
        ratios[wanted] = (
            placed.mean() / weighted_interval_score(np.tile(ndtri(levels), (truth.size, 1)), levels, truth).mean()
        )
    assert np.exp(np.mean(np.log(list(ratios.values())))) < 0.8
    assert max(ratios.values()) < 1.0


def test_places_and_what_they_rest_on(real_data: Dataset) -> None:
    codes = [CITY, VAN_LANG, DINH_LAP, "180"]
    poverty, income = (real_data.indicators.get(name) for name in ("poverty_rate", "income_per_capita"))
    places, signals = places_of(real_data, poverty, "all", codes, "20")
    assert places is not None
    assert signals[0] == (DENSITY,)
    assert places.mean[0] < -0.7 < 0 < places.mean[2]
    assert (places.sd[:3] < 0.85).all()
    # one with figures of its own stands where these put it
    assert signals[3] == ()
    assert (places.mean[3], places.sd[3]) == (0.0, 1.0)
    places, signals = places_of(real_data, income, "all", codes, "20")
    assert places is not None
    assert "poverty_rate" in signals[3]
    assert places.mean[0] > 0.7
    assert places.sd[3] < places.sd[0]
    # nothing is known of how it goes with others, or of the few
    forest = real_data.indicators.get("forest_cover")
    assert places_of(real_data, forest, "all", codes, "20") == (None, [(), (), (), ()])
    assert places_of(real_data, income, "dtts", codes, "20")[0] is None


def test_the_city_and_a_rural_district_do_not_get_the_same_poverty(real_data: Dataset, real_plan: Plan) -> None:
    made = make_forecasts(real_data, real_plan, [], draws=300, only=POVERTY)
    city, rural = (made.path(code, "poverty_rate", "all") for code in (CITY, VAN_LANG))
    assert city is not None
    assert rural is not None
    assert np.median(city.at(2025)) < 0.5 * np.median(rural.at(2025))
    assert city.grade == "C"
    assert city.evidence.placed_by == (DENSITY,)
    measured = made.path("180", "poverty_rate", "all")
    assert measured is not None
    assert measured.evidence.placed_by == ()
