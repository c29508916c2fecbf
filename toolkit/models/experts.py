"""Experts: small groups of bank members with one idea each, whose predictions the gate weighs.

Within an expert the members are weighed by their likelihood; its prediction is summed up by mean
and variance. The idea of each expert is in its name (see :data:`UNIT`, :data:`COMMON`,
:data:`DEVIATION`); noise variants are members of one expert. Three sets of experts see a panel: those
of each unit's own path, of the path that the units share, and of the units' deviations from it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from toolkit.models.features import panel_features, unit_features
from toolkit.models.panel import (
    BoolArray,
    FloatArray,
    Grid,
    IntArray,
    last_seen,
    levels_of_peers,
    mean_steps,
    yearly_values,
)
from toolkit.models.state_space import Bank, PanelPrior, Posterior, bank_of, fit_panel, predict, responsibilities

# (variance of the level's steps, variance of the values): steps only, both, mostly noise
STEPS, BOTH, NOISY = (1.0, 0.0), (1.0, 0.4), (0.25, 1.0)
SMOOTH = (0.02, 0.0)
NO_SLOPE = ((0.0, 0.0),)
# Typical scales before anything is seen, link scale
UNIT_SCALE, DEVIATION_SCALE, SINGLE_SCALE = 0.1, 0.07, 0.08
# A step (link scale) beside which the noise of a value is judged
TRUSTED_STEP = 0.07
# The common path's scale relative to the deviations'
COMMON_SHARE = 0.5
COMMON_SMALLEST = 0.0005
SWEEPS = 30
SMALLEST_WEIGHT = 1e-300


@dataclass(frozen=True)
class ExpertSet:
    """Named experts and the bank of all their members.

    Attributes
    ----------
    names :
        Names of the E experts.
    bank :
        The K members.
    expert :
        Shape (K,): the expert that each member belongs to.
    """

    names: tuple[str, ...]
    bank: Bank
    expert: IntArray

    @property
    def weights(self) -> FloatArray:
        """Equal weights of the experts, and of the members within each, shape (K,)."""
        size = np.bincount(self.expert)
        return np.asarray(1.0 / (len(self.names) * size[self.expert]))


def expert_set(experts: dict[str, Bank]) -> ExpertSet:
    """Put the banks of several experts together."""
    banks = list(experts.values())
    joined = Bank(*(np.concatenate([getattr(bank, field.name) for bank in banks]) for field in fields(Bank)))
    number = np.repeat(np.arange(len(banks)), [len(bank) for bank in banks])
    return ExpertSet(tuple(experts), joined, number)


# A unit's own path; the drift is the panel's median step.
UNIT = expert_set(
    {
        "no_change": bank_of((1.0,), (1.0,), (STEPS, BOTH, NOISY), NO_SLOPE, (0.0,)),
        "panel_drift": bank_of((1.0,), (1.0,), (STEPS, BOTH, NOISY), NO_SLOPE, (1.0,)),
        "own_trend": bank_of((1.0,), (1.0,), (STEPS, NOISY), ((0.3, 0.02), (1.0, 0.1), (2.0, 0.5)), (1.0,)),
        "own_momentum": bank_of((0.8,), (1.0,), (STEPS, NOISY), ((1.0, 0.1), (2.0, 0.5)), (0.0,)),
        "smooth_trend": bank_of((0.9, 1.0), (1.0,), (SMOOTH,), ((5.0, 1.0),), (0.0,)),
    }
)
# The path that all units share.
COMMON = expert_set(
    {
        "no_change": bank_of((1.0,), (1.0,), (STEPS, BOTH, NOISY), NO_SLOPE),
        "steady_trend": bank_of((1.0,), (1.0,), (STEPS, BOTH, NOISY), ((1.0, 0.0), (0.3, 0.0))),
        "free_trend": bank_of((1.0,), (1.0,), (STEPS, BOTH, NOISY), ((4.0, 0.0),)),
        "momentum": bank_of((0.8,), (1.0,), (STEPS, BOTH), ((2.0, 0.5),)),
        "local_trend": bank_of((1.0,), (1.0,), (STEPS, BOTH), ((1.0, 0.1), (2.0, 0.5))),
        "smooth_trend": bank_of((0.9, 1.0), (1.0,), (SMOOTH,), ((5.0, 1.0),)),
    }
)
# A unit's deviation from the common path.
DEVIATION = expert_set(
    {
        "lasting": bank_of((1.0,), (1.0,), (STEPS, BOTH, NOISY), NO_SLOPE),
        "slow_return": bank_of((1.0,), (0.93,), (STEPS, BOTH, NOISY), NO_SLOPE),
        "quick_return": bank_of((1.0,), (0.8,), (STEPS, BOTH, NOISY), NO_SLOPE),
        "damped_trend": bank_of((0.9,), (1.0,), (STEPS, NOISY), ((0.3, 0.02), (1.0, 0.1))),
        "own_trend": bank_of((1.0,), (1.0,), (STEPS, NOISY), ((1.0, 0.0), (0.3, 0.02))),
        "smooth_trend": bank_of((0.9, 1.0), (1.0,), (SMOOTH,), ((5.0, 1.0),)),
    }
)


@dataclass(frozen=True)
class ExpertFit:
    """One set of E experts with K members fitted to a panel of N units.

    Attributes
    ----------
    experts :
        The set.
    posterior :
        What the panel says about members and scales.
    informed :
        Shape (N,): whether anything was learned from the unit.
    noise :
        Shape (N, T, L): declared standard deviation of the observations.
    mean, variance :
        Shape (E, N, H): predictions for the years after the panel's last, link scale; the variance is the squared
        scale of a Student-t.
    log_likelihood :
        Shape (E, N): of the unit's observations.
    within :
        Shape (K, N): weight of each member within its expert.
    """

    experts: ExpertSet
    posterior: Posterior
    informed: BoolArray
    noise: FloatArray
    mean: FloatArray
    variance: FloatArray
    log_likelihood: FloatArray
    within: FloatArray


@dataclass(frozen=True)
class PanelFit:
    """All that the gate needs to know of a panel.

    Attributes
    ----------
    path :
        Shape (T,): the common path, nan where no unit was observed.
    unit, common, deviation :
        The three sets of experts; the last one is None for a panel of one unit.
    features :
        Shape (N, H, F): :data:`toolkit.models.features.FEATURES` of every unit at every horizon.
    grid :
        Of the panel.
    """

    path: FloatArray
    unit: ExpertFit
    common: ExpertFit
    deviation: ExpertFit | None
    features: FloatArray
    grid: Grid


def fit_experts(grid: Grid, horizons: int) -> PanelFit:
    """Fit all experts to a panel.

    Parameters
    ----------
    grid :
        Observations on one standard.
    horizons :
        Years after the grid's last.
    """
    measure, (mean, spread) = grid.measure, levels_of_peers(grid)
    path = common_path(yearly_values(grid), trust(grid))
    deviation, common_scale = None, SINGLE_SCALE
    if grid.value.shape[0] > 1:
        apart = grid.value - np.where(np.isfinite(path), path, 0.0)[None, :, None]
        prior = PanelPrior(DEVIATION.weights, scale=DEVIATION_SCALE)
        deviation = fit_expert_set(DEVIATION, apart, grid.noise, prior, measure, horizons, spread)
        common_scale = COMMON_SHARE * deviation.posterior.panel_scale / measure
    prior, drift = PanelPrior(UNIT.weights, scale=UNIT_SCALE), median_step(grid)
    unit = fit_expert_set(UNIT, grid.value, grid.noise, prior, measure, horizons, spread, centre=mean, drift=drift)
    # the common path is one series: its scale prior cannot be learned from it
    prior = PanelPrior(COMMON.weights, 3.0, 1.0, common_scale, 1e6, COMMON_SMALLEST)
    series, noise = common_series(grid, path)
    common = fit_expert_set(COMMON, series, noise, prior, measure, horizons, spread, centre=mean)
    own = unit_features(np.sqrt(unit.variance[UNIT.names.index("no_change")]), grid)
    shared = panel_features(grid, path, common_scale * measure)
    shared = np.broadcast_to(shared, (*own.shape[:2], shared.size))
    return PanelFit(path, unit, common, deviation, np.concatenate([shared, own], axis=-1), grid)


def fit_expert_set(
    experts: ExpertSet,
    value: FloatArray,
    noise: FloatArray,
    prior: PanelPrior,
    measure: float,
    horizons: int,
    unseen_spread: float,
    *,
    centre: float = 0.0,
    drift: float = 0.0,
) -> ExpertFit:
    """Fit one set of experts to values (N, T, L) of declared noise, as :func:`fit_panel`.

    Units without observations have a level of spread ``unseen_spread`` around ``centre``; ``drift`` is the yearly
    step that enters the level by each member's share.
    """
    bank, filtered, posterior = fit_panel(experts.bank, value - centre, noise, drift, prior, measure)
    scales = len(bank) // len(experts.bank)
    experts = replace(experts, bank=bank, expert=np.repeat(experts.expert, scales))
    empty = ~np.isfinite(value).any(axis=(1, 2))
    column, state = bank.column(), filtered.state
    wide = unseen_spread**2 * posterior.shape / posterior.rate
    state = state._replace(
        level_variance=np.where(empty, wide, state.level_variance),
        slope_variance=np.where(empty, column.initial_slope, state.slope_variance),
    )
    groups = [np.flatnonzero(experts.expert == number) for number in range(len(experts.names))]
    shape, likelihood = (len(groups), empty.size, horizons), posterior.likelihoods
    means, variances = np.empty(shape), np.empty(shape)
    of_expert, within = np.empty(shape[:2]), np.empty_like(likelihood)
    for number, members in enumerate(groups):
        equal = np.full(members.size, -np.log(members.size))
        within[members], of_expert[number] = responsibilities(likelihood[members], equal)
    for step in range(horizons):
        state = predict(state, column, column.drift_share * drift)
        variance = (state.level_variance + column.value_noise) * posterior.rate / posterior.shape
        if scales > 1:
            variance = over_scales(variance, within, scales)
        for number, members in enumerate(groups):
            weights, mean = within[members], state.level[members]
            means[number, :, step] = middle = (weights * mean).sum(axis=0)
            variances[number, :, step] = (weights * (variance[members] + (mean - middle) ** 2)).sum(axis=0)
    informed = np.asarray(filtered.innovations > 0)
    return ExpertFit(experts, posterior, informed, noise, means + centre, variances, of_expert, within)


def over_scales(variance: FloatArray, weights: FloatArray, scales: int) -> FloatArray:
    """Return variances (K, N) in which the copies of a member, one for each scale, have their harmonic mean.

    The squared scale of the Student-t that a member predicts without declared noise is such a mean: with an
    inverse-gamma distribution of s, shape a and rate b, 1 / E[1 / s] = b / a. Their arithmetic mean may be infinite.

    Examples
    --------
    >>> over_scales(np.array([[1.0], [4.0]]), np.array([[0.5], [0.5]]), 2).tolist()
    [[1.6], [1.6]]
    """
    of_member = np.maximum(weights, SMALLEST_WEIGHT).reshape(-1, scales, weights.shape[1])
    mean = of_member.sum(axis=1) / (of_member / variance.reshape(of_member.shape)).sum(axis=1)
    return np.repeat(mean, scales, axis=0)


def trust(grid: Grid) -> FloatArray:
    """Return how much each yearly value (N, T) counts in means over units: 1 if exact, less the noisier it is.

    The mean of units with exact values is not to be moved by one of which chance, as in counts of few things, or a
    revision may have made much.
    """
    variance = np.where(np.isfinite(grid.value), grid.noise**2, 0.0).sum(axis=2)
    steps = (TRUSTED_STEP * grid.measure) ** 2
    return np.asarray(steps / (steps + variance / np.maximum(np.isfinite(grid.value).sum(axis=2), 1)))


def median_step(grid: Grid) -> float:
    """Return the weighted median of the units' mean yearly steps, 0 where no unit has two years.

    A step counts as both of its ends are to be trusted (:func:`trust`); with equal weights it is the usual median.
    """
    steps, seen = mean_steps(grid), grid.seen
    known, doubt, rows = np.isfinite(steps), 1.0 / trust(grid), np.arange(steps.size)
    if not known.any():
        return 0.0
    weight = 1.0 / (doubt[rows, seen.argmax(axis=1)] + doubt[rows, last_seen(seen)])
    order = np.argsort(steps[known])
    steps, weight = steps[known][order], weight[known][order]
    return float(np.interp(0.5, (np.cumsum(weight) - weight / 2.0) / weight.sum(), steps))


def common_path(value: FloatArray, weight: FloatArray) -> FloatArray:
    """Return the path (T,) that units (N, T) share: the mean level and the yearly effects of a two-way layout.

    Alternating means, by ``weight`` (N, T); gaps allowed. Units' deviations from it have mean 0, so that they can
    return to it.
    """
    seen = np.isfinite(value)
    weight = np.where(seen, weight, 0.0)
    filled, has, told = np.where(seen, value, 0.0), seen.any(axis=1), seen.any(axis=0)
    by_unit, by_year = np.where(has, weight.sum(axis=1), 1.0), np.where(told, weight.sum(axis=0), 1.0)
    path, level = np.zeros(value.shape[1]), np.zeros(value.shape[0])
    for _ in range(SWEEPS):
        level = (weight * (filled - path)).sum(axis=1) / by_unit
        found = (weight * (filled - level[:, None])).sum(axis=0) / by_year
        settled = np.abs(found - path).max() < 1e-10 * (1.0 + np.abs(found).max())
        path = found
        if settled:
            break
    middle = float(level[has].mean()) if has.any() else 0.0
    return np.where(told, path + middle, np.nan)


def common_series(grid: Grid, path: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the common path as observations (1, T, L), and their declared noise; a single unit is its own path."""
    if grid.value.shape[0] == 1:
        return grid.value, grid.noise
    seen = np.isfinite(grid.value)
    weight = np.where(seen, trust(grid)[..., None], 0.0)
    total = np.where(seen.any(axis=(0, 2)), weight.sum(axis=(0, 2)), 1.0)
    noise = np.sqrt(((weight * grid.noise) ** 2).sum(axis=(0, 2))) / total
    return path[None, :, None], noise[None, :, None]
