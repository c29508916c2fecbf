"""Link scales: the unbounded scale on which trends are forecast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

__all__ = ["BENDS", "BoolArray", "FloatArray", "IntArray", "Link", "Scale"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
Link = Literal["logit", "log", "identity"]

SMALLEST_POSITIVE = 1e-9
# exp() of anything beyond these neither overflows nor leaves the bounds
LOGIT_LIMIT, LOG_LIMIT = 36.0, 300.0
# Deviations from a forecast's centre beyond this size (link scale) count less and less: a heavy tail
# on the log link would let a value grow a hundredfold and leave its mean infinite
BENDS: dict[Link, float] = {"logit": 1.0, "log": 0.5, "identity": np.inf}


def bend(deviation: FloatArray, size: float) -> FloatArray:
    """Return ``size * asinh(deviation / size)``: straight near 0, logarithmic far out."""
    return np.asarray(size * np.arcsinh(deviation / size)) if np.isfinite(size) else deviation


@dataclass(frozen=True)
class Scale:
    """Link and bounds of an indicator.

    Attributes
    ----------
    link :
        ``"logit"`` for shares between two bounds, ``"log"`` for positive quantities,
        ``"identity"`` for the rest.
    lower, upper :
        Bounds in printed units; used by the logit only.
    floor :
        Logit: half the unit in which values are printed. The bounds are moved out by this much
        before linking (the empirical logit, (k + 1/2) / (n + 1)), so that a printed 0 or 100 is
        finite, and forecasts beyond the printed bound are exactly 0 or 100, as the publisher
        would round them.
    smallest :
        Log: smaller values (a printed 0) count as this much.

    Examples
    --------
    >>> scale = Scale.percent()
    >>> float(scale.from_link(scale.to_link(50.0)))
    50.0
    """

    link: Link
    lower: float = 0.0
    upper: float = 100.0
    floor: float = 0.05
    smallest: float = SMALLEST_POSITIVE

    def __post_init__(self) -> None:
        if self.link not in ("logit", "log", "identity"):
            msg = f"unknown link {self.link!r}: choose logit, log or identity"
            raise ValueError(msg)
        if self.link == "logit" and not 0 < self.floor < (self.upper - self.lower) / 2:
            msg = f"the floor {self.floor} has to lie between 0 and half of {self.lower}..{self.upper}"
            raise ValueError(msg)
        if self.smallest <= 0:
            msg = f"the smallest value {self.smallest} has to be positive"
            raise ValueError(msg)

    @classmethod
    def percent(cls) -> Scale:
        """Return the scale of shares from 0 to 100."""
        return cls("logit")

    @classmethod
    def positive(cls, smallest: float = SMALLEST_POSITIVE) -> Scale:
        """Return the scale of positive quantities, such as incomes."""
        return cls("log", smallest=smallest)

    @classmethod
    def real(cls) -> Scale:
        """Return the scale of unbounded quantities, such as growth rates."""
        return cls("identity")

    def tame(self, deviation: FloatArray) -> FloatArray:
        """Return deviations from a centre (link scale) with far ones drawn in; order and signs stay."""
        return bend(deviation, BENDS[self.link])

    def to_link(self, values: npt.ArrayLike) -> FloatArray:
        """Return printed values on the link scale, in the same shape."""
        printed = np.asarray(values, dtype=np.float64)
        if self.link == "logit":
            kept = np.clip(printed, self.lower, self.upper)
            return np.asarray(np.log((kept - self.lower + self.floor) / (self.upper - kept + self.floor)))
        if self.link == "log":
            return np.asarray(np.log(np.maximum(printed, self.smallest)))
        return printed.copy()

    def from_link(self, linked: npt.ArrayLike) -> FloatArray:
        """Return values in printed units; they never leave the bounds."""
        z = np.asarray(linked, dtype=np.float64)
        if self.link == "logit":
            share = 1.0 / (1.0 + np.exp(-np.clip(z, -LOGIT_LIMIT, LOGIT_LIMIT)))
            printed = self.lower - self.floor + (self.upper - self.lower + 2.0 * self.floor) * share
            return np.asarray(np.clip(printed, self.lower, self.upper))
        if self.link == "log":
            return np.asarray(np.exp(np.clip(z, -LOG_LIMIT, LOG_LIMIT)))
        return z.copy()
