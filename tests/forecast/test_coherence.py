"""Do the parts add up: draw by draw, only where adding up means something."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.data.dataset import Dataset
from toolkit.data.observations import Observation, Series
from toolkit.forecast.build import Builder, families_below
from toolkit.forecast.make import Span, make_forecasts
from toolkit.forecast.panels import weights_of_parts
from toolkit.forecast.paths import Path
from toolkit.forecast.store import Forecasts
from toolkit.forecast.summary import coherence_gaps
from toolkit.models import get
from toolkit.models.adding_up import added_up, one_distribution, whole_counts
from toolkit.models.panel import Scale
from toolkit.plan.plan import Plan

PAVED = ("communes_with_paved_road_share", "dtts_mn")


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
    assert gap.agrees


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


def wholes_and_parts(forecasts: Forecasts, districts: list[str]) -> list[tuple[Path, list[Path]]]:
    """Return every forecast of the province that its districts have too, not through a stand-in."""
    found = []
    for _, name, scope, across in forecasts.keys_of("20"):
        paths = [forecasts.path(code, name, scope, across_breaks=across) for code in ("20", *districts)]
        held = [path for path in paths if path is not None and path.proxy is None]
        if len(held) == len(paths):
            found.append((held[0], held[1:]))
    return found


def test_every_draw_of_the_districts_makes_up_that_of_the_province(
    real_forecasts: Forecasts, real_data: Dataset, districts: list[str]
) -> None:
    compared = set()
    for whole, parts in wholes_and_parts(real_forecasts, districts):
        indicator = real_data.indicators.get(whole.indicator)
        for year in (2024, 2026, int(whole.years[-1])):
            weights, _ = weights_of_parts(real_data, indicator, districts, whole.scope, year)
            if weights is not None:
                together = sum(weight * part.at(year) for weight, part in zip(weights, parts, strict=True))
                # a published share of a district need not be a whole number of its communes (9 of 10, towns left out)
                most = 100 / 194 if indicator.countable == "communes" else 0.01
                np.testing.assert_allclose(together, whole.at(year), atol=most, err_msg=f"{whole.indicator} {year}")
                compared.add(whole.indicator)
    assert {"poverty_rate", "literacy_15_plus", "new_rural_communes_share"} <= compared


@pytest.mark.parametrize("threshold", [1.0, 3.0, 10.0, 29.5, 50.0, 95.0, 99.0, 100.0])
def test_no_probabilities_of_districts_and_province_contradict_each_other(
    real_forecasts: Forecasts, districts: list[str], threshold: float
) -> None:
    for whole, parts in wholes_and_parts(real_forecasts, districts):
        if whole.unit != "percent" or whole.indicator == "grdp_growth":
            continue
        for year in (2026, 2030 if whole.years[-1] >= 2030 else 2026):
            reach = [float((part.at(year) >= threshold - 0.01).mean()) for part in parts]
            own = float((whole.at(year) >= threshold - 0.01).mean())
            # a mean reaches what all parts reach, and nothing that none of them reaches (Fréchet's bounds)
            assert max(0.0, sum(reach) - (len(parts) - 1)) <= own + 1e-9
            assert own <= min(1.0, sum(reach)) + 1e-9


def test_areas_of_which_the_same_is_known_have_the_same_answer(
    real_data: Dataset, real_plan: Plan, districts: list[str]
) -> None:
    names = ("literacy_15_plus", "primary_attendance", "child_underweight_rate", "grdp_growth")
    only = {(name, "all"): Span(2020, 2026, 2025) for name in names}
    made = make_forecasts(real_data, real_plan, [], only=only)
    compared = 0
    for name in names:
        paths = [path for code in districts if (path := made.path(code, name, "all"))]
        draws = np.array([path.at(2026) for path in paths if not path.evidence.placed_by])
        if len(draws) < 2:
            continue
        compared += len(draws)
        limits = np.quantile(draws, (0.1, 0.33, 0.5, 0.66, 0.9))
        shares = (draws[:, :, None] <= limits).mean(axis=1)
        assert np.ptp(shares, axis=0).max() <= 0.015, name  # from the lowest to the highest of all
    assert compared >= 4


class WithFigure:
    """A data set in which 98.3 % of the province's communes had a paved road in 2024."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset

    def __getattr__(self, name: str) -> object:
        return getattr(self.dataset, name)

    def with_data(self) -> frozenset[tuple[str, str, str]]:
        return self.dataset.with_data() | {("20", PAVED[0], "all")}

    def series(self, code: str, indicator: str, scope: str) -> Series:
        if (code, indicator, scope) != ("20", PAVED[0], "all"):
            return self.dataset.series(code, indicator, scope)
        return Series(code, indicator, scope, (Observation(2024, 98.3, "final", "", "", "made"),))


def test_all_communes_in_the_province_and_in_its_districts_are_one_event(
    real_data: Dataset, real_plan: Plan, districts: list[str]
) -> None:
    only = {(PAVED[0], "all"): Span(2020, 2026, 2025)}
    made = make_forecasts(WithFigure(real_data), real_plan, [], draws=1000, only=only)  # type: ignore[arg-type]
    province, *parts = (made.path(code, PAVED[0], "all") for code in ("20", *districts))
    assert province is not None
    assert province.standards[province.position(2024)] == "communes_2024"
    assert (province.at(2024) == 98.3).all()
    whole = province.at(2025) > 99.9
    every = np.logical_and.reduce([part.at(2025) > 99.9 for part in parts if part is not None])
    np.testing.assert_array_equal(whole, every)
    assert 0.03 < whole.mean() < 0.6, "three of 175 lacked one, but which of the 65 new ones do nobody has counted"
    assert all(part.proxy is None and (part.at(2025) > 99.9).mean() >= whole.mean() for part in parts if part)


def test_one_district_that_is_certain_does_not_lift_the_others(real_forecasts: Forecasts, districts: list[str]) -> None:
    city, *others = (real_forecasts.path(code, "new_rural_communes_share", "all") for code in districts)
    province = real_forecasts.path("20", "new_rural_communes_share", "all")
    assert city is not None
    assert province is not None
    assert (city.at(2016) == 100.0).all()
    means = [other.at(2026).mean() for other in others if other is not None]
    assert np.average(means) == pytest.approx(province.at(2026).mean(), abs=2.0)


def test_draws_of_communes_are_counts_on_the_communes_of_the_year(
    real_forecasts: Forecasts, real_data: Dataset, districts: list[str]
) -> None:
    for year, units in ((2024, 194), (2026, 65)):
        counts = []
        for code in ("20", *districts):
            path = real_forecasts.path(code, *PAVED)
            assert path is not None
            size = units if code == "20" else weights(real_data, districts, year)[code]
            paved = path.at(year) * size / 100
            np.testing.assert_allclose(paved, np.round(paved), atol=1e-4)
            counts.append(np.round(paved))
        np.testing.assert_array_equal(counts[0], sum(counts[1:]))
    change = real_forecasts.path("20", *PAVED)
    assert change is not None
    assert [(one.year, one.before, one.after) for one in change.breaks] == [(2025, "communes_2024", "communes_2025")]


def weights(dataset: Dataset, districts: list[str], year: int) -> dict[str, float]:
    """Return the number of communes of each district."""
    indicator = dataset.indicators.get(PAVED[0])
    found, basis = weights_of_parts(dataset, indicator, districts, PAVED[1], year)
    assert basis == "communes"
    assert found is not None
    units = {2024: 194, 2026: 65}[year]
    return dict(zip(districts, np.round(found * units).tolist(), strict=True))


def test_communes_follow_their_district_where_it_was_moved(real_data: Dataset, real_plan: Plan) -> None:
    key = ("literacy_15_plus", "all")
    made = make_forecasts(real_data, real_plan, ["06112"], draws=400, only={key: Span(2020, 2030, 2030)})
    builder = Builder(real_data, "20", tuple(families_below(real_data, "20")), get("default"), 400, 138)
    spec = builder.spec(*key, 2020, 2030, 2030)
    assert spec is not None
    fitted = builder.below(spec, builder.families[0], builder.top(spec)["20"])
    district, commune = made.path("181", *key), made.path("06112", *key)
    assert district is not None
    assert commune is not None
    before = fitted.draw(np.array([fitted.family.members.index("181")])).values[:, 0, spec.years.index(2028)]
    link = Scale.percent().to_link
    moved = link(district.at(2028)) - link(before)
    unmoved = link(commune.at(2028)) - moved
    assert np.corrcoef(link(commune.at(2028)), link(district.at(2028)))[0, 1] > np.corrcoef(unmoved, moved)[0, 1]
    assert np.corrcoef(unmoved, link(before))[0, 1] > 0.5


def test_parts_given_their_sum_have_the_exact_conditional_distribution() -> None:
    random = np.random.default_rng(5)
    spread, weight = np.array([0.5, 1.0, 2.0]), np.array([0.2, 0.5, 0.3])
    parts = 10.0 + spread * random.standard_normal((40_000, 3))
    whole = 11.0 + 0.3 * random.standard_normal(40_000)
    made = added_up(parts[..., None], whole[:, None], weight[:, None], Scale.real())[..., 0]
    np.testing.assert_allclose(made @ weight, whole, atol=1e-8)
    gain = spread**2 * weight / (weight**2 @ spread**2)
    covariance = np.diag(spread**2) - np.outer(gain, gain) * (weight**2 @ spread**2) + np.outer(gain, gain) * 0.3**2
    np.testing.assert_allclose(made.mean(axis=0), 10.0 + gain, atol=0.03)
    np.testing.assert_allclose(np.cov(made.T), covariance, atol=0.08)


@pytest.mark.parametrize(
    ("whole", "low", "high"), [(99.99, 80, 99), (0.01, 1, 30), (100.0, 50, 100), (55.0, 0, 100), (0.0, 0, 3)]
)
def test_the_common_push_is_found_near_bounds_too(whole: float, low: float, high: float) -> None:
    random = np.random.default_rng(1)
    parts = random.uniform(low, high, (300, 4, 2))
    parts[:, 0, 0] = whole  # published
    weights = np.full((4, 2), 0.25)
    made = added_up(parts, np.full((300, 2), whole), weights, Scale.percent())
    np.testing.assert_allclose(made.mean(axis=1), whole, atol=1e-3)
    assert (made[:, 0, 0] == whole).all()
    assert ((made >= 0) & (made <= 100)).all()


@given(
    st.lists(st.floats(-4.0, 4.0), min_size=2, max_size=8),
    st.floats(-4.0, 4.0),
    st.integers(0, 2**32 - 1),
    st.sampled_from([Scale.percent(), Scale.positive(), Scale.real()]),
)
def test_the_common_push_is_found_from_any_start(levels: list[float], target: float, seed: int, scale: Scale) -> None:
    random = np.random.default_rng(seed)
    spread, weights = random.uniform(0.2, 0.8, len(levels)), random.dirichlet(np.ones(len(levels)))
    linked = np.array(levels) + spread * random.standard_normal((50, len(levels)))
    whole = scale.from_link(target + 0.5 * random.standard_normal(50))
    made = added_up(scale.from_link(linked)[..., None], whole[:, None], weights[:, None], scale)[..., 0]
    reached = np.abs(scale.to_link(made @ weights) - scale.to_link(whole)) < 1e-5
    spent = ((made <= 1e-6) | (made >= 100.0 - 1e-6)).all(axis=1) & (scale.link == "logit")
    assert (reached | spent).all()


def test_pooled_draws_keep_their_ranks_and_share_one_distribution() -> None:
    draws = np.random.default_rng(2).normal(size=(200, 3, 4)) * np.array([1.0, 2.0, 5.0])[None, :, None]
    made = one_distribution(draws)
    np.testing.assert_array_equal(np.argsort(made, axis=0), np.argsort(draws, axis=0))
    np.testing.assert_allclose(np.sort(made, axis=0)[:, 0], np.sort(made, axis=0)[:, 2])


def test_counts_of_parts_keep_their_sum_and_their_means() -> None:
    random = np.random.default_rng(3)
    counts = np.array([[4.0], [7.0], [9.0]])
    parts = random.uniform(0, 100, (20_000, 3, 1))
    total = np.round((parts * counts / 100).sum(axis=1))
    parts *= (total / (parts * counts / 100).sum(axis=1))[:, None]
    parts = np.minimum(parts, 100)
    keep = np.abs((parts * counts / 100).sum(axis=1) - total)[:, 0] < 1e-9
    made = whole_counts(parts, counts, np.zeros((3, 1), dtype=bool), 1)
    k = made * counts / 100
    np.testing.assert_allclose(k, np.round(k), atol=1e-9)
    np.testing.assert_array_equal(np.round(k.sum(axis=1))[keep], total[keep])
    np.testing.assert_allclose(k.mean(axis=0), (parts * counts / 100).mean(axis=0), atol=0.02)
    assert (k <= counts).all()


def test_counts_of_parts_are_as_frequent_as_their_shares_ask_for() -> None:
    random = np.random.default_rng(6)
    counts = np.array([[4.0], [7.0], [9.0], [14.0]])
    shares = random.uniform(20, 90, (2000, 4, 1))
    made = np.round(whole_counts(shares, counts, np.zeros((4, 1), dtype=bool), 1) * counts / 100)
    asked = shares * counts / 100
    for least in range(1, 14):
        # between two whole numbers the upper one is met as often as the share lies near it
        wanted = np.clip(asked - (least - 1), 0.0, 1.0).mean(axis=0)
        np.testing.assert_allclose((made >= least).mean(axis=0), wanted, atol=0.003)


def test_probabilities_of_shares_of_communes_hang_little_on_the_seed(
    real_data: Dataset, real_plan: Plan, districts: list[str]
) -> None:
    found = []
    for seed in (1, 2, 3, 4, 5):
        made = make_forecasts(real_data, real_plan, [], seed=seed, only={PAVED: Span(2020, 2025, 2025)})
        paths = [path for code in districts if (path := made.path(code, *PAVED))]
        found.append([(path.at(2025) >= 99.95).mean() for path in paths])
    assert len(found[0]) == len(districts)
    assert np.std(found, axis=0, ddof=1).max() <= 0.005
