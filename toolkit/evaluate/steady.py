"""Lessons of a must that real panels hardly teach: a unit that has gone its own way for years, steadily, goes on.

Whole panels in which one unit moves evenly against all others are rare in public statistics, and a gate that has
seen none may send such a unit back at once. These few made-up histories, beside thousands of real ones, say what is
wanted (DESIGN, musts: the more points a unit has, the more it is believed). They teach, and never test: no score and
no stretch of the scales rests on them.
"""

from __future__ import annotations

import numpy as np

from toolkit.evaluate.cuts import HORIZONS, Cut, scale_of_kind
from toolkit.models.panel import FloatArray, Panel

__all__ = ["steady_cuts"]

FAMILY = "made_up_steady_unit"
KINDS = ("percent", "percent", "positive")
# Slopes a year and noise on the logit scale; a positive quantity moves in steps of a quarter of these
SLOPES, NOISE = (0.1, 0.3), (0.02, 0.1)
POSITIVE_SIZE, POSITIVE_LEVEL = 0.25, 4.0
# The steady unit's noise beside that of the others
STEADINESS = 0.2
UNITS, POINTS = (7, 15), (6, 12)
ORIGIN = 2020


def steady_cuts(count: int, random: np.random.Generator) -> list[Cut]:
    """Return histories in which unit 0 moves evenly against all others, and goes on; it alone has outcomes.

    Parameters
    ----------
    count :
        Number of cuts.
    random :
        Source of all that differs between them.

    Examples
    --------
    >>> cut = steady_cuts(1, np.random.default_rng(1))[0]
    >>> cut.truth.shape, set(cut.unit.tolist())
    ((8,), {0})
    """
    return [steady_cut(KINDS[number % len(KINDS)], random) for number in range(count)]


def steady_cut(kind: str, random: np.random.Generator) -> Cut:
    """Return one of them, of a kind of quantity."""
    units, points = (int(random.integers(low, high + 1)) for low, high in (UNITS, POINTS))
    years = np.arange(1 - points, HORIZONS + 1)
    line, noise = lines_of(kind, units, years, random)
    scale = scale_of_kind(kind)
    past = years <= 0
    value = scale.from_link(line + noise)[:, past]
    unit, column = np.nonzero(np.isfinite(value))
    panel = Panel.from_rows(units, unit, ORIGIN + years[past][column], value[unit, column], scale, origin=ORIGIN)
    last = np.full(HORIZONS, value[0, -1])
    return Cut(
        panel_id=FAMILY,
        family=FAMILY,
        modelled=False,
        length=points,
        panel=panel,
        unit=np.zeros(HORIZONS, dtype=np.int64),
        horizon=years[~past],
        truth=scale.from_link(line[0, ~past]),
        last=last,
        last_year=np.full(HORIZONS, ORIGIN),
    )


def lines_of(kind: str, units: int, years: np.ndarray, random: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Return straight lines (N, T) on the link scale, the first against the others, and noise about them."""
    size, level = (POSITIVE_SIZE, POSITIVE_LEVEL) if kind == "positive" else (1.0, 0.0)
    direction = float(random.choice([-1.0, 1.0]))
    slope = np.full(units, -direction * random.uniform(*SLOPES))
    slope[0] = direction * random.uniform(*SLOPES)
    noise = random.normal(0.0, random.uniform(*NOISE), (units, years.size))
    noise[0] *= STEADINESS
    start = random.uniform(-1.0, 1.0, units)
    return level + size * (start[:, None] + slope[:, None] * years), size * noise
