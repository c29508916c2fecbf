"""From published figures to the models' panels: which figures count, and how exact each one is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from toolkit.data.indicators import Indicator
from toolkit.data.observations import Observation, Series
from toolkit.forecast.chains import Chain
from toolkit.forecast.paths import FloatArray
from toolkit.models.panel import Panel, Scale

REVISION = {"final": 0.0, "reported": 0.05, "preliminary": 0.10}
"""Standard deviation on the link scale by which a figure of each status may still move.

Ours, of the size seen where our data hold two figures for one cell: poverty 2025, 3 then 2.32 % (0.26);
trained labour 2016, 15.8 then 15.1 % (0.05); growth 2025, 8.41 then 8.06 % (0.04); GRDP per person 2018,
36 against 38.4 million (0.06); population 2015, 757.9 against 760.6 thousand (0.004).
"""
ABOUT = 0.05
"""Added for figures that their source calls approximate."""
ONE_SIDED = ("at_least", "at_most")
FELT_FROM = 0.02
"""Chance below this size (link scale: a share of some 20,000 households) is left out."""


@dataclass(frozen=True)
class UnitFigures:
    """One area's figures of one indicator, as far as they lie on a chain of standards.

    Attributes
    ----------
    exact :
        Figures that a model may use, by year.
    one_sided :
        ``at_least`` and ``at_most`` figures, which reweight draws.
    size :
        How many households (the indicator's denominator) the area has, where that is held.
    """

    area_code: str
    exact: tuple[Observation, ...]
    one_sided: tuple[Observation, ...]
    size: float | None = None

    def most_on_one_standard(self) -> int:
        """Return how many exact figures the standard with the most of them has."""
        standards = [observation.standard for observation in self.exact]
        return max((standards.count(standard) for standard in set(standards)), default=0)


def figures_of(series: Series, chain: Chain, size: float | None = None) -> UnitFigures:
    """Sort out an area's figures: on the chain, exact or one-sided; `size` as in :class:`UnitFigures`."""
    on_chain = [observation for observation in series.observations if chain.segment(observation.standard) is not None]
    exact = [observation for observation in on_chain if observation.qualifier not in ONE_SIDED]
    return UnitFigures(
        area_code=series.area_code,
        exact=tuple(sorted(exact, key=lambda observation: (observation.year, observation.standard))),
        one_sided=tuple(observation for observation in on_chain if observation.qualifier in ONE_SIDED),
        size=size,
    )


def scale_of(indicator: Indicator) -> Scale:
    """Return the link and bounds of an indicator as the models want them."""
    if indicator.link == "logit" and indicator.lower is not None and indicator.upper is not None:
        span = indicator.upper - indicator.lower
        return Scale(link="logit", lower=indicator.lower, upper=indicator.upper, floor=0.0005 * span)
    if indicator.link == "log":
        return Scale.positive()
    return Scale.real()


def panel_of(units: Sequence[UnitFigures], indicator: Indicator, chain: Chain, origin: int | None = None) -> Panel:
    """Return the panel of several areas' exact figures.

    Parameters
    ----------
    units :
        One entry an area, in the order wanted; entries without figures announce areas without data.
    indicator, chain :
        What is measured, and on which standards.
    origin :
        Last year of the panel; the last observed year by default.
    """
    rows = [(number, figure) for number, unit in enumerate(units) for figure in unit.exact]
    size = float(np.median([abs(figure.value) for _, figure in rows])) if rows and indicator.link == "identity" else 1.0
    scale = scale_of(indicator)
    noise = [
        np.hypot(
            np.hypot(size * inexactness(figure), disagreement(figure, scale)),
            chance(figure.value, units[number].size, indicator),
        )
        for number, figure in rows
    ]
    return Panel.from_rows(
        units=len(units),
        unit=[number for number, _ in rows],
        year=[figure.year for _, figure in rows],
        value=[figure.value for _, figure in rows],
        noise=noise,
        segment=[chain.segment(figure.standard) or 0 for _, figure in rows],
        scale=scale,
        jumps=chain.jumps(),
        origin=origin,
    )


def inexactness(figure: Observation) -> float:
    """Return the standard deviation by which a figure may still move, on the link scale (relative if identity)."""
    about = ABOUT if figure.qualifier == "about" else 0.0
    return float(np.hypot(REVISION.get(figure.status, REVISION["preliminary"]), about))


def disagreement(figure: Observation, scale: Scale) -> float:
    """Return the spread (standard deviation, link scale) of figures of equal standing for one cell.

    A better status settles a conflict, and a final figure counts as it is: only among reported or among preliminary
    figures of different sources nobody knows which one is right.
    """
    rivals = [
        other.value
        for other in figure.overruled
        if other.status == figure.status and other.source_id != figure.source_id
    ]
    if figure.status == "final" or not rivals:
        return 0.0
    return float(np.std(scale.to_link([figure.value, *rivals])))


def chance(value: float, size: float | None, indicator: Indicator) -> float:
    """Return the standard deviation (link scale) by which chance alone moves a share of few households.

    Parameters
    ----------
    value :
        A figure in the indicator's unit.
    size :
        Number n of what it is a share of; None where that is not held.
    indicator :
        A share with a denominator: ``1 / sqrt(n p (1 - p))``, the delta method for the logit of k of n, with half a
        case added on both sides as in the empirical logit. 0 for all others, and where it is hardly felt.

    Examples
    --------
    >>> from toolkit.data.dataset import load
    >>> poverty = load().indicators.get("poverty_rate")
    >>> round(chance(10.0, 400, poverty), 3), chance(10.0, 200_000, poverty)
    (0.166, 0.0)
    """
    if indicator.denominator is None or indicator.link != "logit" or not size:
        return 0.0
    found = float(spread_by_chance(np.array(value), size))
    return found if found >= FELT_FROM else 0.0


def spread_by_chance(percent: FloatArray, size: float) -> FloatArray:
    """Return the standard deviation (logit) of shares of `size` things, in per cent, that chance alone causes."""
    share = np.clip(percent, 0.0, 100.0) / 100.0
    return np.asarray(np.sqrt(1.0 / (size * share + 0.5) + 1.0 / (size * (1.0 - share) + 0.5)))
