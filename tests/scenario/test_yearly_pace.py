"""The required pace of rules about every year and about averages meets them as often as it says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toolkit.attainment.assess import assess
from toolkit.base.errors import UsageError
from toolkit.forecast.store import Forecasts
from toolkit.plan.plan import Plan, Target
from toolkit.plan.predicates import satisfies, yearly_changes
from toolkit.scenario.scenario import Scenario

QUICK = settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
FALL = {"kind": "annual_change", "op": "<=", "from": 2028, "to": 2030, "measured_in": "percentage_points"}
GROWTH = {"kind": "annual_change", "op": ">=", "from": 2027, "to": 2029, "measured_in": "percent"}
EVERY = {"kind": "each_year", "op": ">=", "from": 2026, "to": 2029}
MEAN = {"kind": "average", "op": ">=", "from": 2024, "to": 2030, "compounds": True}
LOW_MEAN = {"kind": "average", "op": "<=", "from": 2026, "to": 2030}
RULES = {
    "fall": ("poverty_rate", "percent", FALL),
    "growth": ("household_income_per_capita", "thousand_vnd_per_month", GROWTH),
    "every": ("grdp_growth", "percent", EVERY),
    "mean": ("grdp_growth", "percent", MEAN),
    "low_mean": ("poverty_rate", "percent", LOW_MEAN),
}


def asking(plan: Plan, rule: str, value: float) -> Plan:
    """Return the plan with one more target, Z1."""
    indicator, unit, fields = RULES[rule]
    content: dict[str, Any] = {
        "id": "Z1", "due": fields["to"], "clause": "z", "indicator": indicator, "scope": "all", "unit": unit,
        "name_vi": "Thử", "name_en": "A test", "rule": fields | {"value": value},
    }  # fmt: skip
    return plan.model_copy(update={"targets": (*plan.targets, Target.model_validate(content))})


@pytest.mark.parametrize(
    ("rule", "values"),
    [("fall", (-0.4, -0.05)), ("growth", (5.0, 14.0)), ("every", (5.0, 9.0)), ("mean", (4.0, 9.0)),
     ("low_mean", (0.8, 3.0))],
)  # fmt: skip
@QUICK
@given(share=st.floats(0, 1), probability=st.floats(0.05, 0.9), better=st.booleans())
def test_it_meets_the_rule_with_the_probability_it_says(
    usual: Scenario, rule: str, values: tuple[float, float], share: float, probability: float, better: bool,
) -> None:  # fmt: skip
    value = round(values[0] + share * (values[1] - values[0]), 2)
    plan, data, draws = asking(usual.plan, rule, value), usual.dataset, usual.base
    target, area = plan.target("Z1"), data.areas.get("20")
    usual = replace(usual, plan=plan)
    step = usual.required_pace("Z1", probability=probability, keep_better=better, areas=["20"])
    before = assess(target, area, plan, data, draws).probability
    assert before is not None
    try:
        made = step.forecasts
    except UsageError:
        made = None
    if made is None:
        assert rule == "fall"
        assert highest_chance(draws, value) < probability + 0.01
        return
    after = assess(target, area, plan, data, made).probability
    assert after is not None
    wanted = max(probability, before) if better else probability
    assert wanted - 1e-9 <= after <= wanted + 3.01 / draws.draw_count


def highest_chance(forecasts: Forecasts, value: float) -> float:
    """Return the most that any yearly fall in points reaches, tried out one by one."""
    path = forecasts.path("20", "poverty_rate", "all")
    assert path is not None
    elapsed = np.cumsum((path.years > path.evidence.last_year) & ~path.observed)
    columns = slice(path.position(2027), path.position(2030) + 1)
    chances = []
    for effort in np.linspace(-3, 3, 1201):
        changed = np.clip(path.draws - effort * elapsed, 0, 100)[:, columns]
        chances.append(satisfies(yearly_changes(changed, "percentage_points"), "<=", value).all(axis=1).mean())
    return float(max(chances))


def test_what_no_effort_reaches_is_refused_with_what_would_be_reached(usual: Scenario) -> None:
    usual = replace(usual, plan=asking(usual.plan, "fall", -3.0))
    with pytest.raises(UsageError, match="90%"):  # from 2.3 % no rate falls by three points a year for three years
        _ = usual.required_pace("Z1", probability=0.9, areas=["20"]).forecasts


def test_years_that_are_over_and_milestones_have_no_pace(usual: Scenario) -> None:
    for target in ("T25-02", "T30-12"):  # yearly changes seen through a bound; a milestone
        with pytest.raises(UsageError):
            _ = usual.required_pace(target, areas=["20"]).forecasts
