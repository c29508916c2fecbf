"""Experts: small groups of bank members with one idea each, whose opinions the gate weighs.

Within an expert the members are weighed by their likelihood; its prediction is summed up by mean
and variance. The idea of each expert is in its name (see :data:`UNIT`, :data:`COMMON`,
:data:`DEVIATION`); noise variants are members of one expert.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from toolkit.models.bank import Bank, bank_of
from toolkit.models.kalman import Filtered, State, predict
from toolkit.models.links import FloatArray, IntArray
from toolkit.models.posterior import Posterior, log_evidence, responsibilities

__all__ = ["COMMON", "DEVIATION", "UNIT", "ExpertSet", "Opinion", "opinions"]

# (variance of the level's steps, variance of the values): steps only, both, mostly noise
STEPS, BOTH, NOISY = (1.0, 0.0), (1.0, 0.4), (0.25, 1.0)
SMOOTH = (0.02, 0.0)
NO_SLOPE = ((0.0, 0.0),)


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
class Opinion:
    """What E experts say about N units at H horizons.

    Attributes
    ----------
    mean, variance :
        Shape (E, N, H), link scale; the variance is the squared scale of a Student-t.
    evidence :
        Shape (E, N): log likelihood of the unit's observations.
    within :
        Shape (K, N): weight of each member within its expert.
    """

    mean: FloatArray
    variance: FloatArray
    evidence: FloatArray
    within: FloatArray


def member_forecasts(experts: ExpertSet, state: State, drift: float, horizons: int) -> tuple[FloatArray, FloatArray]:
    """Return means and relative variances of all members, shape (K, N, H)."""
    bank = experts.bank.column()
    means, variances = [], []
    for _ in range(horizons):
        state = predict(state, bank, bank.drift_share * drift)
        means.append(state.level)
        variances.append(state.level_variance + bank.value_noise)
    return np.stack(means, axis=-1), np.stack(variances, axis=-1)


def opinions(experts: ExpertSet, filtered: Filtered, posterior: Posterior, drift: float, horizons: int) -> Opinion:
    """Return the experts' predictions after a pass of their members."""
    likelihood = log_evidence(filtered, posterior.panel_scale**2, posterior.prior_shape)
    mean, variance = member_forecasts(experts, filtered.state, drift, horizons)
    variance = variance * (posterior.rate / posterior.shape)[..., None]
    count = len(experts.names)
    shape = (count, *mean.shape[1:])
    means, variances = np.empty(shape), np.empty(shape)
    evidence, within = np.empty(shape[:2]), np.empty_like(likelihood)
    for number in range(count):
        members = np.flatnonzero(experts.expert == number)
        equal = np.full(members.size, -np.log(members.size))
        share, evidence[number] = responsibilities(likelihood[members], equal)
        within[members] = share
        weights = share[..., None]
        means[number] = (weights * mean[members]).sum(axis=0)
        spread = variance[members] + (mean[members] - means[number]) ** 2
        variances[number] = (weights * spread).sum(axis=0)
    return Opinion(means, variances, evidence, within)
