"""A rule with the joint draws it is judged on, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass

from toolkit.attainment.result import Note
from toolkit.forecast.paths import BoolArray, FloatArray, Path
from toolkit.plan.rules import Printed
from toolkit.plan.schema import Rule


@dataclass(frozen=True)
class Case:
    """What one rule is judged on.

    Attributes
    ----------
    rule, due :
        The rule and its due year.
    path, printed :
        Joint draws of the judged indicator, and how it is printed.
    benchmark :
        Joint draws of what it is held against; None where the rule needs none.
    """

    rule: Rule
    due: int
    path: Path
    printed: Printed
    benchmark: Path | None = None

    @property
    def paths(self) -> tuple[Path, ...]:
        """All paths that the answer rests on."""
        return (self.path,) if self.benchmark is None else (self.path, self.benchmark)


@dataclass(frozen=True)
class Judgement:
    """What a rule says on joint draws.

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
    met_average, met_stretch, met_basically : (S,) or None
        Draws that meet the second readings.
    notes :
        What had to be left out or replaced.
    """

    met: BoolArray
    quantity: FloatArray
    decided: bool | None
    weights: FloatArray | None
    by_year: tuple[tuple[int, BoolArray], ...] = ()
    met_average: BoolArray | None = None
    met_stretch: BoolArray | None = None
    met_basically: BoolArray | None = None
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class Refusal:
    """Why a rule cannot be judged, as what figures would be needed."""

    missing: tuple[Note, ...]
    notes: tuple[Note, ...] = ()


def covers(path: Path, *years: int) -> bool:
    """Say whether a path holds all of `years`."""
    return all(int(path.years[0]) <= year <= int(path.years[-1]) for year in years)


def is_final(path: Path, year: int) -> bool:
    """Say whether a final and exact own figure is held for `year`."""
    return bool(path.final[path.position(year)]) and path.proxy is None


def no_years(first: int, last: int) -> Refusal:
    """Return the refusal for years that no path reaches."""
    return Refusal((Note("attainment.missing.years", {"first": first, "last": last}),))
