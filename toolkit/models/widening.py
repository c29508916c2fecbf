"""Uncertainty that never shrinks with the horizon."""

from __future__ import annotations

import numpy as np

from toolkit.models.links import BoolArray, FloatArray

__all__ = ["widen_draws"]


def factors(width: FloatArray) -> FloatArray:
    """Return by how much widths (..., H) have to grow so that none is below an earlier one."""
    reached = np.maximum.accumulate(width, axis=-1)
    return np.asarray(np.divide(reached, width, out=np.ones_like(width), where=width > 0))


def widen_draws(draws: FloatArray, future: BoolArray) -> FloatArray:
    """Return what to add to draws (S, N, T) so that the 80 % interval never narrows in ``future`` (N, T)."""
    added = np.zeros_like(draws)
    if not future.any():
        return added
    low, middle, high = np.quantile(draws, [0.1, 0.5, 0.9], axis=0)
    stretch = factors(np.where(future, high - low, 0.0))
    stretch = np.where(future & (stretch > 1.0), stretch, 1.0)
    changed = (stretch > 1.0).any(axis=0)
    added[:, :, changed] = ((stretch - 1.0) * (draws - middle))[:, :, changed]
    return added
