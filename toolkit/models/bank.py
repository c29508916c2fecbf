"""Banks: fixed local damped trends, of which a forecast is a weighted mixture.

Every member is the state space model

    level'  = rho * level + drift + phi * slope + e1
    slope'  = phi * slope + e2
    value   = level + e3

whose variances are relative to one scale that each series integrates out. Nothing is
optimised per series: members only gain or lose weight.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from itertools import product

import numpy as np

from toolkit.models.links import FloatArray, IntArray

__all__ = ["Bank", "bank_of"]


@dataclass(frozen=True)
class Bank:
    """Parameters of K members, each attribute of shape (K,).

    Attributes
    ----------
    phi :
        Damping of the slope, 0..1.
    rho :
        Persistence of the level, 0..1; 1 is a random walk.
    level_noise, slope_noise, value_noise :
        Variances of e1, e2 and e3, relative to the scale.
    initial_slope :
        Variance of the slope at the first observation, relative to the scale.
    drift_share :
        Share of the panel's drift that enters the level each year.
    """

    phi: FloatArray
    rho: FloatArray
    level_noise: FloatArray
    slope_noise: FloatArray
    value_noise: FloatArray
    initial_slope: FloatArray
    drift_share: FloatArray

    def __post_init__(self) -> None:
        shapes = {getattr(self, field.name).shape for field in fields(self)}
        if len(shapes) != 1:
            msg = "all parameters of a bank need one shape"
            raise ValueError(msg)
        if (self.level_noise + self.value_noise <= 0).any():
            msg = "every member needs noise of the level or of the value"
            raise ValueError(msg)

    def __len__(self) -> int:
        return int(self.phi.shape[0])

    def take(self, members: IntArray) -> Bank:
        """Return the chosen members, in the shape of ``members``."""
        return Bank(*(getattr(self, field.name)[members] for field in fields(self)))

    def column(self) -> Bank:
        """Return the parameters with a trailing axis, to be broadcast against units."""
        return Bank(*(getattr(self, field.name)[..., None] for field in fields(self)))

    def with_rho(self, rho: float) -> Bank:
        """Return the same members with another persistence of the level."""
        return replace(self, rho=np.full_like(self.rho, rho))


def bank_of(
    phi: Sequence[float],
    rho: Sequence[float],
    noises: Sequence[tuple[float, float]],
    slopes: Sequence[tuple[float, float]],
    drift_shares: Sequence[float] = (0.0,),
) -> Bank:
    """Return the bank of all combinations; members without any slope are kept once, at phi = 0.

    Parameters
    ----------
    phi, rho :
        Dampings and persistences.
    noises :
        Pairs (variance of the level's steps, variance of the values).
    slopes :
        Pairs (variance of the initial slope, variance of the slope's steps); (0, 0) is no slope.
    drift_shares :
        Shares of the panel's drift.
    """
    rows: list[tuple[float, ...]] = []
    for share, persistence, (level, value), (initial, steps) in product(drift_shares, rho, noises, slopes):
        dampings = phi if initial > 0 or steps > 0 else (0.0,)
        rows.extend((damping, persistence, level, steps, value, initial, share) for damping in dampings)
    return Bank(*np.array(rows, dtype=np.float64).T)
