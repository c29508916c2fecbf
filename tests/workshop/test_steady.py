"""Made-up lessons: one steady unit against all others."""

from __future__ import annotations

import numpy as np

from workshop.cuts import steady_cuts


def test_the_first_unit_goes_on_against_the_others() -> None:
    cuts = steady_cuts(30, np.random.default_rng(3))
    assert {cut.panel.scale.link for cut in cuts} == {"logit", "log"}
    for cut in cuts:
        linked = cut.panel.scale.to_link(cut.panel.value).reshape(cut.panel.units, cut.length)
        slopes = (linked[:, -1] - linked[:, 0]) / (cut.length - 1)
        ahead = np.diff(cut.panel.scale.to_link(cut.truth))
        assert (np.sign(ahead) == np.sign(slopes[0])).all()
        assert np.sign(slopes[0]) == -np.sign(np.median(slopes[1:]))
        # it is the steadiest of all, and its outcomes are its own line
        roughness = np.abs(np.diff(linked, n=2, axis=1)).mean(axis=1)
        assert roughness[0] < np.median(roughness[1:])
        assert np.ptp(ahead) < 1e-6 + 0.2 * np.abs(ahead).max()
        assert cut.panel.year.max() == cut.panel.last_year == cut.last_year[0]
        assert (cut.last == cut.panel.value[cut.length - 1]).all()


def test_the_same_seed_makes_the_same_lessons() -> None:
    first, second = (steady_cuts(4, np.random.default_rng(5)) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one.panel.value, other.panel.value)
        np.testing.assert_array_equal(one.truth, other.truth)
