"""From figures to panels: revisions, conflicts of sources, and chance in small places are noise, each where due."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.data.dataset import load
from toolkit.data.indicators import Indicator
from toolkit.data.observations import Observation, resolved
from toolkit.forecast.panels import SMALLEST_BINOMIAL_SD, binomial_sd, conflict_sd, denominator_of, with_binomial_noise
from toolkit.forecast.paths import scale_of
from toolkit.models.panel import Scale


@pytest.fixture(scope="module")
def poverty() -> Indicator:
    return load().indicators.get("poverty_rate")


def figure(value: float, status: str, source: str, day: str = "2025-01-31") -> Observation:
    return Observation(2024, value, status, "", "mdp_2022", source, available_from=day)


def test_two_reported_figures_of_two_sources_are_uncertain_by_half_their_distance() -> None:
    kept = resolved([figure(10.0, "reported", "a"), figure(12.0, "reported", "b", "2025-03-01")])[0]
    scale = Scale.percent()
    distance = float(scale.to_link(12.0) - scale.to_link(10.0))
    assert kept.value == 12.0
    assert conflict_sd(kept, scale) == pytest.approx(distance / 2)


@pytest.mark.parametrize("others", [[("preliminary", "b")], [("reported", "a")]])
def test_a_better_status_or_the_same_source_is_no_conflict(others: list[tuple[str, str]]) -> None:
    rivals = [figure(12.0, status, source, "2024-12-01") for status, source in others]
    kept = resolved([figure(10.0, "reported", "a"), *rivals])[0]
    assert conflict_sd(kept, Scale.percent()) == 0.0


def test_final_figures_count_as_they_are() -> None:
    kept = resolved([figure(10.0, "final", "a"), figure(12.0, "final", "b", "2025-03-01")])[0]
    assert kept.overruled
    assert conflict_sd(kept, Scale.percent()) == 0.0


@given(share=st.integers(1, 99), size=st.integers(50, 2000))
def test_chance_is_that_of_k_of_n(share: int, size: int) -> None:
    indicator = load_poverty()
    random = np.random.Generator(np.random.PCG64(7))
    cases = random.binomial(size, share / 100, 4000)
    linked = np.log((cases + 0.5) / (size - cases + 0.5))
    if min(size * share / 100, size * (1 - share / 100)) >= 10:  # the delta method wants some cases on both sides
        assert binomial_sd(float(share), size, indicator) == pytest.approx(float(linked.std()), rel=0.1)


def load_poverty() -> Indicator:
    if not KEPT:
        KEPT.append(load().indicators.get("poverty_rate"))
    return KEPT[0]


KEPT: list[Indicator] = []


def test_chance_is_felt_in_small_places_only(poverty: Indicator) -> None:
    assert binomial_sd(10.0, 200_000, poverty) == 0.0
    assert binomial_sd(10.0, None, poverty) == 0.0
    assert binomial_sd(10.0, 400, load().indicators.get("forest_cover")) == 0.0
    assert binomial_sd(2.0, 500, poverty) > binomial_sd(2.0, 5000, poverty) >= SMALLEST_BINOMIAL_SD
    assert np.isfinite(binomial_sd(0.0, 30, poverty))


def test_drawn_shares_of_few_households_spread_and_published_ones_stay(poverty: Indicator) -> None:
    draws = np.full((500, 3), 10.0)
    observed = np.array([True, False, False])
    few = with_binomial_noise(draws, 400, observed, poverty, 1)
    assert (few[:, 0] == 10.0).all()
    assert few[:, 1].std() == pytest.approx(100 * np.sqrt(0.1 * 0.9 / 400), rel=0.15)
    assert abs(np.corrcoef(few[:, 1], few[:, 2])[0, 1]) < 0.15
    assert (few >= 0).all()
    assert (few <= 100).all()
    assert with_binomial_noise(draws, 200_000, observed, poverty, 1) is draws
    np.testing.assert_array_equal(few, with_binomial_noise(draws, 400, observed, poverty, 1))


def test_the_denominator_is_the_newest_number_of_households(poverty: Indicator) -> None:
    dataset = load()
    assert denominator_of(dataset, poverty, "20", "all") == 199_765
    assert denominator_of(dataset, poverty, "185", "all") == 16_700
    assert denominator_of(dataset, poverty, "178", "all") is None
    assert denominator_of(dataset, replace_denominator(poverty), "20", "all") is None


def replace_denominator(indicator: Indicator) -> Indicator:
    return indicator.model_copy(update={"denominator": None})


def test_scales_fit_the_indicators(poverty: Indicator) -> None:
    scale = scale_of(poverty)
    assert scale == replace(scale, link="logit", lower=0.0, upper=100.0)
