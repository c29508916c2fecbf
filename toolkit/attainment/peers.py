"""How rare a pace is: spells of like length in the past of other areas."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from toolkit.data.dataset import Dataset
from toolkit.data.series import Observation
from toolkit.plan.pace import PaceKind, pace, pace_kind
from toolkit.plan.targets import Operator

SLACK = 1e-9


@dataclass(frozen=True)
class PeersPace:
    """How often others kept a pace.

    Attributes
    ----------
    share :
        Share of the spells that kept the pace or better; None without spells.
    count :
        Number of spells.
    """

    share: float | None
    count: int


def peers_pace(
    dataset: Dataset,
    indicator: str,
    scope: str,
    area_code: str,
    required: float,
    kind: PaceKind,
    op: Operator,
    span: int,
) -> PeersPace:
    """Return how many past spells of other areas kept a pace or better.

    Parameters
    ----------
    dataset :
        Areas of every level and standards of every time count, each standard by itself.
    indicator, scope, area_code :
        What is measured, and the area that is asked about (its own past is not a peer).
    required, kind :
        The pace, in units or per cent a year.
    op :
        ``<`` and ``<=``: as fast a fall is better; else as fast a rise.
    span :
        Years over which the pace has to be kept.
    """
    paces = [
        kept
        for code, name, group in sorted(dataset.with_data())
        if name == indicator and group == scope and code != area_code
        for kept in past_paces(dataset.series(code, indicator, scope).observations, span, kind)
    ]
    if not paces:
        return PeersPace(None, 0)
    better = [kept <= required + SLACK if op in ("<", "<=") else kept >= required - SLACK for kept in paces]
    return PeersPace(sum(better) / len(better), len(better))


def peers_mean(
    dataset: Dataset, indicator: str, scope: str, area_code: str, required: float, op: Operator, span: int
) -> PeersPace:
    """Return how many past spells of `span` years of other areas had a mean that good; for yearly flows.

    Parameters
    ----------
    required, op :
        The mean of the yearly values, and whether less or more is wanted.
    """
    means: list[float] = []
    for code, name, group in sorted(dataset.with_data()):
        if (name, group) != (indicator, scope) or code == area_code:
            continue
        values = {figure.year: figure.value for figure in dataset.series(code, name, group).observations}
        spells = [[values.get(year + step) for step in range(span)] for year in values]
        means += [
            sum(known) / span for spell in spells if len(known := [one for one in spell if one is not None]) == span
        ]
    if not means:
        return PeersPace(None, 0)
    better = [mean <= required + SLACK if op in ("<", "<=") else mean >= required - SLACK for mean in means]
    return PeersPace(sum(better) / len(better), len(better))


def past_paces(observations: Sequence[Observation], span: int, kind: PaceKind) -> Iterator[float]:
    """Yield the paces of a series' spells of about `span` years, one from each starting year.

    From every figure to the later figure on the same standard whose distance is nearest to `span`, if that is
    between half and twice of it.
    """
    by_standard: dict[str, list[Observation]] = defaultdict(list)
    for figure in observations:
        by_standard[figure.standard].append(figure)
    for figures in by_standard.values():
        for start in figures:
            later = [figure for figure in figures if span <= 2 * (figure.year - start.year) <= 4 * span]
            end = min(later, key=lambda figure: abs(figure.year - start.year - span), default=None)
            if end is None or (kind == "percent" and pace_kind("log", start.value, end.value) != "percent"):
                continue
            yield pace(start.value, end.value, end.year - start.year, kind)
