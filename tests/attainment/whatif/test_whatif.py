"""Effects, joint questions and budgets against plain loops."""

from __future__ import annotations

from itertools import product
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from toolkit.attainment.pace import peers_mean
from toolkit.attainment.whatif import budget
from toolkit.attainment.whatif.budget import best_spread, spread_budget
from toolkit.attainment.whatif.effect import change_of, effects
from toolkit.attainment.whatif.joint import Joint, joint
from toolkit.attainment.whatif.table import COLUMNS, effects_table
from toolkit.base.errors import UsageError
from toolkit.data.dataset import Dataset
from toolkit.forecast.store import Forecasts
from toolkit.plan.judgement import Judgement
from toolkit.plan.plan import Plan
from toolkit.scenario.effort import aim_at_target
from toolkit.scenario.scenario import Scenario
from toolkit.scenario.setting import Setting

DISTRICTS = ("178", "180", "181", "182", "183", "184", "185", "186", "187", "188", "189")


@pytest.fixture(scope="session")
def usual(real_forecasts: Forecasts, real_data: Dataset, real_plan: Plan) -> Scenario:
    return Scenario(real_forecasts, real_data, real_plan)


def test_business_as_usual_has_no_effect(usual: Scenario) -> None:
    area = usual.dataset.areas.get("181")
    found = effects(usual.plan, [area], usual.dataset, usual.base, usual.business_as_usual().forecasts)
    assert len(found) >= 8
    assert {(item.change, item.change_error) for item in found} == {(0.0, 0.0)}
    assert all(item.usual == item.changed for item in found)
    assert all(item.stands_for is None or item.stands_for.count == 0 for item in found)


def test_an_effect_is_the_difference_of_the_answers_with_the_error_of_paired_draws(usual: Scenario) -> None:
    made = usual.shock("poverty_rate", 2029, points=8, recovery="never").forecasts
    area = usual.dataset.areas.get("20")
    (item,) = effects(usual.plan, [area], usual.dataset, usual.base, made, ["T30-03"])
    assert item.change is not None and item.change_error is not None  # noqa: PT018
    assert item.usual.probability is not None and item.changed.probability is not None  # noqa: PT018
    assert item.change == pytest.approx(item.changed.probability - item.usual.probability)
    assert item.change < -0.1
    thresholds = [source.path("20", "poverty_rate", "dtts") for source in (usual.base, made)]
    met = [path.at(2030) < 10 for path in thresholds if path is not None]
    steps = met[1].astype(float) - met[0].astype(float)
    assert item.change_error == pytest.approx(steps.std() / np.sqrt(len(steps)))
    assert item.stands_for is not None
    assert item.stands_for.thing == "persons"  # minority households of the province are not known
    assert item.stands_for.whole == 655896
    assert item.stands_for.count > 0.05 * 655896
    table = effects_table([item], "x")
    assert tuple(table.columns) == COLUMNS
    assert table.loc[0, "scenario"] == "x"


def test_peers_are_asked_about_the_pace_of_the_scenario(usual: Scenario) -> None:
    area = usual.dataset.areas.get("20")
    slow, fast = (
        effects(usual.plan, [area], usual.dataset, usual.base, made.forecasts, ["T30-03"])[0]
        for made in (usual, usual.planned_values("poverty_rate", {2030: 0.1}, areas=["20"]))
    )
    assert slow.pace is not None and fast.pace is not None  # noqa: PT018
    assert fast.pace < slow.pace
    assert fast.pace == pytest.approx((0.1 - 2.32) / 5, abs=0.02)
    assert fast.peers_count == slow.peers_count > 0
    assert fast.peers_share is not None and slow.peers_share is not None  # noqa: PT018
    assert fast.peers_share <= slow.peers_share


def test_for_an_average_of_growth_the_pace_is_the_mean_of_the_years_left(usual: Scenario) -> None:
    area = usual.dataset.areas.get("20")
    made = usual.change_of_pace("grdp_growth", points=0.5, areas=["20"])
    slow, fast = (
        effects(usual.plan, [area], usual.dataset, usual.base, one.forecasts, ["T30-01"])[0] for one in (usual, made)
    )
    assert slow.pace is not None
    assert fast.pace is not None
    assert fast.pace - slow.pace == pytest.approx(np.mean([0.5, 1.0, 1.5, 2.0, 2.5]), abs=0.01)  # 2026 to 2030
    assert fast.pace_kind == "percent"


def test_peers_means_follow_a_plain_count() -> None:
    figure = SimpleNamespace
    held = {
        "1": [figure(year=2010 + step, value=value) for step, value in enumerate((5.0, 6.0, 7.0, 8.0))],
        "2": [figure(year=2010, value=9.0), figure(year=2012, value=9.0)],  # a gap: no spell of two years
        "3": [figure(year=2010, value=99.0), figure(year=2011, value=99.0)],  # the area itself
    }
    dataset: Any = SimpleNamespace(
        with_data=lambda: [(code, "x", "all") for code in held],
        series=lambda code, *_: SimpleNamespace(observations=held[code]),
    )
    found = peers_mean(dataset, "x", "all", "3", 6.5, False, 2)
    assert (found.share, found.count) == (2 / 3, 3)
    assert peers_mean(dataset, "x", "all", "3", 6.5, True, 2).share == pytest.approx(2 / 3)
    assert peers_mean(dataset, "x", "all", "3", 1.0, False, 9).count == 0


@given(
    before=arrays(bool, 30),
    after=arrays(bool, 30),
    weights=st.one_of(st.none(), arrays(float, 30, elements=st.floats(0.1, 1))),
)
def test_the_change_and_its_error_follow_a_plain_loop(
    before: np.ndarray, after: np.ndarray, weights: np.ndarray | None
) -> None:
    share = None if weights is None else weights / weights.sum()
    judged = [Judgement(met, met.astype(float), None, share) for met in (before, after)]
    found = change_of(*judged)
    assert found is not None
    plain = [1 / 30] * 30 if share is None else list(share)
    mean = sum(w * (int(b) - int(a)) for w, a, b in zip(plain, before, after, strict=True))
    spread = sum(w * (int(b) - int(a) - mean) ** 2 for w, a, b in zip(plain, before, after, strict=True))
    assert found[0] == pytest.approx(mean)
    assert found[1] == pytest.approx((spread * sum(w * w for w in plain)) ** 0.5)


def made_of(met: np.ndarray, dues: tuple[int, ...]) -> Joint:
    count, number = met.shape
    names = tuple(f"T{one}" for one in range(number))
    return Joint("20", names, dues, met, np.full(count, 1 / count), ("exact",) * number, ())


@settings(deadline=None)
@given(met=arrays(bool, (12, 4)), dues=st.tuples(*[st.sampled_from([2025, 2030, 2045])] * 4))
def test_joint_questions_follow_plain_loops_over_draws(met: np.ndarray, dues: tuple[int, ...]) -> None:
    found = made_of(met, dues)
    assert found.all_met == pytest.approx(sum(all(row) for row in met) / 12)
    for count in range(5):
        assert found.at_least(count) == pytest.approx(sum(sum(row) >= count for row in met) / 12)
    first = dict.fromkeys(found.target_ids, 0.0)
    for row in met:
        failing = [(due, name) for ok, due, name in zip(row, dues, found.target_ids, strict=True) if not ok]
        earliest = [name for due, name in failing if due == min(failing)[0]]
        for name in earliest:
            first[name] += 1 / len(earliest) / 12
    assert found.first_to_fail() == pytest.approx(first)
    assert sum(found.first_to_fail().values()) + found.all_met == pytest.approx(1)
    assert found.expected == pytest.approx(met.sum() / 12)
    with pytest.raises(UsageError):
        found.at_least(5)


def test_joint_is_not_the_product_of_marginals_on_the_real_plan(usual: Scenario) -> None:
    area = usual.dataset.areas.get("20")
    found = joint(usual.plan, area, usual.dataset, usual.base)
    assert len(found.target_ids) >= 10
    assert found.bound == "at_least"
    assert found.at_least(0) == pytest.approx(1)
    chances = [found.at_least(count) for count in range(len(found.target_ids) + 1)]
    assert chances == sorted(chances, reverse=True)
    two = joint(usual.plan, area, usual.dataset, usual.base, ["T30-03", "T45-02", "T25-01"])
    marginals = two.weights @ two.met
    assert max(0.0, marginals.sum() - len(marginals) + 1) - 1e-9 <= two.all_met <= marginals.min() + 1e-9


@settings(deadline=None, max_examples=60)
@given(steps=arrays(float, (3, 4), elements=st.floats(0, 1)))
def test_the_best_spread_is_the_best_of_all_spreads(steps: np.ndarray) -> None:
    gains = np.column_stack([np.zeros(3), np.cumsum(steps, axis=1)])
    chosen = best_spread(gains)
    spreads = [portions for portions in product(range(5), repeat=3) if sum(portions) <= 4]
    best = max(sum(gains[area, portions[area]] for area in range(3)) for portions in spreads)
    assert sum(chosen) <= 4
    assert sum(gains[area, portion] for area, portion in enumerate(chosen)) == pytest.approx(best)


def test_a_budget_goes_where_it_decides_most(usual: Scenario) -> None:
    found = spread_budget(usual.base, usual.dataset, usual.plan, ["T45-02"], DISTRICTS, 4.0)
    as_usual, evenly, best = found.expected
    assert as_usual <= evenly <= best + 0.02  # portions are coarser than an even spread
    assert sum(found.efforts) <= 4.0 + 1e-9
    assert found.area_codes == tuple(DISTRICTS)
    assert all(0 <= effort <= 4 for effort in found.efforts)
    with pytest.raises(UsageError):
        spread_budget(usual.base, usual.dataset, usual.plan, ["T45-02"], DISTRICTS, 0.0)
    with pytest.raises(UsageError, match="T30-01"):  # the province's alone
        spread_budget(usual.base, usual.dataset, usual.plan, ["T30-01"], DISTRICTS, 1.0)


def test_several_targets_share_the_effort_on_their_indicator_and_the_best_spread_beats_all_others(
    usual: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "PORTIONS", 6)
    areas, targets = ["20", "181"], ["T30-03", "T45-02", "T30-08"]
    found = spread_budget(usual.base, usual.dataset, usual.plan, targets, areas, 3.0)
    efforts = dict(zip(zip(found.area_codes, found.target_ids, strict=True), found.efforts, strict=True))
    assert all(efforts[code, "T30-03"] == efforts[code, "T45-02"] for code in areas)  # both are about poverty
    setting = Setting(usual.dataset, usual.plan)
    aims = {
        (code, name): aim_at_target(usual.base, code, usual.plan.target(name), setting)
        for code in areas
        for name in targets
    }
    best = 0.0
    for portions in product(range(7), repeat=4):
        if sum(portions) > 6:
            continue
        given = dict(zip(product(areas, ("poverty", "life")), portions, strict=True))
        spent = {(code, name): 0.5 * given[code, "life" if name == "T30-08" else "poverty"] for code, name in aims}
        best = max(best, sum(aim.chance(spent[key]) for key, aim in aims.items()))
    assert found.expected[2] == pytest.approx(best)
