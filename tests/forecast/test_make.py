"""Forecasts of the real data: what is published stays as published, what is borrowed says so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import ROOT, TODAY
from toolkit.base.errors import UsageError
from toolkit.data.areas import Area, Areas
from toolkit.data.dataset import Dataset, load
from toolkit.data.observations import Observation, Series
from toolkit.forecast import make, store
from toolkit.forecast.build import (
    LEANS_FROM,
    LEANS_FULLY,
    OWN_SERIES,
    SILENT_YEARS,
    Family,
    FittedFamily,
    leaning,
    mixed,
    order_of,
)
from toolkit.forecast.make import Span, forecast_batches, make_forecasts, needed
from toolkit.forecast.panels import UnitFigures
from toolkit.forecast.paths import scale_of
from toolkit.forecast.store import Forecasts, PathKey
from toolkit.models.panel import Paths
from toolkit.plan.plan import Plan, ProxySwitches

DISTRICTS = ("178", "180", "181", "182", "183", "184", "185", "186", "187", "188", "189")
POVERTY = {("poverty_rate", "all"): Span(2020, 2030, 2030)}


def test_final_figures_stand_in_every_draw(real_forecasts: Forecasts) -> None:
    path = real_forecasts.path("20", "poverty_rate", "all")
    assert path is not None
    for year, value in {2017: 19.07, 2024: 3.36, 2025: 2.32}.items():
        assert (path.at(year) == value).all()
        assert path.final[path.position(year)]
    reported = path.at(2023)
    assert abs(np.median(reported) - 6.03) < 0.7  # the figure may still be revised, and its neighbours pull
    assert reported.std() > 0
    assert path.observed[path.position(2023)]
    assert not path.final[path.position(2023)]


def test_the_overruled_figure_stays_with_the_one_that_counts(real_forecasts: Forecasts) -> None:
    path = real_forecasts.path("20", "poverty_rate", "all")
    assert path is not None
    last = path.evidence.observations[-1]
    assert (last.year, last.value, last.source_id) == (2025, 2.32, "lsgov-2025review")
    assert [(other.value, other.source_id) for other in last.overruled] == [(3.0, "vneconomy-ls-2025")]


def test_the_line_of_2027_is_crossed_or_not_and_nothing_else_changes(
    real_forecasts: Forecasts, real_data: Dataset
) -> None:
    across = real_forecasts.path("20", "poverty_rate", "all")
    today = real_forecasts.path("20", "poverty_rate", "all", across_breaks=False)
    assert across is not None
    assert today is not None
    until = across.position(2026) + 1
    np.testing.assert_array_equal(across.draws[:, :until], today.draws[:, :until])
    link = scale_of(real_data.indicators.get("poverty_rate")).to_link
    jump = link(across.at(2029)) - link(today.at(2029))
    first = link(across.at(2027)) - link(today.at(2027))
    # at the bound itself the scale has no room
    inside = np.min([path.at(year) for path in (across, today) for year in (2027, 2029)], axis=0) > 0
    np.testing.assert_allclose(jump[inside], first[inside], atol=1e-4)
    assert inside.mean() > 0.9
    assert 0.2 < np.median(jump) < 0.8
    assert across.standards[across.position(2027)] == "mdp_2027"
    assert today.standards[today.position(2027)] == "mdp_2022"
    assert [(change.year, change.measured) for change in across.breaks] == [
        (2021, True), (2027, False), (2033, False), (2038, False), (2044, False),
    ]  # fmt: skip


def test_grades_tell_own_from_borrowed(real_forecasts: Forecasts) -> None:
    basis = {code: real_forecasts.path(code, "poverty_rate", "all").evidence.basis for code in ("20", *DISTRICTS)}
    assert basis.pop("20") == "A"
    assert {code for code, letter in basis.items() if letter == "B"} == {"180", "181", "185", "187"}
    assert {code for code, letter in basis.items() if letter == "C"} == set(DISTRICTS) - {"180", "181", "185", "187"}


def test_borrowed_forecasts_are_wider_than_the_province(real_forecasts: Forecasts) -> None:
    for code in ("178", "182", "188"):
        own, borrowed = (real_forecasts.path(area, "poverty_rate", "all") for area in ("20", code))
        assert own is not None
        assert borrowed is not None
        for year, least in ((2026, 1.2), (2028, 0.93)):  # in 2028 the jump of the line is most of every range
            spread = [np.ptp(np.quantile(logit(path.at(year)), (0.1, 0.9))) for path in (own, borrowed)]
            assert spread[1] > least * spread[0]  # of 400 draws a range errs by a twentieth


def test_numbers_are_not_borrowed(real_forecasts: Forecasts) -> None:
    assert real_forecasts.path("20", "extremely_difficult_villages", "dtts_mn") is not None
    assert real_forecasts.path("181", "extremely_difficult_villages", "dtts_mn") is None


def test_lists_of_other_criteria_are_no_evidence(real_forecasts: Forecasts) -> None:
    assert real_forecasts.path("20", "extremely_difficult_communes", "dtts_mn") is None


def test_the_poverty_bound_is_the_rate_over_the_share(real_forecasts: Forecasts) -> None:
    bound = real_forecasts.path("181", "poverty_rate", "dtts")
    rate = real_forecasts.path("181", "poverty_rate", "all")
    share = real_forecasts.path("181", "dtts_population_share", "all")
    assert bound is not None
    assert rate is not None
    assert share is not None
    assert bound.proxy is not None
    assert (bound.proxy.relation, bound.proxy.unknown_share) == ("upper_bound", False)
    np.testing.assert_allclose(bound.at(2018), np.minimum(100, 100 * rate.at(2018) / share.at(2018)), rtol=0.05)
    assert (bound.draws >= rate.draws - 1e-9).all()
    assert not bound.final.any()


def test_an_unknown_share_is_a_draw_and_named(real_forecasts: Forecasts) -> None:
    bound = real_forecasts.path("182", "poverty_rate", "dtts")
    assert bound is not None
    assert bound.proxy is not None
    assert bound.proxy.unknown_share


def test_a_proxy_can_be_switched_off(real_data: Dataset, real_plan: Plan) -> None:
    off = real_plan.model_copy(update={"proxies": ProxySwitches(off=("poverty_dtts_from_all",))})
    only = {("poverty_rate", "dtts"): Span(2020, 2030, 2030)}
    assert make_forecasts(real_data, off, [], draws=100, only=only).path("20", "poverty_rate", "dtts") is None
    assert make_forecasts(real_data, real_plan, [], draws=100, only=only).path("20", "poverty_rate", "dtts") is not None


def test_one_sided_figures_reweight_and_tell_the_effective_size(real_forecasts: Forecasts) -> None:
    forest = real_forecasts.path("20", "forest_cover", "all")
    assert forest is not None
    assert forest.weights is not None
    assert (forest.at(2017)[forest.weights > 0] >= 60).all()
    assert 50 <= forest.effective_draws < 400


def test_a_published_mean_of_years_travels_with_the_path(real_forecasts: Forecasts) -> None:
    growth = real_forecasts.path("20", "grdp_growth", "all")
    assert growth is not None
    assert (2021, 2025, 7.1) in [(mean.from_year, mean.to_year, mean.value) for mean in growth.period_averages]


def test_a_district_is_the_same_alone_and_in_company(real_data: Dataset, real_plan: Plan) -> None:
    alone = make_forecasts(real_data, real_plan, ["181"], draws=100, only=POVERTY).path("181", "poverty_rate", "all")
    company = make_forecasts(real_data, real_plan, ["20", "06112"], draws=100, only=POVERTY)
    together = company.path("181", "poverty_rate", "all")
    assert alone is not None
    assert together is not None
    np.testing.assert_array_equal(alone.draws, together.draws)


def test_a_commune_follows_its_former_district(real_data: Dataset, real_plan: Plan) -> None:
    made = make_forecasts(real_data, real_plan, ["06112"], draws=400, only=POVERTY)
    commune, district = (made.path(code, "poverty_rate", "all") for code in ("06112", "181"))
    assert commune is not None
    assert district is not None
    assert (commune.evidence.basis, commune.evidence.parent_code) == ("C", "181")
    assert np.corrcoef(logit(commune.at(2027)), logit(district.at(2027)))[0, 1] > 0.1


def test_as_of_hides_what_was_not_known(real_plan: Plan) -> None:
    then = load(ROOT / "data", as_of=date(2024, 12, 31))
    path = make_forecasts(then, real_plan, [], draws=200, only=POVERTY).path("20", "poverty_rate", "all")
    assert path is not None
    assert path.evidence.last_year == 2023
    assert path.at(2025).std() > 0


def test_same_seed_same_draws_other_seed_other_draws(real_data: Dataset, real_plan: Plan) -> None:
    first, again, other = (
        make_forecasts(real_data, real_plan, [], draws=100, seed=seed, only=POVERTY).path("20", "poverty_rate", "all")
        for seed in (1, 1, 2)
    )
    assert first is not None
    assert again is not None
    assert other is not None
    assert first.draws.tobytes() == again.draws.tobytes()
    assert first.draws.tobytes() != other.draws.tobytes()


def test_threads_change_nothing_and_a_model_of_ones_own_has_one(
    real_data: Dataset, real_plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found(cores: int, model: str) -> dict[PathKey, bytes]:
        monkeypatch.setattr(make, "available_cores", lambda: cores)
        made = make_forecasts(real_data, real_plan, ["06112"], draws=100, model=model)
        return {key: path.draws.tobytes() for key, path in made.paths.items()}

    assert found(1, "default") == found(5, "default")
    monkeypatch.setattr(make, "ThreadPoolExecutor", None)
    found(5, "no_change")


def test_storing_and_loading_changes_nothing(real_forecasts: Forecasts, tmp_path: Path) -> None:
    store.Store(tmp_path).add(real_forecasts.paths)
    store.close(real_forecasts, tmp_path)
    loaded = store.open_forecasts(tmp_path)
    assert loaded.paths.keys() == real_forecasts.paths.keys()
    for key, path in real_forecasts.paths.items():
        kept = loaded.paths[key]
        np.testing.assert_array_equal(kept.draws, path.draws)
        assert replace(
            kept, draws=path.draws, years=path.years, observed=path.observed, final=path.final, weights=None
        ) == replace(path, weights=None)
    assert (loaded.as_of, loaded.seed, loaded.draw_count) == (TODAY, real_forecasts.seed, 400)


def test_every_target_with_a_number_is_forecast_where_there_is_evidence(real_data: Dataset, real_plan: Plan) -> None:
    keys = {(target.indicator, target.scope) for target in real_plan.targets if target.rule.kind != "milestone"}
    assert keys <= set(needed(real_plan, real_data))


def test_draws_stay_inside_bounds(real_forecasts: Forecasts, real_data: Dataset) -> None:
    for path in real_forecasts.paths.values():
        indicator = real_data.indicators.get(path.indicator)
        assert np.isfinite(path.draws).all()
        assert indicator.lower is None or (path.draws >= indicator.lower).all()
        assert indicator.upper is None or (path.draws <= indicator.upper).all()


def test_too_few_draws_are_refused(real_data: Dataset, real_plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLKIT_LANG", "en")
    with pytest.raises(UsageError, match="too few"):
        make_forecasts(real_data, real_plan, [], draws=99)


def logit(percent: np.ndarray) -> np.ndarray:
    """Return the logit of percentages, kept a little inside the bounds."""
    share = np.clip(percent, 1e-6, 100 - 1e-6) / 100
    return np.log(share / (1 - share))


def test_batches_of_any_size_and_in_any_company_hold_the_same_draws(real_data: Dataset, real_plan: Plan) -> None:
    only = {key: Span(2020, 2030, 2030) for key in (("poverty_rate", "dtts"), ("forest_cover", "all"))}
    wanted = ["06112", "05977", "06196"]
    every = {
        size: list(forecast_batches(real_data, real_plan, wanted, draws=100, only=only, size=size)) for size in (2, 50)
    }
    joined = {size: {key: path for batch in batches for key, path in batch.items()} for size, batches in every.items()}
    alone = make_forecasts(real_data, real_plan, [wanted[0]], draws=100, only=only)
    assert max(len({key[0] for key in batch}) for batch in every[2][2:]) <= 2  # after province and districts
    assert set(wanted) <= {key[0] for key in joined[2]}
    assert joined[2].keys() == joined[50].keys()
    for key, path in joined[50].items():
        assert path.draws.tobytes() == joined[2][key].draws.tobytes()
    for key in alone.keys_of(wanted[0]):
        assert alone.paths[key].draws.tobytes() == joined[2][key].draws.tobytes()
        assert alone.paths[key].breaks == joined[2][key].breaks


def test_children_share_the_jump_of_the_area_that_they_follow(real_data: Dataset, real_plan: Plan) -> None:
    made = make_forecasts(real_data, real_plan, [], draws=1000, only=POVERTY)
    values = [
        made.path(code, "poverty_rate", "all", across_breaks=way).at(2028)
        for code in ("20", "178")
        for way in (True, False)
    ]
    inside = np.min(values, axis=0) > 0.05  # at the bound the scale has no room
    across, today, of_child, of_child_today = (logit(one[inside]) for one in values)
    assert inside.mean() > 0.8
    assert np.corrcoef(across - today, of_child - of_child_today)[0, 1] > 0.9


def figures_of(code: str, years: Iterable[int], value: float = 50.0) -> UnitFigures:
    return UnitFigures(code, tuple(Observation(year, value, "final", "", "", "made") for year in years), ())


@pytest.mark.parametrize(
    ("own", "nation", "least", "most"),
    [
        (range(2008, 2016), range(2018, 2026), 1.0, 1.0),  # silent since 2015, the nation is known since
        (range(2008, 2016), range(2022, 2024), 0.3, 0.8),  # two figures since are half a series
        (range(2008, 2016), range(2010, 2015), 0.0, 0.0),  # nothing that is not known
        (range(2015, 2023), range(2020, 2026), 0.1, 0.3),  # silent for a short time
        (range(2020, 2026), range(2010, 2026), 1.0, 1.0),  # better known all along
        ([2025], [2015, 2019], 1.0, 1.0),  # one figure has no trend
    ],
)
def test_an_area_leans_on_a_larger_one_by_what_that_tells_it(
    own: Iterable[int], nation: Iterable[int], least: float, most: float
) -> None:
    found = leaning(figures_of("20", own), [figures_of("VN", nation)])
    assert least <= found.get("VN", 0.0) <= most
    assert sum(found.values()) == pytest.approx(1.0)


@given(st.sets(st.integers(2000, 2026), min_size=1), st.sets(st.integers(2000, 2026), min_size=1), st.data())
def test_no_single_figure_of_a_larger_area_switches_the_leaning(
    own: set[int], nation: set[int], data: st.DataObject
) -> None:
    more = data.draw(st.integers(2000, 2026))
    before, after = (
        leaning(figures_of("20", sorted(own)), [figures_of("VN", sorted(held))]).get("VN", 0.0)
        for held in (nation, nation | {more})
    )
    told = min(min(abs(more - year) for year in own) / SILENT_YEARS, 1.0)
    most = told / min(len(own), OWN_SERIES) / (LEANS_FULLY - LEANS_FROM)
    assert -1e-9 <= after - before <= most + 1e-9  # both are sums of floats
    assert most == 0 or more not in own


def test_the_nearest_area_comes_first_and_the_larger_ones_share_what_it_leaves() -> None:
    region, nation = figures_of("VN-NMM", [2018]), figures_of("VN", range(2015, 2026))
    found = leaning(figures_of("20", [2015, 2025]), [nation, region])
    assert list(found) == ["VN-NMM", "VN"]
    assert found["VN-NMM"] + found["VN"] == pytest.approx(1.0)
    assert 0.0 < found["VN-NMM"] < 0.5


def test_each_fit_draws_its_share_and_a_growing_share_takes_few_draws_over() -> None:
    def fit(parent: str, value: float) -> FittedFamily:
        level = np.full((1000, 1, 1), value)
        drawn = Paths(np.array([2030]), level, level, level[:, 0])
        return FittedFamily(Family(parent, ("20",)), (figures_of("20", [2020]),), drawn.of_units, 2020, (2030,), ())

    both, row = [fit("VN", 1.0), fit("", 0.0)], np.array([0])
    small, large = (mixed(both, [share, 1.0 - share], 1000) for share in (0.1, 0.15))
    assert [one.draw(row).values.mean() for one in (small, large)] == pytest.approx([0.1, 0.15], abs=0.002)
    assert (large.draw(row).values >= small.draw(row).values).all()
    made = small.draw(row)
    np.testing.assert_array_equal(made.values[:, 0], made.offsets)  # value and jump of a draw are of one fit
    assert (small.family.parent_code, mixed(both, [0.6, 0.4], 1000).family.parent_code) == ("", "VN")


@pytest.mark.parametrize("fits", [2, 3])
def test_what_each_fit_gives_to_a_mixture_is_as_even_as_all_it_drew(fits: int) -> None:
    random = np.random.default_rng(4)
    levels = [random.permutation(np.arange(2000.0)) for _ in range(fits)]
    dealt = np.empty(2000, dtype=np.int64)
    dealt[order_of(levels)] = np.arange(2000) * np.sqrt(2.0) % 1.0 * fits
    for fit, level in enumerate(levels):
        given = level[dealt == fit]
        for limit in (100.0, 700.0, 1500.0):
            # drawn at random the standard error were 1.2 points with two fits, 1.6 with three
            assert (given < limit).mean() == pytest.approx(limit / 2000.0, abs=0.008 if fits == 2 else 0.02)


def test_figures_of_the_nation_in_years_of_own_figures_move_nothing(real_data: Dataset, real_plan: Plan) -> None:
    known = {figure.year for figure in real_data.series("VN", "poverty_rate", "all").observations}
    own = [figure for figure in real_data.series("20", "poverty_rate", "all").observations if figure.year not in known]
    added = pd.DataFrame([("VN", "poverty_rate", one.year, 5.0, one.standard) for one in own])
    added.columns = pd.Index(["area_code", "indicator", "year", "value", "standard"])
    assert len(added) > 2
    before, after = (
        make_forecasts(data, real_plan, [], draws=100, only=POVERTY).path("20", "poverty_rate", "all")
        for data in (real_data, real_data.with_observations(added))
    )
    assert before is not None
    assert after is not None
    np.testing.assert_array_equal(before.draws, after.draws)


class WithPeers:
    """A data set with other provinces, whose literacy is that of Lạng Sơn until 2018 and has fallen since."""

    def __init__(self, dataset: Dataset, fall: float, count: int = 12) -> None:
        self.dataset, self.fall = dataset, fall
        peers = [
            Area(f"P{number:02}", f"Tỉnh {number}", "province", "VN", None, None, None, None) for number in range(count)
        ]
        self.peers = {area.code: number for number, area in enumerate(peers)}
        self.areas = Areas([*dataset.areas.all(), *peers])

    def __getattr__(self, name: str) -> object:
        return getattr(self.dataset, name)

    def with_data(self) -> frozenset[tuple[str, str, str]]:
        return self.dataset.with_data() | {(code, "literacy_15_plus", "all") for code in self.peers}

    def series(self, code: str, indicator: str, scope: str) -> Series:
        if code not in self.peers or (indicator, scope) != ("literacy_15_plus", "all"):
            return self.dataset.series(code, indicator, scope)
        level = 93.0 + 0.3 * self.peers[code]
        values = {year: level - self.fall * max(year - 2018, 0) for year in range(2010, 2026)}
        figures = tuple(Observation(year, value, "final", "", "", "made") for year, value in values.items())
        return Series(code, indicator, scope, figures)


def test_the_province_is_forecast_among_its_peers_and_their_figures_stay_theirs(
    real_data: Dataset, real_plan: Plan
) -> None:
    only = {("literacy_15_plus", "all"): Span(2020, 2030, 2030)}
    medians = []
    for fall in (0.0, 1.0):
        world = WithPeers(real_data, fall)
        made = make_forecasts(world, real_plan, [], draws=400, only=only)  # type: ignore[arg-type]
        assert not set(world.peers) & {key[0] for key in made.paths}
        path = made.path("20", "literacy_15_plus", "all")
        assert path is not None
        assert (path.at(2015) == 96.7).all()
        assert {figure.source_id for figure in path.evidence.observations} == {
            figure.source_id for figure in real_data.series("20", "literacy_15_plus", "all").observations
        }
        medians.append(float(np.median(path.at(2026))))
    assert medians[1] < medians[0] - 0.5


def test_a_figure_outside_its_own_interval_is_named(real_forecasts: Forecasts) -> None:
    path = real_forecasts.path("20", "literacy_15_plus", "all")
    assert path is not None
    assert path.outside() == []
    moved = path.draws.copy()
    moved[:, path.position(2015)] += 2.0
    ((figure, low, high),) = replace(path, draws=moved).outside()
    assert (figure.year, figure.value) == (2015, 96.7)
    assert 98.6 < low <= high < 98.8
