"""What the gate sees of a panel: the experts' opinions, and features of the panel's past."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from toolkit.models.experts import COMMON, DEVIATION, UNIT, ExpertSet, Opinion, opinions
from toolkit.models.features import features_of
from toolkit.models.grid import Grid, first_layer
from toolkit.models.kalman import Filtered, run_filter
from toolkit.models.links import FloatArray, Link
from toolkit.models.posterior import PanelPrior, Posterior, update_panel
from toolkit.models.structure import SECOND_VALUE_NOISE, SMALLEST_SCALE, levels_of_peers, measure_of, median_step
from toolkit.models.variance import past_crowding

__all__ = ["Sight", "View", "common_path", "common_series", "look"]

# Typical squared scales before anything is seen, link scale
UNIT_SCALE, DEVIATION_SCALE, SINGLE_SCALE = 0.1, 0.07, 0.08
# The common path's scale relative to the deviations'
COMMON_SHARE = 0.5
COMMON_SMALLEST = 0.0005
SWEEPS = 30


@dataclass(frozen=True)
class View:
    """One set of experts on one panel."""

    experts: ExpertSet
    filtered: Filtered
    posterior: Posterior
    extra_noise: FloatArray
    drift: float
    opinion: Opinion


@dataclass(frozen=True)
class Sight:
    """All that the gate needs.

    Attributes
    ----------
    path :
        Shape (T,): the common path, nan where no unit was observed.
    unit, common, deviation :
        The three views; the last one is None for a panel of one unit.
    features :
        Shape (F,): :data:`toolkit.models.features.PANEL_FEATURES`.
    link :
        Of the panel.
    past_crowding :
        See :func:`toolkit.models.variance.past_crowding`.
    """

    path: FloatArray
    unit: View
    common: View
    deviation: View | None
    features: FloatArray
    link: Link
    past_crowding: float


def common_path(value: FloatArray) -> FloatArray:
    """Return the path (T,) that units (N, T) share: the mean level and the yearly effects of a two-way layout.

    Alternating means; gaps allowed. Units' deviations from it have mean 0, so that they can return to it.
    """
    seen = np.isfinite(value)
    filled = np.where(seen, value, 0.0)
    by_unit, by_year = np.maximum(seen.sum(axis=1), 1), np.maximum(seen.sum(axis=0), 1)
    path, level = np.zeros(value.shape[1]), np.zeros(value.shape[0])
    for _ in range(SWEEPS):
        level = (filled - np.where(seen, path, 0.0)).sum(axis=1) / by_unit
        found = (filled - np.where(seen, level[:, None], 0.0)).sum(axis=0) / by_year
        settled = np.abs(found - path).max() < 1e-10 * (1.0 + np.abs(found).max())
        path = found
        if settled:
            break
    has = seen.any(axis=1)
    middle = float(level[has].mean()) if has.any() else 0.0
    return np.where(seen.any(axis=0), path + middle, np.nan)


def view(
    experts: ExpertSet,
    value: FloatArray,
    extra_noise: FloatArray,
    prior: PanelPrior,
    smallest: float,
    drift: float,
    horizons: int,
    unseen_spread: float | None = None,
) -> View:
    """Filter, update and ask the experts; ``unseen_spread`` is the level's spread of units without data."""
    bank = experts.bank.column()
    filtered = run_filter(bank, value, extra_noise, bank.drift_share * drift)
    posterior = update_panel(filtered, prior, smallest_scale=smallest)
    filtered = with_unseen(filtered, value, experts, posterior.panel_scale, unseen_spread)
    return View(
        experts, filtered, posterior, extra_noise, drift, opinions(experts, filtered, posterior, drift, horizons)
    )


def with_unseen(
    filtered: Filtered, value: FloatArray, experts: ExpertSet, scale: float, spread: float | None
) -> Filtered:
    """Return the pass with a level of spread ``spread`` around 0 for units without any observation."""
    empty = ~np.isfinite(value).any(axis=(1, 2))
    if spread is None or not empty.any():
        return filtered
    state = filtered.state
    first_slope = experts.bank.initial_slope[:, None]
    state = replace(
        state,
        level_variance=np.where(empty, (spread / scale) ** 2, state.level_variance),
        slope_variance=np.where(empty, first_slope, state.slope_variance),
    )
    return replace(filtered, state=state)


def relative_noise(grid: Grid, scale: float) -> FloatArray:
    """Return the values' measurement variance relative to a squared scale."""
    extra = (grid.noise / scale) ** 2
    extra[..., 1:] += SECOND_VALUE_NOISE
    return extra


def look(grid: Grid, link: Link, horizons: int) -> Sight:
    """Ask all experts about a panel.

    Parameters
    ----------
    grid :
        Observations on one standard.
    link :
        Of the panel.
    horizons :
        Years after the grid's last.
    """
    measure, peers = measure_of(grid, link), levels_of_peers(grid, link)
    value = first_layer(grid)
    path = common_path(value)
    units = grid.value.shape[0]
    drift = median_step(grid)
    deviation, common_scale = None, SINGLE_SCALE * measure
    smallest = SMALLEST_SCALE * measure
    if units > 1:
        shifted = grid.value - np.where(np.isfinite(path), path, 0.0)[None, :, None]
        prior = PanelPrior(DEVIATION.weights, scale=DEVIATION_SCALE * measure)
        noise = relative_noise(grid, DEVIATION_SCALE * measure)
        deviation = view(DEVIATION, shifted, noise, prior, smallest, 0.0, horizons, peers[1])
        common_scale = COMMON_SHARE * deviation.posterior.panel_scale
    prior = PanelPrior(UNIT.weights, scale=UNIT_SCALE * measure)
    unit = view(
        UNIT,
        grid.value - peers[0],
        relative_noise(grid, UNIT_SCALE * measure),
        prior,
        smallest,
        drift,
        horizons,
        peers[1],
    )
    unit = replace(unit, opinion=replace(unit.opinion, mean=unit.opinion.mean + peers[0]))
    # the common path is one series: its scale prior cannot be learned from it
    prior = PanelPrior(COMMON.weights, 3.0, (1.0,), common_scale, 1e6)
    one, noise = common_series(grid, path, common_scale)
    common = view(COMMON, one - peers[0], noise, prior, COMMON_SMALLEST * measure, 0.0, horizons, peers[1])
    common = replace(common, opinion=replace(common.opinion, mean=common.opinion.mean + peers[0]))
    features = features_of(grid, path, common_scale, measure)
    return Sight(path, unit, common, deviation, features, link, past_crowding(grid, link))


def common_series(grid: Grid, path: FloatArray, scale: float) -> tuple[FloatArray, FloatArray]:
    """Return the common path as observations (1, T, L) with their noise; a single unit is its own path."""
    if grid.value.shape[0] == 1:
        return grid.value, relative_noise(grid, scale)
    one = path[None, :, None]
    return one, np.zeros_like(one)
