"""A new standard inside a scenario: the level jumps, in every area by the same score of the same prior."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from toolkit.base.errors import UsageError
from toolkit.base.texts import say
from toolkit.forecast.paths import Break, FloatArray, Path, scale_of
from toolkit.forecast.store import Forecasts, round_as_stored
from toolkit.models.panel import Jump
from toolkit.scenario.moves import with_stand_ins
from toolkit.scenario.setting import Setting, open_years
from toolkit.scenario.steps import NewStandard


def with_new_standard(forecasts: Forecasts, step: NewStandard, setting: Setting) -> Forecasts:
    """Return forecasts across another change of standard than the declared one.

    The draws of today's standard are kept as they are; those across breaks are made from them. Draw s has one
    score for all areas, as a change of standard is one event.

    Raises
    ------
    UsageError
        If no area has a forecast of the indicator in that year or later.
    """
    codes = set(setting.codes(step.areas, forecasts))
    jump = Jump(step.year, 0, 1, step.mean, step.sd, step.skew)
    scores = np.random.Generator(np.random.PCG64([forecasts.seed, step.year])).standard_normal(forecasts.draw_count)
    paths = dict(forecasts.paths)
    scopes: set[str] = set()
    for (code, name, scope, across), path in forecasts.paths.items():
        if name != step.indicator or not across or code not in codes or path.proxy is not None:
            continue
        today = forecasts.path(code, name, scope, across_breaks=False) or path
        jumped = _jumped(today, jump.at(scores), step, setting)
        if jumped is not None:
            paths[code, name, scope, True], paths[code, name, scope, False] = jumped, today
            scopes.add(scope)
    if not scopes:
        setting.dataset.indicators.get(step.indicator)
        message = say("scenario.nobody", indicator=step.indicator, scope="*")
        raise UsageError(message, say("scenario.no_path.remedy"))
    touched = {(step.indicator, scope) for scope in scopes}
    return replace(forecasts, paths=with_stand_ins(_both_kept(paths), forecasts.paths, touched, setting))


def _both_kept(paths: dict[tuple[str, str, str, bool], Path]) -> dict[tuple[str, str, str, bool], Path]:
    """Return paths in which what is seen through a stand-in stands for both readings, so that both are made anew."""
    for (code, name, scope, across), path in list(paths.items()):
        if across and path.proxy is not None:
            paths.setdefault((code, name, scope, False), path)
    return paths


def _jumped(path: Path, jump: FloatArray, step: NewStandard, setting: Setting) -> Path | None:
    later = open_years(path, step.year)
    if not later.any():
        return None
    scale = scale_of(setting.dataset.indicators.get(path.indicator))
    drawn = np.where(later, scale.from_link(scale.to_link(path.draws) + jump[:, None]), path.draws)
    first = int(path.years[int(np.argmax(later))])
    standards = tuple(
        step.standard if year >= first else standard for year, standard in zip(path.years, path.standards, strict=True)
    )
    before = path.standards[max(path.position(first) - 1, 0)]
    kept = tuple(change for change in path.breaks if change.year < first)
    change = Break(first, before, step.standard, measured=False)
    return replace(path, draws=round_as_stored(drawn), standards=standards, breaks=(*kept, change))
