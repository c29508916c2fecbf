"""Experts: small groups of bank members with one idea each, whose predictions the gate weighs.

Within an expert the members are weighed by their likelihood; its prediction is summed up by mean
and variance. The idea of each expert is in its name (see :data:`UNIT`, :data:`COMMON`,
:data:`DEVIATION`); noise variants are members of one expert. Three sets of experts see a panel: those
of each unit's own path, of the path that the units share, and of the units' deviations from it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from toolkit.models.features import panel_features
from toolkit.models.panel import (
    FloatArray,
    Grid,
    IntArray,
    Link,
    levels_of_peers,
    median_step,
    unit_of_measure,
    yearly_values,
)
from toolkit.models.state_space import (
    SMALLEST_SCALE,
    Bank,
    Filtered,
    PanelPrior,
    Posterior,
    State,
    bank_of,
    fit_panel,
    predict,
    responsibilities,
)

# (variance of the level's steps, variance of the values): steps only, both, mostly noise
STEPS, BOTH, NOISY = (1.0, 0.0), (1.0, 0.4), (0.25, 1.0)
SMOOTH = (0.02, 0.0)
NO_SLOPE = ((0.0, 0.0),)
# Typical scales before anything is seen, link scale
UNIT_SCALE, DEVIATION_SCALE, SINGLE_SCALE = 0.1, 0.07, 0.08
# The common path's scale relative to the deviations'
COMMON_SHARE = 0.5
COMMON_SMALLEST = 0.0005
SWEEPS = 30


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
class Predictions:
    """What E experts of K members predict for N units at H horizons.

    Attributes
    ----------
    mean, variance :
        Shape (E, N, H), link scale; the variance is the squared scale of a Student-t.
    log_likelihood :
        Shape (E, N): of the unit's observations.
    within :
        Shape (K, N): weight of each member within its expert.
    """

    mean: FloatArray
    variance: FloatArray
    log_likelihood: FloatArray
    within: FloatArray


@dataclass(frozen=True)
class ExpertFit:
    """One set of experts fitted to one panel.

    Attributes
    ----------
    experts :
        The set.
    filtered, posterior :
        The pass of all members over the panel, and what it says about members and scales.
    noise :
        Shape (N, T, L): declared variance of the observations.
    predictions :
        For the years after the panel's last.
    """

    experts: ExpertSet
    filtered: Filtered
    posterior: Posterior
    noise: FloatArray
    predictions: Predictions


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
        Shape (F,): :data:`toolkit.models.features.PANEL_FEATURES`.
    grid, link :
        Of the panel.
    """

    path: FloatArray
    unit: ExpertFit
    common: ExpertFit
    deviation: ExpertFit | None
    features: FloatArray
    grid: Grid
    link: Link


def fit_experts(grid: Grid, link: Link, horizons: int) -> PanelFit:
    """Fit all experts to a panel.

    Parameters
    ----------
    grid :
        Observations on one standard.
    link :
        Of the panel.
    horizons :
        Years after the grid's last.
    """
    measure, (mean, spread) = unit_of_measure(grid, link), levels_of_peers(grid, link)
    path = common_path(yearly_values(grid))
    smallest = SMALLEST_SCALE * measure
    deviation, common_scale = None, SINGLE_SCALE * measure
    if grid.value.shape[0] > 1:
        apart = grid.value - np.where(np.isfinite(path), path, 0.0)[None, :, None]
        prior = PanelPrior(DEVIATION.weights, scale=DEVIATION_SCALE * measure)
        deviation = fit_expert_set(DEVIATION, apart, grid.noise**2, prior, smallest, horizons, spread)
        common_scale = COMMON_SHARE * deviation.posterior.panel_scale
    prior = PanelPrior(UNIT.weights, scale=UNIT_SCALE * measure)
    drift = median_step(grid)
    unit = fit_expert_set(UNIT, grid.value, grid.noise**2, prior, smallest, horizons, spread, centre=mean, drift=drift)
    # the common path is one series: its scale prior cannot be learned from it
    prior = PanelPrior(COMMON.weights, 3.0, (1.0,), common_scale, 1e6)
    series, noise = common_series(grid, path)
    common = fit_expert_set(COMMON, series, noise, prior, COMMON_SMALLEST * measure, horizons, spread, centre=mean)
    features = panel_features(grid, path, common_scale, measure)
    return PanelFit(path, unit, common, deviation, features, grid, link)


def fit_expert_set(
    experts: ExpertSet,
    value: FloatArray,
    noise: FloatArray,
    prior: PanelPrior,
    smallest_scale: float,
    horizons: int,
    unseen_spread: float,
    *,
    centre: float = 0.0,
    drift: float = 0.0,
) -> ExpertFit:
    """Fit one set of experts to values (N, T, L).

    Units without observations have a level of spread ``unseen_spread`` around ``centre``; ``drift`` is the yearly
    step that enters the level by each member's share.
    """
    bank, filtered, posterior = fit_panel(experts.bank, value - centre, noise, drift, prior, smallest_scale)
    experts = replace(experts, bank=bank, expert=np.repeat(experts.expert, len(bank) // len(experts.bank)))
    empty = ~np.isfinite(value).any(axis=(1, 2))
    if empty.any():
        state = filtered.state
        wide = unseen_spread**2 * posterior.shape / posterior.rate
        level_variance = np.where(empty, wide, state.level_variance)
        slope_variance = np.where(empty, bank.column().initial_slope, state.slope_variance)
        filtered = replace(filtered, state=state._replace(level_variance=level_variance, slope_variance=slope_variance))
    found = predictions_of(experts, filtered, posterior, drift, horizons)
    return ExpertFit(experts, filtered, posterior, noise, replace(found, mean=found.mean + centre))


def member_forecasts(experts: ExpertSet, state: State, drift: float, horizons: int) -> tuple[FloatArray, FloatArray]:
    """Return means and relative variances of all members, shape (K, N, H)."""
    bank = experts.bank.column()
    means, variances = [], []
    for _ in range(horizons):
        state = predict(state, bank, bank.drift_share * drift)
        means.append(state.level)
        variances.append(state.level_variance + bank.value_noise)
    return np.stack(means, axis=-1), np.stack(variances, axis=-1)


def predictions_of(
    experts: ExpertSet, filtered: Filtered, posterior: Posterior, drift: float, horizons: int
) -> Predictions:
    """Return the experts' predictions after a pass of their members."""
    likelihood = posterior.likelihoods
    mean, variance = member_forecasts(experts, filtered.state, drift, horizons)
    variance = variance * (posterior.rate / posterior.shape)[..., None]
    shape = (len(experts.names), *mean.shape[1:])
    means, variances = np.empty(shape), np.empty(shape)
    of_expert, within = np.empty(shape[:2]), np.empty_like(likelihood)
    for number in range(len(experts.names)):
        members = np.flatnonzero(experts.expert == number)
        equal = np.full(members.size, -np.log(members.size))
        share, of_expert[number] = responsibilities(likelihood[members], equal)
        within[members] = share
        weights = share[..., None]
        means[number] = (weights * mean[members]).sum(axis=0)
        spread = variance[members] + (mean[members] - means[number]) ** 2
        variances[number] = (weights * spread).sum(axis=0)
    return Predictions(means, variances, of_expert, within)


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


def common_series(grid: Grid, path: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the common path as observations (1, T, L), and their declared variances; a single unit is its own path."""
    if grid.value.shape[0] == 1:
        return grid.value, grid.noise**2
    seen = np.isfinite(grid.value)
    variance = np.where(seen, grid.noise**2, 0.0).sum(axis=(0, 2)) / np.maximum(seen.sum(axis=(0, 2)), 1) ** 2
    return path[None, :, None], variance[None, :, None]
