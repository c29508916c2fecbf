"""What one figure more is worth: the law of total variance on joint draws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import multivariate_normal, norm

from toolkit.attainment.assess import assess_all, narrowing
from toolkit.data.dataset import Dataset
from toolkit.forecast.store import Forecasts
from toolkit.plan import Plan


@pytest.mark.parametrize("correlation", [0.3, 0.7, 0.95])
def test_two_normals_give_the_closed_form(correlation: float) -> None:
    random = np.random.Generator(np.random.PCG64(3))
    now = random.standard_normal(200_000)
    later = correlation * now + np.sqrt(1 - correlation**2) * random.standard_normal(now.size)
    threshold = 0.4
    chance = norm.sf(threshold)
    # E[p(x)^2] is the chance that two draws with the same figure both pass
    both = multivariate_normal([0, 0], [[1, correlation**2], [correlation**2, 1]]).cdf([-threshold, -threshold])
    exact = 1 - (chance - both) / (chance * (1 - chance))
    # ten groups know the figure a little less than exactly
    assert narrowing(later > threshold, now) == pytest.approx(exact, abs=0.04)
    assert narrowing(later > threshold, now) <= exact + 0.01


@given(st.integers(0, 2**32 - 1), st.integers(20, 400))
def test_it_is_a_share(seed: int, draws: int) -> None:
    random = np.random.Generator(np.random.PCG64(seed))
    met, figure = random.random(draws) < 0.4, random.integers(0, 5, draws).astype(float)
    weights = random.random(draws)
    assert 0.0 <= narrowing(met, figure, weights / weights.sum()) <= 1.0


def test_what_is_sure_or_known_leaves_nothing_to_remove() -> None:
    figure = np.linspace(0, 1, 100)
    assert narrowing(np.ones(100, bool), figure) == 0.0
    assert narrowing(figure > 0.5, np.full(100, 3.0)) == 0.0


def test_weights_count_as_repeated_draws() -> None:
    random = np.random.Generator(np.random.PCG64(5))
    figure = random.standard_normal(3000)
    met = figure + random.standard_normal(3000) > 0
    kept = figure > -0.5
    alone = narrowing(met[kept], figure[kept])
    assert narrowing(met, figure, kept / kept.sum()) == pytest.approx(alone, abs=0.08)


def test_answers_from_draws_say_what_a_figure_would_remove(
    real_data: Dataset, real_plan: Plan, real_forecasts: Forecasts
) -> None:
    answers = assess_all(real_plan, [real_data.areas.get("178")], real_data, real_forecasts)
    told = {item.target_id: item.narrowing for item in answers if item.outcome == "probability"}
    assert told
    assert all(share is not None and 0 <= share <= 1 for share in told.values())
    assert max(share for share in told.values() if share is not None) > 0.3
    assert all(item.narrowing is None for item in answers if item.outcome != "probability")
