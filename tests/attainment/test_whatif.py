"""Effects and joint questions against plain loops."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from toolkit.attainment.pace import peers_keeping_mean
from toolkit.attainment.whatif import COLUMNS, Joint, change_of, effects, effects_table, judge_together
from toolkit.base.errors import UsageError
from toolkit.data.dataset import Dataset
from toolkit.forecast.store import Forecasts
from toolkit.plan.judgement import Judgement
from toolkit.plan.plan import Plan
from toolkit.scenario.scenario import Scenario


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
    found = peers_keeping_mean(dataset, ("x", "all", "3"), 6.5, False, 2)
    assert found == (2 / 3, 3)
    assert peers_keeping_mean(dataset, ("x", "all", "3"), 6.5, True, 2)[0] == pytest.approx(2 / 3)
    assert peers_keeping_mean(dataset, ("x", "all", "3"), 1.0, False, 9)[1] == 0


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
    found = judge_together(usual.plan, area, usual.dataset, usual.base)
    assert len(found.target_ids) >= 10
    assert found.bound == "at_least"
    assert found.at_least(0) == pytest.approx(1)
    chances = [found.at_least(count) for count in range(len(found.target_ids) + 1)]
    assert chances == sorted(chances, reverse=True)
    two = judge_together(usual.plan, area, usual.dataset, usual.base, ["T30-03", "T45-02", "T25-01"])
    marginals = two.weights @ two.met
    assert max(0.0, marginals.sum() - len(marginals) + 1) - 1e-9 <= two.all_met <= marginals.min() + 1e-9
