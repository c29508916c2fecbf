"""What is forecast, and families of areas fitted to their figures."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from toolkit.data.indicators import Indicator
from toolkit.forecast.chains import Chain
from toolkit.forecast.hierarchy import Family
from toolkit.forecast.panels import UnitFigures
from toolkit.forecast.paths import FloatArray
from toolkit.models import DrawUnits


@dataclass(frozen=True)
class Wanted:
    """What to forecast: one indicator in one scope.

    Attributes
    ----------
    indicator, scope :
        Of the plan's targets, their benchmarks, and the sources of their proxies.
    first_year, last_year :
        Years that some rule needs.
    judged_in :
        Due year that decides which standards are comparable.
    """

    indicator: str
    scope: str
    first_year: int
    last_year: int
    judged_in: int


@dataclass(frozen=True)
class Subject:
    """One indicator in one scope, with the years and standards of its paths: the same for all areas.

    Attributes
    ----------
    wanted, indicator, chain :
        What is forecast, and on which standards it is measured.
    years :
        Of all paths.
    across, today :
        Standard of each year as it will be measured, and with future changes of standard left out; `today` is None
        where there is no such change.
    measured :
        Standards on which any area has a figure.
    """

    wanted: Wanted
    indicator: Indicator
    chain: Chain
    years: tuple[int, ...]
    across: tuple[int, ...]
    today: tuple[int, ...] | None
    measured: frozenset[int]

    @property
    def twice(self) -> tuple[int, ...]:
        """Positions of the years that are wanted on two standards."""
        if self.today is None:
            return ()
        pairs = zip(self.across, self.today, strict=True)
        return tuple(number for number, (new, old) in enumerate(pairs) if new != old)

    def asked(self) -> tuple[list[int], list[int]]:
        """Return years and standards to ask a model for: all across changes, then some once more on today's."""
        again = self.twice
        years = [*self.years, *(self.years[number] for number in again)]
        return years, [*self.across, *(self.today[number] for number in again if self.today is not None)]

    def variants(self, values: FloatArray) -> dict[bool, FloatArray]:
        """Return the draws (S, years) across changes and without them, from those of the years asked for."""
        across = np.asarray(values[:, : len(self.years)], dtype=np.float64)
        if self.today is None:
            return {True: across}
        without = across.copy()
        without[:, list(self.twice)] = values[:, len(self.years) :]
        return {True: across, False: without}


@dataclass(frozen=True)
class Branch:
    """A family fitted to its figures, of which any member can be drawn.

    Attributes
    ----------
    family, figures :
        The members, and what is known of each.
    draw :
        From numbers of members to their draws.
    origin :
        Last year that any figure informs.
    above :
        Years of all figures of the areas followed.
    """

    family: Family
    figures: tuple[UnitFigures, ...]
    draw: DrawUnits
    origin: int
    above: tuple[int, ...]


def seed_of(seed: int, *names: str) -> int:
    """Return a seed of its own for each indicator and family, the same on every machine."""
    mixed = np.random.SeedSequence([seed, zlib.crc32("|".join(names).encode())])
    return int(mixed.generate_state(1)[0])
