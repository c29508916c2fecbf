"""Every verb: what is published stays, draws stay inside their bounds and together, and the verb does what it says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.scenario.conftest import DISTRICTS
from toolkit.attainment.assess import assess
from toolkit.base.errors import UsageError
from toolkit.forecast.paths import Path, scale_of
from toolkit.scenario.effort import edge_of, pace_of_peers, peer_steps
from toolkit.scenario.propagate import Setting, shares_of
from toolkit.scenario.scenario import Scenario, checked_step
from toolkit.scenario.steps import VERBS, Step

QUICK = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
NAMED = {"indicator": "poverty_rate"}
POVERTY = ("poverty_rate", "all")


def path(scenario: Scenario, code: str, indicator: str = "poverty_rate", scope: str = "all", **options: bool) -> Path:
    found = scenario.forecasts.path(code, indicator, scope, **options)
    assert found is not None
    return found


def step_from(content: Mapping[str, Any]) -> Step:
    """Return a verb with its parameters, as a file holds them."""
    return checked_step(VERBS[content["verb"]], **{name: value for name, value in content.items() if name != "verb"})


def steps() -> st.SearchStrategy[dict[str, object]]:
    """Return any verb on the poverty rate, with any sensible parameters."""
    year = st.integers(2026, 2032)
    value = st.floats(0, 100)
    areas = st.sampled_from([None, ("20",), ("181", "185"), ("20", "182")])
    base = {"indicator": st.just("poverty_rate"), "areas": areas}
    return st.one_of(
        st.fixed_dictionaries({"verb": st.just("business_as_usual"), "areas": areas}),
        st.fixed_dictionaries(
            {
                "verb": st.just("required_pace"), **base, "op": st.sampled_from(["<", "<=", ">", ">="]),
                "value": value, "due": st.integers(2027, 2035), "probability": st.floats(0.05, 0.95),
            }
        ),
        st.fixed_dictionaries(
            {"verb": st.just("fixed_target"), **base, "value": value, "year": year,
             "spread": st.sampled_from(["kept", "none"])}
        ),
        st.fixed_dictionaries(
            {"verb": st.just("change_of_pace"), **base, "points": st.floats(-20, 20), "from_year": year}
        ),
        st.fixed_dictionaries(
            {"verb": st.just("change_of_pace"), **base, "percent": st.floats(-50, 50), "from_year": year}
        ),
        st.fixed_dictionaries({"verb": st.just("halt_rise"), **base, "from_year": year}),
        st.fixed_dictionaries(
            {"verb": st.just("peers_pace"), **base, "which": st.sampled_from(["best", "top_third", "median"])}
        ),
        st.fixed_dictionaries(
            {"verb": st.just("shock"), **base, "year": year, "points": st.floats(-90, 90),
             "recovery": st.sampled_from(["never", "slow", "fast"])}
        ),
        st.fixed_dictionaries(
            {"verb": st.just("planned_values"), **base, "values": st.dictionaries(year, value, min_size=1, max_size=3)}
        ),
        st.fixed_dictionaries(
            {"verb": st.just("new_standard"), **base, "year": year, "mean": st.floats(-1, 2), "sd": st.floats(0.01, 1)}
        ),
    )  # fmt: skip


@QUICK
@given(content=st.lists(steps(), min_size=1, max_size=3))
def test_any_chain_keeps_what_is_published_bounds_and_coherence(
    usual: Scenario, content: list[dict[str, object]]
) -> None:
    scenario = usual
    for one in content:
        scenario = scenario.then(step_from({key: value for key, value in one.items() if value is not None}))
    made = scenario.forecasts
    assert set(usual.base.paths) <= set(made.paths)
    for key, after in made.paths.items():
        before = usual.base.paths.get(key) or usual.base.paths[(*key[:3], True)]
        known = before.observed | (before.years <= before.evidence.last_year)
        np.testing.assert_array_equal(after.draws[:, known], before.draws[:, known])
        assert after.draws.shape == before.draws.shape
        assert np.isfinite(after.draws).all()
        indicator = scenario.dataset.indicators.get(after.indicator)
        assert indicator.lower is None or after.draws.min() >= indicator.lower
        assert indicator.upper is None or after.draws.max() <= indicator.upper
        if after.indicator != "poverty_rate":
            np.testing.assert_array_equal(after.draws, before.draws)
    for code in ("20", "181"):  # the bound through the stand-in is made of the moved path, draw by draw
        own, bound, share = (
            path(scenario, code, *key) for key in (POVERTY, ("poverty_rate", "dtts"), ("dtts_population_share", "all"))
        )
        held = share.at(min(share.evidence.last_year, int(share.years[-1])))
        expected = np.minimum(100 * own.draws / np.clip(held, 0.1, 100)[:, None], 100)
        later = own.years > share.evidence.last_year
        np.testing.assert_allclose(bound.draws[:, later], expected[:, later], rtol=1e-5, atol=1e-5)


def test_business_as_usual_changes_nothing(usual: Scenario) -> None:
    made = usual.business_as_usual().business_as_usual()
    assert made.forecasts is usual.base
    nothing = usual.change_of_pace("poverty_rate", points=0).shock("poverty_rate", 2028, percent=0)
    for key, before in usual.base.paths.items():
        assert nothing.forecasts.paths[key].draws.tobytes() == before.draws.tobytes()


def test_a_scenario_never_changes_what_it_was_made_from(usual: Scenario) -> None:
    before = {key: item.draws.tobytes() for key, item in usual.base.paths.items()}
    changed = usual.fixed_target("poverty_rate", 1, 2030)
    assert changed.forecasts is not usual.base
    assert usual.steps == ()
    assert {key: item.draws.tobytes() for key, item in usual.base.paths.items()} == before


@QUICK
@given(
    probability=st.floats(0.02, 0.98), value=st.floats(0.6, 40), due=st.integers(2027, 2035),
    op=st.sampled_from(["<", "<=", ">", ">="]), code=st.sampled_from(["20", "181", "182"]),
)  # fmt: skip
def test_a_required_pace_meets_its_level_with_the_probability_it_says(
    usual: Scenario, probability: float, value: float, due: int, op: str, code: str
) -> None:
    step = {"verb": "required_pace", "indicator": "poverty_rate", "op": op, "value": value, "due": due}
    made = usual.then(step_from(step | {"probability": probability, "keep_better": False, "areas": [code]}))
    at = path(made, code).at(due)
    met = {"<": at < value, "<=": at <= value, ">": at > value, ">=": at >= value}[op]
    ties = np.unique(path(usual, code).at(due), return_counts=True)[1].max()  # draws printed as 0.0 move as one
    assert probability - 1e-9 <= met.mean() <= probability + ties / len(at) + 1e-9


@pytest.mark.parametrize(("start", "probability"), [("last", 0.4), ("base", 0.8)])
def test_a_required_pace_meets_targets_of_the_plan_as_they_are_judged(
    usual: Scenario, probability: float, start: str
) -> None:
    plan, data = usual.plan, usual.dataset
    asked = 0
    for target in plan.targets:
        for code in ("20", "181"):
            area = data.areas.get(code)
            before = assess(target, area, plan, data, usual.base)
            if before.outcome != "probability" or before.probability is None or target.due < 2027:
                continue
            if before.proxy and not target.rule.at_due:
                continue  # refused in words: a condition of many years, seen through a stand-in
            made = usual.required_pace(target.id, probability=probability, counted_from=start, areas=[code])  # type: ignore[arg-type]
            after = assess(target, area, plan, data, made.forecasts)
            assert after.probability is not None
            expected = max(probability, before.probability)
            near, counted = 1.01 / usual.base.draw_count, data.indicators.get(target.indicator or "").countable
            assert after.probability >= expected - near, (target.id, code)
            # communes come whole: one more of a district's eight moves many draws at once
            assert after.probability <= expected + (0.2 if counted else near), (target.id, code)
            asked += before.probability < probability
    assert asked >= 1


LATER = 20
"""The last years of every path: 2026 to 2045."""


def summed(before: Scenario, after: Scenario, sizes: dict[str, float]) -> np.ndarray:
    """Return the change of the districts' mean, weighted by their people, draw by draw and year by year."""
    gained = [size * (path(after, code).draws - path(before, code).draws)[:, -LATER:] for code, size in sizes.items()]
    return np.asarray(np.sum(gained, axis=0) / sum(sizes.values()))


@QUICK
@given(
    points=st.floats(-0.5, 8), moved=st.lists(st.sampled_from(DISTRICTS), min_size=1, max_size=4, unique=True),
    year=st.integers(2027, 2030),
)  # fmt: skip
def test_what_districts_change_the_province_changes_by_their_people(
    usual: Scenario, people: dict[str, float], points: float, moved: list[str], year: int
) -> None:
    made = usual.shock("poverty_rate", year, points=points, areas=moved)
    gained = (path(made, "20").draws - path(usual, "20").draws)[:, -LATER:]
    inside = path(made, "20").draws[:, -LATER:] > 0
    np.testing.assert_allclose(gained[inside], summed(usual, made, people)[inside], atol=1e-4)
    for code in set(DISTRICTS) - set(moved):  # what one district does is not copied by the others
        np.testing.assert_array_equal(path(made, code).draws, path(usual, code).draws)


@QUICK
@given(points=st.floats(-0.3, 2), year=st.integers(2027, 2030))
def test_what_the_province_changes_its_districts_add_up_to(
    usual: Scenario, people: dict[str, float], points: float, year: int
) -> None:
    made = usual.change_of_pace("poverty_rate", points=points, from_year=year, areas=["20"])
    gained = (path(made, "20").draws - path(usual, "20").draws)[:, -LATER:]
    parts = summed(usual, made, people)
    mean = np.sum([size * path(usual, code).draws[:, -LATER:] for code, size in people.items()], axis=0)
    able = mean / sum(people.values()) + gained > 0.01  # districts cannot fall by more than they have
    assert able.mean() > 0.5
    assert np.isclose(gained, parts, atol=2e-3)[able].mean() > 0.98


def test_areas_that_follow_share_one_factor_on_the_link_scale(usual: Scenario) -> None:
    made = usual.change_of_pace("poverty_rate", points=1.0, areas=["20"])
    scale = scale_of(usual.dataset.indicators.get("poverty_rate"))
    shifts = [
        scale.to_link(path(made, code).at(2029)) - scale.to_link(path(usual, code).at(2029)) for code in DISTRICTS
    ]
    inside = np.all([path(usual, code).at(2029) > 0.01 for code in DISTRICTS], axis=0)
    assert inside.mean() > 0.5
    assert np.isclose(np.ptp(np.array(shifts)[:, inside], axis=0), 0.0, atol=2e-3).mean() > 0.99
    alone = usual.change_of_pace("poverty_rate", points=-0.3, areas=["182"])
    assert (path(alone, "182").at(2028) <= path(usual, "182").at(2028)).all()


def test_counts_add_up_and_what_has_no_weights_leaves_the_whole_alone(usual: Scenario) -> None:
    setting = Setting(usual.dataset, usual.plan)
    assert shares_of(setting, "poor_households", "all", "20") == dict.fromkeys(DISTRICTS, 1.0)
    shares = shares_of(setting, "poverty_rate", "all", "20")
    assert shares is not None
    assert sum(shares.values()) == pytest.approx(1)
    forest = shares_of(setting, "forest_cover", "all", "20")
    assert forest is not None
    assert forest["178"] < shares["178"], "the city has many people on little land"
    assert shares_of(setting, "grdp_growth", "all", "20") is None
    made = usual.change_of_pace("grdp_growth", points=1.0, areas=["181"])
    np.testing.assert_array_equal(path(made, "20", "grdp_growth").draws, path(usual, "20", "grdp_growth").draws)


def test_a_change_of_pace_adds_up_year_by_year(usual: Scenario) -> None:
    made = usual.change_of_pace("poverty_rate", points=0.5, from_year=2028, to_year=2029, areas=["20"])
    gained = path(made, "20").draws - path(usual, "20").draws
    years = path(usual, "20").years
    for year, expected in {2027: 0.0, 2028: 0.5, 2029: 1.0, 2030: 1.0}.items():
        np.testing.assert_allclose(gained[:, years == year], expected, atol=1e-5)
    relative = usual.change_of_pace("poverty_rate", percent=-10, from_year=2028, areas=["20"])
    expected = 0.9**3 * path(usual, "20").at(2030)
    np.testing.assert_allclose(path(relative, "20").at(2030), expected, rtol=1e-4, atol=1e-5)


def test_a_fixed_target_leads_the_median_there_and_keeps_it(usual: Scenario) -> None:
    made = usual.fixed_target("poverty_rate", 1.5, 2029, areas=["20"])
    assert np.median(path(made, "20").at(2029)) == pytest.approx(1.5, abs=0.01)
    assert np.median(path(made, "20").at(2032)) == pytest.approx(1.5, abs=0.01)
    assert np.median(path(made, "20").at(2027)) == pytest.approx((2.32 + 1.5) / 2, abs=0.01)
    sure = usual.fixed_target("poverty_rate", 1.5, 2029, spread="none", areas=["20"])
    np.testing.assert_allclose(path(sure, "20").at(2029), 1.5, rtol=1e-6)


def test_planned_values_are_met_by_the_median_and_then_it_goes_on_as_forecast(usual: Scenario) -> None:
    made = usual.planned_values("poverty_rate", {2027: 2.0, 2029: 1.8}, areas=["20"])
    for year, value in {2027: 2.0, 2028: 1.9, 2029: 1.8}.items():
        assert np.median(path(made, "20").at(year)) == pytest.approx(value, abs=0.01)
    scale = scale_of(usual.dataset.indicators.get("poverty_rate"))
    steps_after = [
        scale.to_link(path(one, "20").at(2031)) - scale.to_link(path(one, "20").at(2029)) for one in (made, usual)
    ]
    inside = (path(made, "20").at(2031) > 0.01) & (path(usual, "20").at(2031) > 0.01)
    np.testing.assert_allclose(steps_after[0][inside], steps_after[1][inside], atol=1e-3)


def test_areas_with_values_of_their_own_are_moved_at_once(usual: Scenario) -> None:
    planned = {"20": {2028: 1.0}, "Bình Gia": {2028: 6.0, 2029: 5.0}}
    made = usual.planned_values("poverty_rate", by_area=planned)
    assert np.median(path(made, "20").at(2028)) == pytest.approx(1.0, abs=0.01)
    assert np.median(path(made, "181").at(2029)) == pytest.approx(5.0, abs=0.01)
    with pytest.raises(UsageError, match="by_area"):
        usual.planned_values("poverty_rate", {2028: 1.0}, by_area=planned)


def test_after_a_halt_no_draw_rises_but_for_a_change_of_standard(usual: Scenario) -> None:
    made = usual.halt_rise("poverty_rate", from_year=2027)
    today = path(made, "20", across_breaks=False)
    later = today.draws[:, today.position(2026) :]
    assert (np.diff(later, axis=1) <= 1e-5).all()
    assert (later <= path(usual, "20", across_breaks=False).draws[:, today.position(2026) :] + 1e-5).all()
    assert (path(made, "20").at(2027) > today.at(2027)).mean() > 0.5  # the new line still counts more households
    up = usual.halt_rise("new_rural_communes_share", from_year=2027)
    rising = path(up, "20", "new_rural_communes_share", across_breaks=False)
    assert (np.diff(rising.draws[:, rising.position(2026) :], axis=1) >= -1e-5).all()


@pytest.mark.parametrize(("recovery", "left"), [("never", 3.0), ("slow", 1.8), ("fast", 0.0)])
def test_a_shock_wears_off_as_said(usual: Scenario, recovery: str, left: float) -> None:
    made = usual.shock("poverty_rate", 2027, points=3, recovery=recovery, areas=["20"])  # type: ignore[arg-type]
    before = path(usual, "20")
    np.testing.assert_allclose(path(made, "20").at(2027) - before.at(2027), 3.0, atol=1e-4)
    np.testing.assert_allclose(path(made, "20").at(2029) - before.at(2029), left, atol=1e-4)
    np.testing.assert_array_equal(path(made, "20").at(2026), before.at(2026))


def test_peers_pace_is_a_pace_that_others_kept(usual: Scenario) -> None:
    setting = Setting(usual.dataset, usual.plan)
    start = path(usual, "181")
    found = peer_steps(setting, start)
    assert len(found) >= 3
    assert "181" not in {step.area_code for step in found}
    best, third, median = (pace_of_peers(setting, start, which) for which in ("best", "top_third", "median"))
    assert best == min(step.pace for step in found)
    assert best <= third <= median
    made = usual.peers_pace("poverty_rate", "best", areas=["181"])
    scale = scale_of(usual.dataset.indicators.get("poverty_rate"))
    today = path(made, "181")
    steps_ = np.diff(scale.to_link(np.median(today.draws, axis=0)))
    np.testing.assert_allclose(steps_[today.position(2028) : today.position(2029)], best, atol=0.05)


def test_a_new_standard_jumps_in_all_areas_together_and_keeps_todays(usual: Scenario) -> None:
    made = usual.new_standard("poverty_rate", 2028, mean=0.5, sd=0.2)
    scale = scale_of(usual.dataset.indicators.get("poverty_rate"))
    jumps = []
    for code in ("20", "181"):
        today, across = path(made, code, across_breaks=False), path(made, code)
        np.testing.assert_array_equal(today.draws, path(usual, code, across_breaks=False).draws)
        np.testing.assert_array_equal(across.at(2027), today.at(2027))
        jumps.append(scale.to_link(across.at(2029)) - scale.to_link(today.at(2029)))
        assert across.standards[across.position(2028)] == "scenario"
        assert [change.year for change in across.breaks if not change.measured] == [2028]
    inside = (path(made, "20").at(2029) > 0.01) & (path(made, "181").at(2029) > 0.01)
    np.testing.assert_allclose(jumps[0][inside], jumps[1][inside], atol=2e-2)
    assert np.median(jumps[0]) == pytest.approx(0.5, abs=0.05)


def test_shares_of_communes_stay_whole_numbers_of_communes(usual: Scenario) -> None:
    made = usual.change_of_pace("new_rural_communes_share", points=2.2, areas=["20"])
    indicator = usual.dataset.indicators.get("new_rural_communes_share")
    assert indicator.countable == "communes"
    communes = path(made, "20", "new_rural_communes_share").at(2029) * 65 / 100
    np.testing.assert_allclose(communes, np.round(communes), atol=1e-4)


def test_mistakes_get_a_message_and_a_remedy(usual: Scenario) -> None:
    for content, words in (
        ({"verb": "shock", "indicator": "poverty_rate", "year": 2028}, "points"),
        ({"verb": "shock", "indicator": "poverty_rate", "year": 2028, "points": 1.0, "depth": 3}, "depth"),
        ({"verb": "required_pace"}, "target"),
        ({"verb": "required_pace", "target": "T30-03", "probability": 1.0}, "probability"),
        ({"verb": "change_of_pace", "indicator": "poverty_rate", "percent": float("nan")}, "percent"),
    ):
        with pytest.raises(UsageError, match=words):
            step_from(content)
    for verb, arguments, words in (
        ("required_pace", {"target": "T99"}, "T99"),
        ("fixed_target", {"indicator": "poverty", "value": 3, "year": 2030}, "poverty_rate"),
        ("fixed_target", NAMED | {"value": 3, "year": 2030, "areas": ["Bình Giaa"]}, "Bình Gia"),
        ("required_pace", NAMED | {"op": "<", "value": 5, "due": 2024, "areas": ["20"]}, "2024"),
        ("planned_values", NAMED | {"values": {2020: 3}, "areas": ["20"]}, "2020"),
        ("shock", NAMED | {"year": 2019, "points": 5}, "2019"),
        ("fixed_pace", NAMED | {"points": -1, "from_year": 2030, "to_year": 2027}, "from_year"),
        ("change_of_pace", NAMED | {"points": -1, "from_year": 2030, "to_year": 2027}, "from_year"),
        ("peers_pace", NAMED | {"from_year": 2030, "to_year": 2027}, "from_year"),
    ):
        with pytest.raises(UsageError, match=words):  # when it is written, before anything is computed
            getattr(usual, verb)(**arguments)
    with pytest.raises(UsageError, match=r"poverty_rate \(all\)"):
        _ = usual.fixed_target("poverty_rate", 3, 2030, scope="dtts", areas=["20"]).forecasts


def test_a_fixed_pace_is_the_pace_that_it_says(usual: Scenario) -> None:
    """The slider's minus one lets poverty fall one point a year, whatever the forecast itself does."""
    before = path(usual, "20")
    start = float(np.median(before.at(2027)))
    for pace, reached in (({"points": -0.2}, start - 0.2 * 3), ({"percent": -10.0}, start * 0.9**3)):
        made = usual.fixed_pace("poverty_rate", **pace, from_year=2028, areas=["20"])
        assert np.median(path(made, "20").at(2030)) == pytest.approx(reached, abs=0.02)
        np.testing.assert_array_equal(path(made, "20").at(2027), before.at(2027))
    held = path(usual.fixed_pace("poverty_rate", points=-0.2, from_year=2028, to_year=2029, areas=["20"]), "20")
    assert np.median(held.at(2032)) == pytest.approx(np.median(held.at(2029)), abs=0.02)


def test_a_change_of_ones_own_moves_open_years_inside_the_bounds(usual: Scenario) -> None:
    made = usual.shock("poverty_rate", 2028, points=1).apply(lambda draws, years: draws - 100.0 * (years == 2030))
    assert made.steps[-1].parameters["indicator"] == "poverty_rate"
    assert path(made, "20").at(2030).max() < 0.1
    np.testing.assert_array_equal(path(made, "20").at(2024), path(usual, "20").at(2024))
    for wrong in (lambda draws, years: draws[:, :1], lambda draws, years: draws * np.nan):
        with pytest.raises(UsageError, match="S, T"):
            _ = usual.apply(wrong, "poverty_rate", areas=["20"]).forecasts
    with pytest.raises(UsageError, match="poverty_rate"):
        usual.apply(lambda draws, _: draws)


def test_no_draw_rises_where_a_rise_is_halted(usual: Scenario) -> None:
    made = usual.halt_rise("poverty_rate", from_year=2027)
    for code in ("20", "181"):
        today = path(made, code, across_breaks=False)
        later = today.draws[:, today.position(2026) :]
        assert np.diff(later, axis=1).max() <= 1e-4, code


def test_verbs_read_the_same_from_python_and_from_data(usual: Scenario) -> None:
    made = usual.required_pace("T30-03", probability=0.8).shock("poverty_rate", 2028, points=2).named("x")
    assert [step_from({"verb": step.verb} | step.parameters) for step in made.steps] == list(made.steps)
    assert {step.verb for step in made.steps} <= set(VERBS)
    assert repr(made) == "<Scenario x: required_pace → shock>"


@given(level=st.floats(0, 100), count=st.integers(1, 200), op=st.sampled_from(["<", "<=", ">", ">="]))
def test_the_edge_of_a_count_is_where_it_begins_to_be_met(level: float, count: int, op: str) -> None:
    from toolkit.plan.predicates import Printed, level_met

    printed = Printed(1)
    edge = edge_of(op, level, printed, count)  # type: ignore[arg-type]
    shares = 100 * np.arange(count + 1) / count
    if level_met(shares, op, level, printed).any():  # type: ignore[arg-type]
        inside = np.clip(np.array([edge]), 0, 100)
        rounded = np.round(inside * count / 100) * 100 / count
        assert level_met(rounded, op, level, printed).all()  # type: ignore[arg-type]
