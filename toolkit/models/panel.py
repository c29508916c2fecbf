"""What a model reads and gives: scales, panels of yearly observations, joint draws of their paths.

A model works on the *grid* of a panel: its values by unit and year on the link scale, with the few summaries that all
models use (mean steps, levels, spread).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
Link = Literal["logit", "log", "identity"]

SMALLEST_POSITIVE = 1e-9
# Whole numbers down to so few are counts: chance alone moves them by a fifth and more
FEW = 20.0
# Nothing beyond this is raised to a power of e: it would overflow
LOG_LIMIT = 300.0
# Deviations from a forecast's centre beyond this size (link scale) count less and less: a heavy tail
# on the log link would let a value grow a hundredfold and leave its mean infinite
TAIL_STARTS: dict[Link, float] = {"logit": 2.0, "log": 1.0, "identity": np.inf}


def require(holds: object, message: str) -> None:
    """Raise ValueError with a message unless a condition holds."""
    if not holds:
        raise ValueError(message)


@dataclass(frozen=True)
class Scale:
    """Link function and bounds of an indicator.

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
    counted :
        Log: the unit in which things are counted, 0 for quantities that are not. A count k stands at
        ``log(k + 1/2)``, so that 0 is finite and half a thing away from nothing; chance moves it as
        it moves a Poisson variable, on top of all that the model says of its level.
    dispersion :
        Log: the variance of counts beside their mean, 0..1: 1 for independent events (Poisson), less for things that
        stay from year to year, such as schools. A panel finds it (:func:`dispersion_of`).
    measure :
        How large steps and differences are on the link scale, relative to those of shares and quantities.

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
    counted: float = 0.0
    dispersion: float = 1.0
    measure: float = 1.0

    def __post_init__(self) -> None:
        known = self.link in ("logit", "log", "identity")
        require(known, f"unknown link {self.link!r}: choose logit, log or identity")
        inside = self.link != "logit" or 0 < self.floor < (self.upper - self.lower) / 2
        require(inside, f"the floor {self.floor} has to lie between 0 and half of {self.lower}..{self.upper}")
        require(self.counted >= 0, f"the unit of counting {self.counted} must not be negative")

    @classmethod
    def percent(cls) -> Scale:
        """Return the scale of shares from 0 to 100."""
        return cls("logit")

    @classmethod
    def positive(cls) -> Scale:
        """Return the scale of positive quantities, such as incomes."""
        return cls("log")

    @classmethod
    def counts(cls, unit: float = 1.0) -> Scale:
        """Return the scale of numbers of things, such as makeshift houses; they are multiples of the unit."""
        return cls("log", counted=unit)

    @classmethod
    def of_positive(cls, values: npt.ArrayLike) -> Scale:
        """Return the scale of quantities that are not negative: of counts where the values look like those.

        They do if they are whole numbers down to :data:`FEW` or less, or if there is a 0 among them: then the
        smallest of the others stands for one thing (one case in a rate).

        Examples
        --------
        >>> [Scale.of_positive(one).counted for one in ([0, 2, 5], [0.0, 1.7, 3.4], [812.5, 911.0])]
        [1.0, 1.7, 0.0]
        """
        known = np.asarray(values, dtype=np.float64)
        known = known[np.isfinite(known)]
        above = known[known > 0]
        if above.size and (known == np.round(known)).all() and known.min() <= FEW:
            return cls.counts()
        return cls.positive() if above.size == known.size else cls.counts(float(above.min()) if above.size else 1.0)

    @classmethod
    def real(cls) -> Scale:
        """Return the scale of unbounded quantities, such as growth rates."""
        return cls("identity")

    def shorten_tails(self, deviation: FloatArray) -> FloatArray:
        """Return deviations from a centre (link scale) with far ones drawn in; order and signs stay.

        ``size * asinh(deviation / size)``: straight near 0, logarithmic far out.
        """
        size = TAIL_STARTS[self.link]
        return np.asarray(size * np.arcsinh(deviation / size)) if np.isfinite(size) else deviation

    def to_link(self, values: npt.ArrayLike) -> FloatArray:
        """Return printed values on the link scale, in the same shape."""
        printed = np.asarray(values, dtype=np.float64)
        if self.link == "logit":
            kept = np.clip(printed, self.lower, self.upper)
            return np.asarray(np.log((kept - self.lower + self.floor) / (self.upper - kept + self.floor)))
        if self.link == "log":
            return np.asarray(
                np.log(np.maximum(printed, 0.0 if self.counted else SMALLEST_POSITIVE) + self.counted / 2.0)
            )
        return printed.copy()

    def from_link(self, linked: npt.ArrayLike) -> FloatArray:
        """Return values in printed units; they never leave the bounds."""
        z = np.asarray(linked, dtype=np.float64)
        if self.link == "logit":
            share = (1.0 + np.tanh(z / 2.0)) / 2.0  # the logistic function, several times faster than by exp
            printed = self.lower - self.floor + (self.upper - self.lower + 2.0 * self.floor) * share
            return np.asarray(np.clip(printed, self.lower, self.upper))
        if self.link == "log":
            return np.asarray(np.maximum(np.exp(np.clip(z, -LOG_LIMIT, LOG_LIMIT)) - self.counted / 2.0, 0.0))
        return z.copy()


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
        proper = np.isfinite(self.mean) and np.isfinite(self.sd) and self.sd > 0 and self.skew >= 0
        require(proper, f"the jump of {self.year} needs a finite mean, sd > 0 and skew >= 0")
        leads_on = self.before != self.after
        require(leads_on, f"the jump of {self.year} has to lead to another segment than {self.before}")

    def at(self, standard_normal: npt.ArrayLike) -> FloatArray:
        """Return the jump for standard normal scores: the prior's quantile function."""
        score = np.asarray(standard_normal, dtype=np.float64)
        return np.asarray(self.mean + self.sd * score * np.where(score > 0, 1.0 + self.skew, 1.0))


def accumulate(ordered: list[Jump], sizes: dict[int, FloatArray], segments: tuple[int, ...], draws: int) -> FloatArray:
    """Add the jumps up along the chain of standards: offsets (S, K), given the sizes (S,) by segment."""
    offsets = np.zeros((draws, len(segments)))
    for jump in ordered:
        offsets[:, segments.index(jump.after)] = offsets[:, segments.index(jump.before)] + sizes[jump.after]
    return offsets


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
        numbers, years = (np.asarray(one, dtype=np.int64).reshape(-1) for one in (unit, year))
        if scale.counted and numbers.shape == years.shape == values.shape:
            scale = replace(scale, dispersion=dispersion_of(numbers, years, values / scale.counted))
        panel = cls(
            units,
            numbers,
            years,
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
        require(self.units >= 1, f"a panel needs at least one unit, not {self.units}")
        shapes = {array.shape for array in (self.unit, self.year, self.value, self.noise, self.segment)}
        alike = len(shapes) == 1 and len(next(iter(shapes))) == 1
        require(alike, f"unit, year, value, noise and segment need one common length, not {sorted(shapes)}")
        finite = np.isfinite(self.value).all() and np.isfinite(self.noise).all() and (self.noise >= 0).all()
        require(finite, "values have to be finite, noise finite and not negative")
        inside = (self.unit >= 0).all() and (self.unit < self.units).all()
        require(inside, f"unit numbers have to lie in 0..{self.units - 1}")
        late = self.year[self.year > self.origin].tolist() if self.origin is not None else []
        require(not late, f"an observation of {max(late, default=0)} lies after the origin {self.origin}")
        reached = {jump.after for jump in self.jumps}
        require(len(reached) == len(self.jumps), "two jumps lead to the same segment")
        unknown = set(self.segment.tolist()) - set(self.segments)
        require(not unknown, f"no declared jump leads to segment {sorted(unknown)}")

    @property
    def segments(self) -> tuple[int, ...]:
        """Segment numbers in the order of time: the base standard first."""
        if not self.jumps:
            return (int(self.segment.min()),) if self.segment.size else (0,)
        ordered = sorted(self.jumps, key=lambda jump: jump.year)
        reached = {jump.after for jump in ordered}
        starts = sorted({jump.before for jump in ordered if jump.before not in reached})
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
        require(self.year.size, "a panel without any observation needs an origin")
        return int(self.year.max())


@dataclass(frozen=True)
class Paths:
    """Joint draws of a panel's units, on which everything later rests.

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
        Short names of what a reader should know, such as that a baseline fell back.
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
        """Return joint draws for past and future years.

        Parameters
        ----------
        panel :
            Observations of N units.
        years :
            Calendar years wanted, in any order.
        draws, seed :
            Number of draws S, and the seed of all random numbers.
        segments :
            The standard wanted for each year; by default that of the latest observation.
        parent :
            S draws of one unit that the panel's units follow, over all years asked for or observed.
        """
        ...

    def quantiles(self, panel: Panel, years: Sequence[int], levels: Sequence[float]) -> FloatArray:
        """Return marginal predictive quantiles of future years, shape (N, H, Q), printed units."""
        ...


SMALLEST_MEASURE = 1e-100
# Counts before and after one that tell how much chance moves it; how many things the belief is worth that it moves
# counts as it moves a Poisson variable
NEIGHBOURS, CHANCE_STRENGTH = 2, 10.0
# On the identity link nothing is known beforehand of how large steps are beside the spread of a series: growth rates
# move by as much from year to year, so that a typical scale (a tenth of this) is half of it
IDENTITY_SPREADS = 5.0
# Mean and standard deviation (link scale) of a level of which neither peers nor a parent say anything
WIDE_LEVEL = {"logit": (0.0, 1.5), "log": (0.0, 3.0), "identity": (0.0, 1.0)}


@dataclass(frozen=True)
class Grid:
    """Observations by unit, year and layer; a second layer holds a second value of one year.

    Attributes
    ----------
    first :
        First year of the grid; column t is the year ``first + t``.
    value :
        Shape (N, T, L): link scale, nan where nothing was observed.
    noise :
        Shape (N, T, L): extra standard deviation, link scale.
    segment :
        Shape (N, T, L): position of the standard in ``segments``.
    segments :
        Segment numbers in the order of time.
    scale :
        Link and bounds.
    """

    first: int
    value: FloatArray
    noise: FloatArray
    segment: IntArray
    segments: tuple[int, ...]
    scale: Scale

    @cached_property
    def measure(self) -> float:
        """The size that priors are relative to: the scale's own on logit and log, the data's spread on identity."""
        if self.scale.link != "identity":
            return self.scale.measure
        values = self.value[np.isfinite(self.value)]
        spread = float(np.std(values)) if values.size else 0.0
        typical = float(np.abs(values).mean()) if values.size else 0.0
        size = IDENTITY_SPREADS * spread if spread > 1e-6 * typical else typical
        return size if size > SMALLEST_MEASURE else 1.0

    @property
    def seen(self) -> BoolArray:
        """Shape (N, T): whether the unit has any value in the year."""
        return np.asarray(np.isfinite(self.value).any(axis=2))

    @property
    def counts(self) -> IntArray:
        """Shape (N,): number of observations of each unit."""
        return np.asarray(np.isfinite(self.value).sum(axis=(1, 2)))

    def of_units(self, rows: IntArray) -> Grid:
        """Return some units' observations over the same years."""
        return replace(self, value=self.value[rows], noise=self.noise[rows], segment=self.segment[rows])

    def shifted(self, offsets: FloatArray) -> Grid:
        """Return the values moved to the base standard, given one offset a segment."""
        return replace(self, value=self.value - offsets[self.segment])


def grid_of(panel: Panel) -> Grid:
    """Lay a panel out from its first observed year to its last year."""
    last = panel.last_year
    start = int(panel.year.min()) if panel.year.size else last
    order = np.lexsort((np.arange(panel.unit.size), panel.segment, panel.year, panel.unit))
    unit, year = panel.unit[order], panel.year[order]
    layer = np.zeros(unit.size, dtype=np.int64)
    for row in range(1, unit.size):
        if unit[row] == unit[row - 1] and year[row] == year[row - 1]:
            layer[row] = layer[row - 1] + 1
    shape = (panel.units, last - start + 1, int(layer.max(initial=0)) + 1)
    value, noise, segment = np.full(shape, np.nan), np.zeros(shape), np.zeros(shape, dtype=np.int64)
    place = (unit, year - start, layer)
    value[place] = panel.scale.to_link(panel.value[order])
    noise[place] = panel.noise[order]
    if panel.scale.counted:
        counts = panel.value[order] / panel.scale.counted
        noise[place] = np.hypot(noise[place], chance_of_counts(counts, unit, panel.scale.dispersion))
    segments = panel.segments
    segment[place] = [segments.index(number) for number in panel.segment[order].tolist()]
    return Grid(start, value, noise, segment, segments, panel.scale)


def chance_of_counts(count: FloatArray, unit: IntArray, dispersion: float) -> FloatArray:
    """Return the standard deviations (M,), link scale, by which chance moves counts in the order of units and time.

    The delta method for a Poisson variable, about the mean of the counts before and after: were a count itself part
    of that mean, it would look the more certain the larger it is by chance, and levels would be drawn upwards.
    """
    total, number = np.zeros(count.shape), np.zeros(count.shape)
    for lag in range(1, NEIGHBOURS + 1):
        same = unit[lag:] == unit[:-lag]
        for one, other in ((slice(lag, None), slice(None, -lag)), (slice(None, -lag), slice(lag, None))):
            total[one] += np.where(same, count[other], 0.0)
            number[one] += same
    mean = np.where(number > 0, total / np.maximum(number, 1.0), count)
    return np.asarray(np.sqrt(dispersion / (mean + 0.5)))


def dispersion_of(unit: IntArray, year: IntArray, count: FloatArray) -> float:
    """Return the variance of counts (M,) beside their mean, at most 1: the mean squared change, half of that expected.

    With two standard errors on top, so that chance does not look less by chance.

    Examples
    --------
    >>> unit, year = np.zeros(6, dtype=np.int64), np.arange(6)
    >>> [round(dispersion_of(unit, year, np.array(one)), 2) for one in ([90.0] * 6, [9.0, 12.0, 6.0, 11.0, 5.0, 10.0])]
    [0.02, 1.0]
    """
    order = np.lexsort((year, unit))
    count, same = count[order], np.diff(unit[order]) == 0
    squares = float((np.diff(count)[same] ** 2).sum())
    expected = float((count[1:] + count[:-1])[same].sum())
    error = float(np.sqrt(2.0 / max(int(same.sum()), 1)))
    return min((squares + CHANCE_STRENGTH) / (expected + CHANCE_STRENGTH) * (1.0 + 2.0 * error), 1.0)


def yearly_values(grid: Grid) -> FloatArray:
    """Return one value a unit and year (N, T): the mean over layers, nan where nothing was observed."""
    count = np.isfinite(grid.value).sum(axis=2)
    total = np.nansum(grid.value, axis=2)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))


def last_seen(seen: BoolArray) -> IntArray:
    """Return the last column (N,) in which each unit of (N, T) was observed; the last of all for units without any."""
    return np.asarray(seen.shape[1] - 1 - seen[:, ::-1].argmax(axis=1))


def mean_steps(grid: Grid) -> FloatArray:
    """Return each unit's mean yearly change (N,) on the link scale, nan below two observed years."""
    value = yearly_values(grid)
    seen = np.isfinite(value)
    start, end, rows = seen.argmax(axis=1), last_seen(seen), np.arange(value.shape[0])
    span = np.maximum(end - start, 1)
    enough = seen.sum(axis=1) >= 2
    return np.asarray(np.where(enough, (value[rows, end] - value[rows, start]) / span, np.nan))


def last_levels(grid: Grid) -> FloatArray:
    """Return each unit's last value (N,) on the link scale, nan for one without any."""
    value = yearly_values(grid)
    return np.asarray(value[np.arange(value.shape[0]), last_seen(np.isfinite(value))])


def levels_of_peers(grid: Grid) -> tuple[float, float]:
    """Return mean and standard deviation of the units' last levels (wide where fewer than two are known)."""
    levels = last_levels(grid)
    levels = levels[np.isfinite(levels)]
    mean, sd = WIDE_LEVEL[grid.scale.link]
    sd *= grid.measure
    if not levels.size:
        return mean, sd
    # one prior observation keeps two like peers from promising certainty
    spread = np.sqrt((sd**2 + ((levels - levels.mean()) ** 2).sum()) / levels.size)
    return float(levels.mean()), float(spread)
