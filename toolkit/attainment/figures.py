"""The newest published figure behind an answer, what it set aside, and what was shown but not used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from toolkit.attainment.question import Question, indicator_of
from toolkit.attainment.result import Note
from toolkit.data.series import Observation
from toolkit.forecast.paths import Path


@dataclass(frozen=True)
class Figures:
    """Published figures of one question.

    Attributes
    ----------
    indicator, scope, unit :
        What they measure: the target's own indicator, or its stand-in.
    observations :
        Usable figures of the area itself, by year.
    last :
        The newest of them on the standard that is judged; None if there is none.
    """

    indicator: str
    scope: str
    unit: str
    observations: tuple[Observation, ...]
    last: Observation | None

    @property
    def overruled(self) -> tuple[Observation, ...]:
        """Figures that those used set aside."""
        return tuple(other for figure in self.observations for other in figure.overruled)


def figures_of(question: Question) -> Figures:
    """Return the published figures that an answer rests on, or would rest on."""
    path, target = question.path, question.target
    if path is None:
        series = question.dataset.series(question.area.code, target.indicator, target.scope)
        observations = tuple(series.observations)
        return Figures(target.indicator, target.scope, question.indicator.unit, observations, newest(observations))
    measured = path.indicator if path.proxy is None else path.proxy.indicator
    return Figures(
        indicator=measured,
        scope=path.scope if path.proxy is None else path.proxy.scope,
        unit=indicator_of(question.dataset, measured).unit,
        observations=path.evidence.observations,
        last=newest(path.evidence.observations, path),
    )


def newest(observations: Sequence[Observation], path: Path | None = None) -> Observation | None:
    """Return the figure of the latest year; of two in one year that on the standard of the path."""

    def on_path(figure: Observation) -> bool:
        if path is None or not int(path.years[0]) <= figure.year <= int(path.years[-1]):
            return False
        return path.standards[path.position(figure.year)] == figure.standard

    return max(observations, key=lambda figure: (figure.year, on_path(figure)), default=None)


def figure_notes(question: Question, figures: Figures) -> tuple[Note, ...]:
    """Return notes on figures: overruled, unverified, inexact, provisional, or of another kind than is judged."""
    notes = list(_last_notes(figures))
    for figure in figures.observations:
        for other in figure.overruled:
            fields = {"year": other.year, "value": other.value, "unit": figures.unit, "source": other.source_id}
            notes.append(Note("attainment.note.overruled", fields | {"used": figure.value}))
    for indicator, scope in dict.fromkeys(
        [(figures.indicator, figures.scope), (question.target.indicator, question.target.scope)]
    ):
        unit = indicator_of(question.dataset, indicator).unit
        for figure in question.dataset.series(question.area.code, indicator, scope).unverified:
            fields = {"year": figure.year, "value": figure.value, "unit": unit, "source": figure.source_id}
            notes.append(Note("attainment.note.unverified", fields))
    return (*notes, *_unused_notes(question, figures))


def _last_notes(figures: Figures) -> tuple[Note, ...]:
    last = figures.last
    if last is None:
        return ()
    notes = []
    if last.status != "final":
        notes.append(Note("attainment.note.not_final", {"year": last.year, "status": last.status}))
    if last.qualifier:
        notes.append(Note("attainment.note.qualified", {"year": last.year, "qualifier": last.qualifier}))
    return tuple(notes)


def _unused_notes(question: Question, figures: Figures) -> tuple[Note, ...]:
    """Return what is held of the indicator but cannot be used: on another standard, or of another scope."""
    target, code = question.target, question.area.code
    notes = []
    if question.path is None and figures.last is not None:
        fields = {"year": figures.last.year, "value": figures.last.value, "unit": figures.unit}
        fields |= {"standard": figures.last.standard, "source": figures.last.source_id}
        notes.append(Note("attainment.note.not_comparable", fields))
    if question.path is None:
        for area, indicator, scope in sorted(question.dataset.with_data()):
            if area == code and indicator == target.indicator and scope != target.scope:
                notes.append(Note("attainment.note.other_scope", {"indicator": indicator, "scope": scope}))
    return tuple(notes)
