"""What a rule is asked of, and what it says: plain types, without models and without words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np

from toolkit.data.observations import PeriodAverage
from toolkit.plan.predicates import BoolArray, FloatArray, IntArray, PaceKind, Printed, joint_weights

Bound = Literal["exact", "at_least"]
"""Whether a probability is exact or a lower bound."""


@dataclass(frozen=True)
class Note:
    """A remark: a key of the catalogue and the fields of its text.

    Attributes
    ----------
    key :
        ``attainment.note.…`` or ``attainment.missing.…``.
    fields :
        Numbers, and ids that readers of the note put into words: ``indicator``, ``scope``, ``area``,
        ``standard``, ``source`` and so on (see :func:`toolkit.attainment.wording.note_text`).
    """

    key: str
    fields: Mapping[str, object] = field(default_factory=dict)


class Draws(Protocol):
    """What a rule reads of a forecast: joint draws of one indicator in one area.

    :class:`toolkit.forecast.paths.Path` is one, and says what each of these means.
    """

    @property
    def unit(self) -> str:
        """Unit of the values."""

    @property
    def years(self) -> IntArray:
        """Consecutive years, shape (T,)."""

    @property
    def draws(self) -> FloatArray:
        """Values, shape (S, T)."""

    @property
    def observed(self) -> BoolArray:
        """Years with a usable own figure, shape (T,)."""

    @property
    def final(self) -> BoolArray:
        """Years whose own figure is final and exact, shape (T,)."""

    @property
    def standards(self) -> tuple[str, ...]:
        """The standard of each year."""

    @property
    def period_averages(self) -> tuple[PeriodAverage, ...]:
        """Published means over several years."""

    @property
    def proxy(self) -> object | None:
        """The stand-in that the values come through; None for the indicator itself."""

    @property
    def weights(self) -> FloatArray | None:
        """Weights of the draws, shape (S,); None if all are equal."""

    def at(self, year: int) -> FloatArray:
        """Return the draws of one year, shape (S,)."""

    def position(self, year: int) -> int:
        """Return the column of `year`."""


def covers(path: Draws, *years: int) -> bool:
    """Say whether a forecast holds all of `years`."""
    return all(int(path.years[0]) <= year <= int(path.years[-1]) for year in years)


def is_final(path: Draws, *years: int) -> bool:
    """Say whether final and exact own figures are held for all of `years`."""
    return path.proxy is None and all(bool(path.final[path.position(year)]) for year in years)


@dataclass(frozen=True)
class Case:
    """What a rule is judged on.

    Attributes
    ----------
    due :
        The due year.
    path :
        Joint draws of the judged indicator.
    printed :
        How that indicator is printed.
    benchmark :
        Joint draws of what it is compared with; None where the rule compares with nothing.
    """

    due: int
    path: Draws
    printed: Printed
    benchmark: Draws | None = None

    @property
    def weights(self) -> FloatArray | None:
        """Weights of the joint draws, shape (S,), summing to 1; None if all are equal."""
        return joint_weights([self.path] if self.benchmark is None else [self.path, self.benchmark])


@dataclass(frozen=True)
class Judgement:
    """What a rule says on joint draws, or what figures it lacks to say anything.

    Attributes
    ----------
    met : (S,)
        Draws that meet the target.
    quantity : (S,)
        The judged quantity: level, ratio, mean, or the worst year's value or change.
    decided :
        The answer where final figures alone give it, else None.
    weights : (S,) or None
        Weights of the draws.
    by_year :
        (year, draws that meet the rule in it) for rules about every year.
    met_average :
        Draws whose mean meets a rule about every year, shape (S,); None for other rules.
    met_stretch :
        Draws that meet the harder value, shape (S,); None where there is none.
    met_basically :
        Draws that meet the softer reading of "basically", shape (S,); None where there is none.
    met_in_full :
        Draws that meet the value without its tolerance, shape (S,); None where there is no tolerance.
    tolerance :
        That tolerance.
    notes :
        What had to be left out or replaced.
    missing :
        Figures without which nothing can be judged: then all the rest is empty.
    """

    met: BoolArray = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    quantity: FloatArray = field(default_factory=lambda: np.zeros(0, dtype=np.float64))
    decided: bool | None = None
    weights: FloatArray | None = None
    by_year: tuple[tuple[int, BoolArray], ...] = ()
    met_average: BoolArray | None = None
    met_stretch: BoolArray | None = None
    met_basically: BoolArray | None = None
    met_in_full: BoolArray | None = None
    tolerance: float = 0.0
    notes: tuple[Note, ...] = ()
    missing: tuple[Note, ...] = ()


def no_years(years: Sequence[int]) -> Judgement:
    """Return the judgement on years that no forecast reaches, named by the first and the last."""
    return Judgement(missing=(Note("attainment.missing.years", {"first": years[0], "last": years[-1]}),))


@dataclass(frozen=True)
class Start:
    """Where the way to a target begins.

    Attributes
    ----------
    year :
        Year of the newest figure, or of the estimate that takes its place.
    value :
        What was reached then.
    notes :
        What a reader has to know of a way that begins there.
    """

    year: int
    value: float
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class Required:
    """The pace that a rule asks for.

    Attributes
    ----------
    pace :
        Constant yearly pace, 0 where it is enough to hold what has been reached; None where no year is left.
    kind :
        Whether it is counted in units or in per cent a year.
    unit :
        Name of its unit, such as ``percentage_points_per_year``.
    span :
        Years over which it has to be kept.
    notes :
        What it leaves out.
    """

    pace: float | None
    kind: PaceKind
    unit: str
    span: int
    notes: tuple[Note, ...] = ()
