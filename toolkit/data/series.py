"""Series: the figures of one area, indicator and scope, with conflicts resolved and nothing forgotten."""

from __future__ import annotations

from dataclasses import dataclass, replace

RANK = {"final": 0, "reported": 1, "preliminary": 2}
UNUSED = "unverified"
"""Figures with this qualifier are shown and never used."""


@dataclass(frozen=True)
class Observation:
    """One published figure as a report shows it.

    Attributes
    ----------
    year, value :
        The year it speaks of and the figure, in the indicator's unit.
    status, qualifier, standard, source_id, note :
        As in ``observations.csv``; empty texts where the file has none.
    overruled :
        Other figures for the same cell that a better status or a later date set aside.
    available_from, available_basis :
        Day (ISO) from which it was known, and whether that is ``published`` or follows a ``rule``.
    row :
        Row of the file, as a spreadsheet shows it.
    """

    year: int
    value: float
    status: str
    qualifier: str
    standard: str
    source_id: str
    note: str = ""
    overruled: tuple[Observation, ...] = ()
    available_from: str = ""
    available_basis: str = ""
    row: int = 0


@dataclass(frozen=True)
class PeriodAverage:
    """A published mean over several years; it feeds `average` rules only.

    Attributes
    ----------
    from_year, to_year :
        First and last year, both included.
    value :
        The published mean, in the indicator's unit.
    status, source_id :
        As in ``observations.csv``.
    """

    from_year: int
    to_year: int
    value: float
    status: str
    source_id: str


@dataclass(frozen=True)
class Series:
    """All figures of one area, indicator and scope.

    Attributes
    ----------
    area_code, indicator, scope :
        Whose figures they are.
    observations :
        One a year and standard, by year: of several figures for one cell the better status wins, then
        the later day of publication, then the earlier row; the losers are its ``overruled``.
    period_averages :
        Means over several years.
    unverified :
        Figures that are shown and never used.
    """

    area_code: str
    indicator: str
    scope: str
    observations: tuple[Observation, ...] = ()
    period_averages: tuple[PeriodAverage, ...] = ()
    unverified: tuple[Observation, ...] = ()

    @property
    def overruled(self) -> tuple[Observation, ...]:
        """All figures set aside by another one for the same cell."""
        return tuple(loser for observation in self.observations for loser in observation.overruled)


def resolved(figures: list[Observation]) -> tuple[Observation, ...]:
    """Return one figure a year and standard, each with those it overrules.

    >>> older = Observation(2025, 3.0, "preliminary", "", "mdp_2022", "press")
    >>> newer = Observation(2025, 2.32, "final", "", "mdp_2022", "decision")
    >>> [(figure.value, len(figure.overruled)) for figure in resolved([older, newer])]
    [(2.32, 1)]
    """
    cells: dict[tuple[int, str], list[Observation]] = {}
    for figure in figures:
        cells.setdefault((figure.year, figure.standard), []).append(figure)
    winners = []
    for cell in cells.values():
        newest_first = sorted(cell, key=lambda figure: figure.available_from, reverse=True)
        best, *others = sorted(newest_first, key=lambda figure: RANK.get(figure.status, len(RANK)))
        winners.append(replace(best, overruled=tuple(others)))
    return tuple(sorted(winners, key=lambda figure: figure.year))
