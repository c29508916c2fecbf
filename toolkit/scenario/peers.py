"""Paces that other areas kept, on the link scale, from about the same level."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from toolkit.base.errors import UsageError
from toolkit.base.texts import say
from toolkit.forecast.panels import scale_of
from toolkit.forecast.paths import Path
from toolkit.scenario.setting import Setting
from toolkit.scenario.steps import Which

LONGEST_STEP = 5
"""Years between two figures that still tell a pace."""
SAME_LEVEL = 1.0
"""Distance on the link scale within which an area stood about where this one stands."""
FEWEST, ENOUGH = 3, 5
"""Below the first there is no peers' pace; below the second the nearest levels count too."""


@dataclass(frozen=True)
class PeerStep:
    """A step between two figures of another area on one standard; `pace` is a year's, on the link scale."""

    area_code: str
    from_year: int
    start: float
    pace: float


def peer_steps(setting: Setting, path: Path) -> tuple[PeerStep, ...]:
    """Return the steps of other areas that began at about the level of `path`'s newest year.

    Areas of every level count, each standard by itself. Levels are compared on the link scale, within
    :data:`SAME_LEVEL`; where fewer than :data:`ENOUGH` are found, the nearest ones are taken.
    """
    scale = scale_of(setting.dataset.indicators.get(path.indicator))
    found: list[PeerStep] = []
    for code, name, scope in sorted(setting.dataset.with_data()):
        if (name, scope) != (path.indicator, path.scope) or code == path.area_code:
            continue
        figures = setting.dataset.series(code, name, scope).observations
        for standard in sorted({figure.standard for figure in figures}):
            for before, after in pairwise([figure for figure in figures if figure.standard == standard]):
                years = after.year - before.year
                if 0 < years <= LONGEST_STEP:
                    start, end = (float(scale.to_link(figure.value)) for figure in (before, after))
                    found.append(PeerStep(code, before.year, start, (end - start) / years))
    last = min(max(path.evidence.last_year, int(path.years[0])), int(path.years[-1]))
    level = float(scale.to_link(np.median(path.at(last))))
    found.sort(key=lambda step: (abs(step.start - level), step.area_code, step.from_year))
    near = sum(abs(step.start - level) <= SAME_LEVEL for step in found)
    return tuple(found[: max(near, ENOUGH)])


def peers_pace(setting: Setting, path: Path, which: Which) -> float:
    """Return a yearly pace of peers on the link scale.

    Raises
    ------
    UsageError
        If fewer than :data:`FEWEST` steps of peers are known, or the indicator has no better direction.
    """
    indicator = setting.dataset.indicators.get(path.indicator)
    steps = peer_steps(setting, path)
    if len(steps) < FEWEST or indicator.direction == "none":
        message = say("scenario.few_peers", indicator=path.indicator, area=path.area_code, count=len(steps))
        raise UsageError(message, say("scenario.few_peers.remedy", fewest=FEWEST))
    sign = 1.0 if indicator.direction == "up" else -1.0
    level = {"best": 1.0, "top_third": 2.0 / 3.0, "median": 0.5}[which]
    return sign * float(np.quantile([sign * step.pace for step in steps], level))
