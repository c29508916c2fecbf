"""A panel laid out by unit and year, on the link scale."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from toolkit.models.links import BoolArray, FloatArray, IntArray
from toolkit.models.panel import Panel

__all__ = ["Grid", "grid_of", "typical_step"]


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


def grid_of(panel: Panel, *, first: int | None = None) -> Grid:
    """Lay a panel out from its first observed year (or ``first``) to its last year."""
    last = panel.last_year
    start = min(int(panel.year.min()) if panel.year.size else last, last if first is None else first)
    order = np.lexsort((np.arange(panel.unit.size), panel.segment, panel.year, panel.unit))
    unit, year = panel.unit[order], panel.year[order]
    layer = np.zeros(unit.size, dtype=np.int64)
    for row in range(1, unit.size):
        if unit[row] == unit[row - 1] and year[row] == year[row - 1]:
            layer[row] = layer[row - 1] + 1
    shape = (panel.units, last - start + 1, int(layer.max(initial=0)) + 1)
    value, noise = np.full(shape, np.nan), np.zeros(shape)
    segment = np.zeros(shape, dtype=np.int64)
    place = (unit, year - start, layer)
    value[place] = panel.scale.to_link(panel.value[order])
    noise[place] = panel.noise[order]
    segments = panel.segments
    position = {number: index for index, number in enumerate(segments)}
    segment[place] = [position[int(number)] for number in panel.segment[order]]
    return Grid(start, value, noise, segment, segments)


def first_layer(grid: Grid) -> FloatArray:
    """Return one value a unit and year: the mean over layers, nan where nothing was observed."""
    count = np.isfinite(grid.value).sum(axis=2)
    total = np.nansum(grid.value, axis=2)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))


def typical_step(grid: Grid) -> FloatArray:
    """Return each unit's mean yearly change (link scale), nan below two observed years."""
    value = first_layer(grid)
    seen = np.isfinite(value)
    years = np.arange(value.shape[1])
    enough = seen.sum(axis=1) >= 2
    start, end = seen.argmax(axis=1), value.shape[1] - 1 - seen[:, ::-1].argmax(axis=1)
    rows = np.arange(value.shape[0])
    span = np.maximum(years[end] - years[start], 1)
    return np.asarray(np.where(enough, (value[rows, end] - value[rows, start]) / span, np.nan))
