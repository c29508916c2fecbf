"""What the observations say about a bank's members and scales: conjugate in the scale, a few EM steps in the panel.

The squared scale of unit i is inverse gamma with shape ``a`` and mean precision ``1 / s2``;
``s2`` belongs to the panel. With n innovations, sum of squares Q and log determinant D under a
member, the scale integrates out to

    log p = lgamma(a + n/2) - lgamma(a) + a log(a s2) - (a + n/2) log(a s2 + Q/2) - D/2 - n/2 log(2 pi)

so that predictions are Student-t with 2a + n degrees of freedom.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from toolkit.models.grid import Grid
from toolkit.models.panel import FloatArray, IntArray
from toolkit.models.state_space import Bank, Filtered, FirstLevel, run_filter

# The first is where the search starts.
SHAPES = (1.0, 0.5, 0.75, 1.5, 2.5, 5.0)
# Half a squared logarithm: a shape far from 1 has to be earned.
SHAPE_PENALTY = 0.5
# Steps of the EM algorithm for the first shape and for the others
FIRST_STEPS, LATER_STEPS = 8, 3
SMALLEST_SCALE = 0.002
# Two counts of one year never differ by the jump alone; variance relative to the squared scale
SECOND_VALUE_NOISE = 0.1


@dataclass(frozen=True)
class PanelPrior:
    """What is believed before a panel is seen.

    Attributes
    ----------
    weights :
        Shape (K,): weights of the members, positive, sum 1.
    strength :
        Number of units that the weights count for when a panel updates them.
    shapes :
        Candidates for the shape ``a`` of the inverse-gamma prior of a unit's squared scale: small
        where units differ much in their noise. The panel chooses by its likelihood.
    scale :
        Typical scale of a panel (link scale, or relative to the data for the identity link).
    scale_strength :
        Number of units that ``scale`` counts for.
    """

    weights: FloatArray
    strength: float = 10.0
    shapes: tuple[float, ...] = SHAPES
    scale: float = 0.1
    scale_strength: float = 0.3


@dataclass(frozen=True)
class Posterior:
    """Members and scales after a panel was seen.

    Attributes
    ----------
    weights :
        Shape (K, N): weights of the members for each unit.
    prior_shape :
        The shape ``a`` that the panel chose.
    shape :
        Shape (N,): shape of the posterior of the squared scale.
    rate :
        Shape (K, N): its rate under each member.
    panel_scale :
        The panel's typical scale.
    log_likelihood :
        Of the panel.
    """

    weights: FloatArray
    prior_shape: float
    shape: FloatArray
    rate: FloatArray
    panel_scale: float
    log_likelihood: float

    def of_units(self, rows: IntArray) -> Posterior:
        """Return what is known of some units; the rest is the whole panel's."""
        return replace(self, weights=self.weights[:, rows], shape=self.shape[rows], rate=self.rate[:, rows])


def log_marginal_likelihood(filtered: Filtered, shape: float) -> Callable[[float], FloatArray]:
    """Return a function of the panel's squared scale: log likelihoods (K, N) of units under members.

    Each unit's own scale is integrated out. What does not depend on the panel's scale is worked out once.
    """
    from scipy.special import gammaln

    posterior_shape = shape + filtered.innovations / 2.0
    of_shape = gammaln(posterior_shape) - gammaln(shape)
    density = filtered.innovations / 2.0 * np.log(2.0 * np.pi)
    squares, determinant = filtered.squares / 2.0, filtered.log_determinant / 2.0

    def at(squared_scale: float) -> FloatArray:
        rate = shape * squared_scale
        constant = of_shape + shape * np.log(rate) - density
        return np.asarray(constant - posterior_shape * np.log(rate + squares) - determinant)

    return at


def responsibilities(log_likelihood: FloatArray, log_weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the members' posterior weights (K, N) and each unit's log likelihood (N,)."""
    joint = log_likelihood + log_weights[:, None]
    highest = joint.max(axis=0)
    share = np.exp(joint - highest)
    total = share.sum(axis=0)
    return share / total, highest + np.log(total)


def update_panel(filtered: Filtered, prior: PanelPrior, *, smallest_scale: float) -> Posterior:
    """Update weights and scale within the panel.

    Parameters
    ----------
    filtered :
        A pass of all members over all units, shapes (K, N).
    prior :
        What was believed before.
    smallest_scale :
        The panel's scale never falls below this: a constant series keeps a positive width.
    """
    guess = max(prior.scale, smallest_scale) ** 2
    found: list[Posterior] = []
    weights = prior.weights
    for shape in prior.shapes:
        steps = LATER_STEPS if found else FIRST_STEPS
        one, settled = expectation_maximisation(filtered, prior, shape, guess, weights, smallest_scale, steps)
        if not found:
            # the other shapes start where the first one ended
            guess, weights = one.panel_scale**2, settled
        found.append(one)
    penalty = [SHAPE_PENALTY * np.log(one.prior_shape) ** 2 for one in found]
    best = int(np.argmax([one.log_likelihood - cost for one, cost in zip(found, penalty, strict=True)]))
    return found[best]


def expectation_maximisation(
    filtered: Filtered,
    prior: PanelPrior,
    prior_shape: float,
    squared: float,
    weights: FloatArray,
    smallest_scale: float,
    steps: int,
) -> tuple[Posterior, FloatArray]:
    """Return the posterior for one shape, and the panel's weights of the members."""
    informative = filtered.innovations > 0
    shape = prior_shape + filtered.innovations / 2.0
    known = float(informative.sum())
    likelihood, squares = log_marginal_likelihood(filtered, prior_shape), filtered.squares / 2.0
    believed = prior.scale_strength / prior.scale**2
    share, of_units = responsibilities(likelihood(squared), np.log(weights))
    for _ in range(steps if known else 0):
        precision = (share * shape / (prior_shape * squared + squares)).sum(axis=0)
        squared = (known + prior.scale_strength) / (float(precision[informative].sum()) + believed)
        squared = max(squared, smallest_scale**2)
        weights = prior.strength * prior.weights + share[:, informative].sum(axis=1)
        weights = weights / weights.sum()
        share, of_units = responsibilities(likelihood(squared), np.log(weights))
    rate = prior_shape * squared + squares
    return Posterior(share, prior_shape, shape, rate, float(np.sqrt(squared)), float(of_units.sum())), weights


def relative_noise(grid: Grid, scale: float) -> FloatArray:
    """Return the values' measurement variance (N, T, L) relative to a squared scale."""
    extra = (grid.noise / scale) ** 2
    extra[..., 1:] += SECOND_VALUE_NOISE
    return extra


def fit_bank(
    grid: Grid, bank: Bank, prior: PanelPrior, measure: float, *, drift: float = 0.0, start_spread: float | None = None
) -> tuple[Posterior, FloatArray]:
    """Score all members on a panel and update weights and scale.

    Parameters
    ----------
    grid :
        Observations on the base standard.
    bank, prior :
        Members, and what is believed about them.
    measure :
        What the prior's scale is relative to, see :func:`toolkit.models.grid.unit_of_measure`.
    drift :
        Yearly step that enters the level by each member's share.
    start_spread :
        Standard deviation of the units' first levels around 0; None for unknown levels.

    Returns
    -------
    The posterior, and the measurement variance (N, T, L) relative to the panel's squared scale.
    """
    scaled = replace(prior, scale=prior.scale * measure)
    guess, column = scaled.scale, bank.column()
    passes = 2 if (grid.noise > 0).any() or start_spread is not None else 1
    for _ in range(passes):
        extra = relative_noise(grid, guess)
        start = None if start_spread is None else FirstLevel(np.zeros(1), np.full(1, (start_spread / guess) ** 2))
        filtered = run_filter(column, grid.value, extra, column.drift_share * drift, start=start)
        posterior = update_panel(filtered, scaled, smallest_scale=SMALLEST_SCALE * measure)
        guess = posterior.panel_scale
    return posterior, extra
