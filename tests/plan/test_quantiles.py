"""Quantiles of draws, with and without weights."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from toolkit.plan.predicates import quantiles_of_draws

LEVELS = (0.0, 0.025, 0.1, 0.3, 0.5, 0.9, 0.975, 1.0)
DRAWS = arrays(np.float64, (12, 3), elements=st.floats(-1e6, 1e6))


@given(DRAWS)
def test_without_weights_draws_are_interpolated(draws: np.ndarray) -> None:
    np.testing.assert_array_equal(quantiles_of_draws(draws, None, LEVELS), np.quantile(draws, LEVELS, axis=0))


@given(DRAWS, st.lists(st.integers(0, 5), min_size=12, max_size=12).filter(any), st.floats(0.01, 1e3))
def test_weights_count_as_repetitions_whatever_their_sum(draws: np.ndarray, times: list[int], factor: float) -> None:
    found = quantiles_of_draws(draws, np.array(times) * factor / 7.0, LEVELS[1:])
    repeated = np.repeat(draws, times, axis=0)
    ranks = np.ceil(np.round(np.array(LEVELS[1:]) * len(repeated), 9)).astype(int) - 1
    np.testing.assert_array_equal(found, np.sort(repeated, axis=0)[ranks])


def test_a_level_is_reached_in_spite_of_rounding() -> None:
    # 0.1 + 0.1 + 0.1 is not 0.3, nor is the sum of ten such weights 1
    assert quantiles_of_draws(np.arange(1.0, 11.0), np.full(10, 0.1), (0.3, 0.6, 0.7, 0.8)).tolist() == [3, 6, 7, 8]
