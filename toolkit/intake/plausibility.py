"""Figures held against what the model expected of them: unlikely ones are flagged, never dropped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from toolkit.base.problems import Problem, shortened
from toolkit.base.texts import Language, numbers
from toolkit.data.dataset import Dataset
from toolkit.data.observations import UNUSED, Figure
from toolkit.forecast.make import Key, Span, make_forecasts
from toolkit.forecast.store import Forecasts
from toolkit.plan.plan import Plan

TAIL = 0.005
"""A figure that fewer draws than this reach, on its side, is unlikely: about one good figure in a hundred is too."""
DRAWS = 1000
MOST_KEYS = 20
"""Indicators and scopes forecast in one go, so that memory stays bounded."""
FOLDS = 4
"""Parts of every series that are held out in turn."""
PASSED_OVER = (UNUSED, "at_least", "at_most")
"""Qualifiers of figures that are not judged."""


@dataclass(frozen=True)
class Doubt:
    """A figure that the model thought unlikely.

    Attributes
    ----------
    figure :
        The figure.
    tail :
        Share of the draws at least as far out, on its side of the median.
    low, high :
        80 % interval that was expected, in printed units.
    """

    figure: Figure
    tail: float
    low: float
    high: float


def doubts(figures: Sequence[Figure], known: Dataset, plan: Plan, *, seed: int = 138) -> tuple[Doubt, ...]:
    """Return the figures that lie far out in the predictive distribution made from what is known.

    Parameters
    ----------
    figures :
        Figures to judge; those for which a figure is known already on the same standard, means of periods,
        one-sided and unverified ones are passed over, and so is what only a proxy gives.
    known :
        The data that the predictions rest on; must not hold the figures themselves.
    plan :
        Its province, and the proxies that are switched on.
    """
    return tuple(doubt for part in _parts(_judged(figures)) for doubt in _doubts(part, known, plan, seed))


def doubts_within(dataset: Dataset, plan: Plan, *, seed: int = 138) -> tuple[Doubt, ...]:
    """Return the figures of a dataset that lie far out in what the model expects from all the others.

    Each figure is held out, with any other for the same area, indicator, scope and year, and predicted from the
    rest: its own series before and after it, its parents and its peers. So that this takes few passes, every
    fourth year of every series is held out at a time: one at most of short series, a quarter of long ones.

    Parameters
    ----------
    dataset :
        Figures to judge.
    plan :
        Its province, and the proxies that are switched on.
    """
    series: dict[tuple[str, str, str], dict[int, list[Figure]]] = {}
    for item in _judged(dataset.figures):
        years = series.setdefault((item.area_code, item.indicator, item.scope), {})
        years.setdefault(item.year, []).append(item)
    found: list[Doubt] = []
    for number in range(FOLDS):
        out = [item for years in series.values() for year in sorted(years)[number::FOLDS] for item in years[year]]
        places = {(item.area_code, item.indicator, item.scope, item.year) for item in out}
        rest = tuple(item for item in dataset.figures
                     if (item.area_code, item.indicator, item.scope, item.year) not in places)  # fmt: skip
        found += doubts(out, replace(dataset, figures=rest), plan, seed=seed)
    return tuple(sorted(found, key=lambda item: item.figure.row))


def _judged(figures: Iterable[Figure]) -> list[Figure]:
    return [item for item in figures if item.from_year is None and item.qualifier not in PASSED_OVER]


def _doubts(judged: Sequence[Figure], known: Dataset, plan: Plan, seed: int) -> list[Doubt]:
    wanted: dict[Key, Span] = {}
    for item in judged:
        key, span = (item.indicator, item.scope), Span(item.year, item.year, item.year)
        wanted[key] = wanted.get(key, span) | span
    codes = sorted({item.area_code for item in judged})
    forecasts = make_forecasts(known, plan, codes, draws=DRAWS, seed=seed, only=wanted)
    found = [_doubt(item, forecasts) for item in judged]
    return [item for item in found if item is not None]


def _doubt(figure: Figure, forecasts: Forecasts) -> Doubt | None:
    path = forecasts.path(figure.area_code, figure.indicator, figure.scope)
    if path is None or path.proxy is not None or not path.years[0] <= figure.year <= path.years[-1]:
        return None
    at = path.position(figure.year)
    if path.observed[at] or path.standards[at] != figure.standard:
        return None
    draws = path.at(figure.year)
    weights = np.full(len(draws), 1 / len(draws)) if path.weights is None else path.weights
    tail = float(min(weights[draws <= figure.value].sum(), weights[draws >= figure.value].sum()))
    if tail >= TAIL:
        return None
    low, high = path.quantiles((0.1, 0.9))[at]
    return Doubt(figure, tail, float(low), float(high))


def _parts(figures: Iterable[Figure]) -> list[list[Figure]]:
    """Return the figures in parts of no more indicators and scopes than are forecast in one go."""
    by_key: dict[Key, list[Figure]] = {}
    for figure in figures:
        by_key.setdefault((figure.indicator, figure.scope), []).append(figure)
    keys = list(by_key)
    return [
        [figure for key in keys[start : start + MOST_KEYS] for figure in by_key[key]]
        for start in range(0, len(keys), MOST_KEYS)
    ]


@dataclass(frozen=True)
class Shown:
    """A number before it is printed: with two decimals, or as a probability."""

    value: float
    probability: bool = False

    def text(self, language: Language) -> str:
        """Return the number as a language writes it."""
        form = numbers(language)
        return form.probability(self.value) if self.probability else form.plain(self.value, 2)


def as_problem(doubt: Doubt) -> Problem:
    """Return a doubt as a warning at the figure's cell."""
    figure, fields = doubt.figure, {"low": Shown(doubt.low), "high": Shown(doubt.high), "tail": Shown(doubt.tail, True)}
    value = shortened(str(figure.written))
    return Problem("data.problem.unlikely", figure.file, figure.row, "value", value, fields, "warning", figure.sheet)
