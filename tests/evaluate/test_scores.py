"""Scores against scoringrules, closed forms and hand-made cases."""

from __future__ import annotations

import numpy as np
import pytest
import scoringrules

from toolkit.evaluate import scores

RANDOM = np.random.default_rng(3)


def test_weighted_interval_score_is_built_from_interval_scores() -> None:
    levels = np.array([0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975])
    quantiles, observed = np.sort(RANDOM.normal(size=(20, 7)), axis=1), RANDOM.normal(size=20) * 3
    alpha = 2 * levels[:3]
    parts = [scoringrules.interval_score(observed, quantiles[:, k], quantiles[:, 6 - k], alpha[k]) for k in range(3)]
    expected = (np.abs(observed - quantiles[:, 3]) / 2 + (alpha[:, None] / 2 * np.array(parts)).sum(axis=0)) / 3.5
    found = scores.weighted_interval_score(quantiles, levels, observed)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    # Bracher et al. (2021), section 2.2: with these weights it is twice the mean pinball loss
    np.testing.assert_allclose(found, scoringrules.crps_quantile(observed, quantiles, levels), atol=1e-12)


def test_asymmetric_levels_are_refused() -> None:
    with pytest.raises(ValueError, match="symmetric"):
        scores.weighted_interval_score([[1.0, 2.0, 3.0]], [0.1, 0.5, 0.8], [2.0])


def test_brier_equals_scoringrules() -> None:
    probability, happened = RANDOM.random(30), RANDOM.integers(0, 2, 30)
    expected = scoringrules.brier_score(happened, probability)
    np.testing.assert_allclose(scores.brier_score(probability, happened), expected, atol=1e-12)


def test_coverage_counts_its_ends() -> None:
    quantiles, levels = np.tile([1.0, 2.0, 3.0], (4, 1)), [0.1, 0.5, 0.9]
    assert scores.covered(quantiles, levels, [0.9, 1.0, 3.0, 3.1], 0.8).tolist() == [False, True, True, False]


def test_probabilities_are_linear_between_quantiles() -> None:
    quantiles, levels = np.array([[1.0, 2.0, 4.0]]), [0.25, 0.5, 0.75]
    found = [float(scores.probability_at_most(quantiles, levels, x)[0]) for x in (0.0, 1.5, 3.0, 5.0)]
    assert found == pytest.approx([0.0, 0.375, 0.625, 1.0])


def test_reliability_of_honest_probabilities() -> None:
    probability = RANDOM.random(20000)
    table = scores.reliability(probability, RANDOM.random(20000) < probability)
    np.testing.assert_allclose(table["observed"], table["forecast"], atol=0.04)
    assert table["number"].sum() == 20000
