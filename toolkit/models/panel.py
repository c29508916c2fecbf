"""What a model reads and gives: panels of observations, joint draws, and the interface between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from toolkit.models.links import FloatArray, IntArray, Link, Scale

__all__ = ["FloatArray", "Forecaster", "IntArray", "Jump", "Link", "Panel", "Paths", "Scale"]


@dataclass(frozen=True)
class Jump:
    """A declared change of standard: the level jumps on the link scale, the trend goes on.

    Attributes
    ----------
    year :
        First year measured on the new standard.
    before, after :
        Segment numbers of the old and the new standard.
    mean, sd :
        Prior of the jump on the link scale; ``sd`` > 0.
    skew :
        0 gives a normal prior. A positive value multiplies the standard deviation above the
        mean by ``1 + skew`` (two-piece normal, both halves with probability one half): a heavy
        upper tail.
    """

    year: int
    before: int
    after: int
    mean: float
    sd: float
    skew: float = 0.0

    def __post_init__(self) -> None:
        if not (np.isfinite(self.mean) and np.isfinite(self.sd) and self.sd > 0 and self.skew >= 0):
            msg = f"the jump of {self.year} needs a finite mean, sd > 0 and skew >= 0"
            raise ValueError(msg)
        if self.before == self.after:
            msg = f"the jump of {self.year} has to lead to another segment than {self.before}"
            raise ValueError(msg)

    def at(self, standard_normal: npt.ArrayLike) -> FloatArray:
        """Return the jump for standard normal scores: the prior's quantile function."""
        score = np.asarray(standard_normal, dtype=np.float64)
        return np.asarray(self.mean + self.sd * score * np.where(score > 0, 1.0 + self.skew, 1.0))


@dataclass(frozen=True)
class Panel:
    """Observations of units that may be pooled, in long form.

    One year may hold values on two standards; units without observation are allowed.

    Attributes
    ----------
    units :
        Number of units N.
    unit, year, value :
        Shape (M,): unit index 0..N-1, calendar year, value in printed units.
    noise :
        Shape (M,): extra measurement standard deviation on the link scale, 0 for none.
    segment :
        Shape (M,): number of the standard, 0 where the series has one standard.
    scale :
        Link and bounds.
    jumps :
        Declared changes between segments.
    origin :
        Last year of the panel; None for the last observed year.
    """

    units: int
    unit: IntArray
    year: IntArray
    value: FloatArray
    noise: FloatArray
    segment: IntArray
    scale: Scale
    jumps: tuple[Jump, ...] = ()
    origin: int | None = None

    @classmethod
    def from_rows(
        cls,
        units: int,
        unit: npt.ArrayLike,
        year: npt.ArrayLike,
        value: npt.ArrayLike,
        scale: Scale,
        *,
        noise: npt.ArrayLike | None = None,
        segment: npt.ArrayLike | None = None,
        jumps: Sequence[Jump] = (),
        origin: int | None = None,
    ) -> Panel:
        """Return a validated panel; ``noise`` and ``segment`` default to 0.

        Raises
        ------
        ValueError
            If shapes differ, a number is not finite, a unit is out of range, or a segment
            cannot be reached by the declared jumps.

        Examples
        --------
        >>> Panel.from_rows(2, [0, 0, 1], [2020, 2021, 2021], [12.0, 11.5, 30.0], Scale.percent()).last_year
        2021
        """
        values = np.asarray(value, dtype=np.float64).reshape(-1)
        panel = cls(
            units,
            np.asarray(unit, dtype=np.int64).reshape(-1),
            np.asarray(year, dtype=np.int64).reshape(-1),
            values,
            np.zeros(values.shape) if noise is None else np.asarray(noise, dtype=np.float64).reshape(-1),
            np.zeros(values.shape, np.int64) if segment is None else np.asarray(segment, dtype=np.int64).reshape(-1),
            scale,
            tuple(jumps),
            origin,
        )
        panel.validate()
        return panel

    def of_units(self, rows: IntArray) -> Panel:
        """Return the panel of some units, numbered as in ``rows``, with the same origin and jumps."""
        place = np.full(self.units, -1)
        place[rows] = np.arange(rows.size)
        kept = place[self.unit] >= 0
        return replace(
            self,
            units=rows.size,
            unit=place[self.unit[kept]],
            year=self.year[kept],
            value=self.value[kept],
            noise=self.noise[kept],
            segment=self.segment[kept],
            origin=self.last_year,
        )

    def validate(self) -> None:
        """Raise ValueError if the panel breaks its own rules."""
        if self.units < 1:
            msg = f"a panel needs at least one unit, not {self.units}"
            raise ValueError(msg)
        shapes = {array.shape for array in (self.unit, self.year, self.value, self.noise, self.segment)}
        if len(shapes) != 1 or len(next(iter(shapes))) != 1:
            msg = f"unit, year, value, noise and segment need one common length, not {sorted(shapes)}"
            raise ValueError(msg)
        if not (np.isfinite(self.value).all() and np.isfinite(self.noise).all() and (self.noise >= 0).all()):
            msg = "values have to be finite, noise finite and not negative"
            raise ValueError(msg)
        if self.unit.size and not (self.unit.min() >= 0 and self.unit.max() < self.units):
            msg = f"unit numbers have to lie in 0..{self.units - 1}"
            raise ValueError(msg)
        if self.origin is not None and self.year.size and self.year.max() > self.origin:
            msg = f"an observation of {self.year.max()} lies after the origin {self.origin}"
            raise ValueError(msg)
        if len({jump.after for jump in self.jumps}) != len(self.jumps):
            msg = "two jumps lead to the same segment"
            raise ValueError(msg)
        unknown = set(self.segment.tolist()) - set(self.segments)
        if unknown:
            msg = f"no declared jump leads to segment {sorted(unknown)}"
            raise ValueError(msg)

    @property
    def segments(self) -> tuple[int, ...]:
        """Segment numbers in the order of time: the base standard first."""
        ordered = sorted(self.jumps, key=lambda jump: jump.year)
        reached = {jump.after for jump in ordered}
        starts = sorted({jump.before for jump in ordered if jump.before not in reached})
        if not ordered:
            return (int(self.segment.min()),) if self.segment.size else (0,)
        return (*starts, *(jump.after for jump in ordered))

    @property
    def last_year(self) -> int:
        """Last year of the panel: the origin where given, the last observed year otherwise.

        Raises
        ------
        ValueError
            If the panel has neither an origin nor an observation.
        """
        if self.origin is not None:
            return self.origin
        if not self.year.size:
            msg = "a panel without any observation needs an origin"
            raise ValueError(msg)
        return int(self.year.max())


@dataclass(frozen=True)
class Paths:
    """Joint draws, what everything later rests on.

    Attributes
    ----------
    years :
        Shape (T,): calendar years.
    latent :
        Shape (S, N, T): path on the link scale, on the base standard, without measurement noise.
    values :
        Shape (S, N, T): printed units, as would be published, on the standard asked for.
    offsets :
        Shape (S, K): drawn offset of each segment on the link scale, in the order of ``segments``.
    segments :
        Segment numbers that ``offsets`` stands for.
    notes :
        Catalogue keys of what a reader should know, such as a baseline that fell back.
    """

    years: IntArray
    latent: FloatArray
    values: FloatArray
    offsets: FloatArray
    segments: tuple[int, ...] = (0,)
    notes: tuple[str, ...] = ()

    def of_units(self, rows: IntArray) -> Paths:
        """Return the draws of some units."""
        return replace(self, latent=self.latent[:, rows], values=self.values[:, rows])


class Forecaster(Protocol):
    """What every model and baseline can do."""

    @property
    def name(self) -> str:
        """Name under which the model is asked for."""
        ...

    def paths(
        self,
        panel: Panel,
        years: Sequence[int],
        *,
        draws: int = 2000,
        seed: int = 0,
        segments: Sequence[int] | None = None,
        parent: Paths | None = None,
    ) -> Paths:
        """Return joint draws for past and future years."""
        ...

    def quantiles(self, panel: Panel, years: Sequence[int], levels: Sequence[float]) -> FloatArray:
        """Return marginal predictive quantiles of future years, shape (N, H, Q), printed units."""
        ...
