"""The banks in use and their prior weights."""

from __future__ import annotations

import numpy as np

from toolkit.models.bank import Bank, bank_of
from toolkit.models.experts import UNIT
from toolkit.models.links import FloatArray
from toolkit.models.posterior import PanelPrior
from toolkit.models.structure import Structure

__all__ = ["deviations", "jump_evidence"]

# (variance of the level's steps, variance of the values)
NOISES = ((1.0, 0.0), (1.0, 0.4), (0.25, 1.0))
# (variance of the initial slope, variance of the slope's steps)
SLOPES = ((0.0, 0.0), (0.3, 0.02), (1.0, 0.1))
FEW_POINTS_SCALE, FEW_POINTS_SHAPES = 0.06, (1.0, 0.75, 0.5)


def weights_of(bank: Bank) -> FloatArray:
    """Return prior weights: equal shares of each drift share, half of it for members without a slope of their own."""
    sloped = bank.initial_slope > 0
    weights = np.where(sloped, 0.5 / max(int(sloped.sum()), 1), 0.5 / max(int((~sloped).sum()), 1))
    return np.asarray(weights / weights.sum())


def deviations() -> Structure:
    """Return the bank of a unit's deviation from a path that it follows: mildly mean-reverting.

    Its points are few: how large its steps are is hardly told by them. Scale and tails are those with which intervals
    cover what they should in sparse back-tests (the sparse lines of the calibration record).
    """
    bank = bank_of((0.6,), (0.9, 0.98, 1.0), NOISES, SLOPES)
    prior = PanelPrior(weights_of(bank), shapes=FEW_POINTS_SHAPES, scale=FEW_POINTS_SCALE)
    return Structure(bank, prior, drifts=False)


def jump_evidence() -> Structure:
    """Return the small bank whose likelihood tells how far a change of standard moved the values."""
    return Structure(UNIT.bank, PanelPrior(UNIT.weights), drifts=True)
