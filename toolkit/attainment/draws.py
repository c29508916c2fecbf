"""Probabilities and intervals from draws that may carry weights."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from toolkit.forecast.paths import BoolArray, FloatArray, Path
from toolkit.models.sampling import quantiles_of_draws


def joint_weights(paths: Iterable[Path]) -> FloatArray | None:
    """Return the weights of draws that several paths share, shape (S,), summing to 1; None if all are equal.

    Each path's weights say how well a draw agrees with that path's one-sided figures; joint draws have to agree
    with all of them. Paths whose figures no draw agrees with together count as unweighted.
    """
    product: FloatArray | None = None
    for path in paths:
        if path.weights is not None:
            product = path.weights if product is None else product * path.weights
    if product is None or not product.sum() > 0:
        return None
    return np.asarray(product / product.sum(), dtype=np.float64)


def probability(met: BoolArray, weights: FloatArray | None) -> float:
    """Return the weighted share of draws, shape (S,), that meet a rule."""
    share = float(np.mean(met)) if weights is None else float(np.sum(weights[met]))
    return min(max(share, 0.0), 1.0)


def effective_count(draws: int, weights: FloatArray | None) -> float:
    """Return the number of equally weighted draws that the weighted ones are worth."""
    return float(draws) if weights is None else float(1.0 / np.sum(weights**2))


def monte_carlo_error(share: float, effective: float) -> float:
    """Return the standard error of a probability that comes from a finite number of draws.

    >>> monte_carlo_error(0.5, 2500.0)
    0.01
    """
    return math.sqrt(share * (1.0 - share) / effective)


def quantiles(values: FloatArray, weights: FloatArray | None, levels: tuple[float, ...]) -> tuple[float | None, ...]:
    """Return quantiles of draws, shape (S,); undefined draws are left out, None if all are.

    See :func:`toolkit.models.sampling.quantiles_of_draws`.
    """
    defined = np.isfinite(values)
    kept = None if weights is None else weights[defined]
    if not defined.any() or (kept is not None and kept.sum() <= 0):
        return tuple(None for _ in levels)
    return tuple(float(value) for value in quantiles_of_draws(values[defined], kept, levels))


def median(values: FloatArray, weights: FloatArray | None) -> float | None:
    """Return the median of draws, shape (S,), or None where none is defined."""
    return quantiles(values, weights, (0.5,))[0]
