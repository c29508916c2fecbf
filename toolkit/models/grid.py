"""A panel laid out by unit and year on the link scale, and what it says at a glance: steps, levels, spread."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from toolkit.models.panel import BoolArray, FloatArray, IntArray, Link, Panel

SMALLEST_MEASURE = 1e-100
# Mean and standard deviation (link scale) of a level of which neither peers nor a parent say anything
WIDE_LEVEL = {"logit": (0.0, 1.5), "log": (0.0, 3.0), "identity": (0.0, 3.0)}


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
    """

    first: int
    value: FloatArray
    noise: FloatArray
    segment: IntArray
    segments: tuple[int, ...]

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
        return Grid(self.first, self.value[rows], self.noise[rows], self.segment[rows], self.segments)

    def shifted(self, offsets: FloatArray) -> Grid:
        """Return the values moved to the base standard, given one offset a segment."""
        return Grid(self.first, self.value - offsets[self.segment], self.noise, self.segment, self.segments)


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
    segments = panel.segments
    segment[place] = [segments.index(number) for number in panel.segment[order].tolist()]
    return Grid(start, value, noise, segment, segments)


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


def median_step(grid: Grid) -> float:
    """Return the median of the units' mean yearly steps, 0 where no unit has two years."""
    steps = mean_steps(grid)
    known = np.isfinite(steps)
    return float(np.median(steps[known])) if known.any() else 0.0


def unit_of_measure(grid: Grid, link: Link) -> float:
    """Return the size that priors are relative to: 1 on logit and log, the data's spread on identity."""
    if link != "identity":
        return 1.0
    values = grid.value[np.isfinite(grid.value)]
    spread = float(np.std(values)) if values.size else 0.0
    typical = float(np.abs(values).mean()) if values.size else 0.0
    size = spread if spread > 1e-6 * typical else 0.1 * typical
    return size if size > SMALLEST_MEASURE else 1.0


def levels_of_peers(grid: Grid, link: Link) -> tuple[float, float]:
    """Return mean and standard deviation of the units' last levels (wide where fewer than two are known)."""
    value = yearly_values(grid)
    seen = np.isfinite(value)
    has = seen.any(axis=1)
    mean, sd = WIDE_LEVEL[link]
    sd *= unit_of_measure(grid, link)
    if not has.any():
        return mean, sd
    levels = value[np.arange(value.shape[0]), last_seen(seen)][has]
    # one prior observation keeps two like peers from promising certainty
    spread = np.sqrt((sd**2 + ((levels - levels.mean()) ** 2).sum()) / levels.size)
    return float(levels.mean()), float(spread)
