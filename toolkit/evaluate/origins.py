"""Back-tests of a plan's own data: what would have been forecast from what was known then, and what came.

Every origin is a day. Data, as they were known on that day, go through the same engine as a report's; a figure
that was published later settles the forecast.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from toolkit.data.dataset import Dataset
from toolkit.data.observations import Observation
from toolkit.evaluate.backtest import events, scored
from toolkit.evaluate.cuts import HORIZONS
from toolkit.evaluate.objective import LEVELS
from toolkit.forecast.make import Key, Span, make_forecasts
from toolkit.forecast.paths import Path
from toolkit.plan.schema import Plan

__all__ = ["Settled", "backtest_plan", "origin_days", "settled_after"]

SMALLEST_ERROR = 1e-9


@dataclass(frozen=True)
class Settled:
    """One figure that became known after an origin."""

    area_code: str
    key: Key
    figure: Observation


def origin_days(first: int, today: date) -> list[date]:
    """Return the last day of every year from `first` on that lies before `today`.

    >>> [day.isoformat() for day in origin_days(2024, date(2026, 11, 23))]
    ['2024-12-31', '2025-12-31']
    """
    return [date(year, 12, 31) for year in range(first, today.year)]


def settled_after(newer: Dataset, area_codes: Sequence[str], day: date) -> list[Settled]:
    """Return the exact, final figures of some areas that became known after a day."""
    wanted = set(area_codes)
    return [
        Settled(area, (indicator, scope), figure)
        for area, indicator, scope in sorted(newer.with_data())
        if area in wanted
        for figure in newer.series(area, indicator, scope).observations
        if figure.status == "final" and not figure.qualifier and figure.available_from > day.isoformat()
    ]


def backtest_plan(
    newer: Dataset,
    then: Callable[[date], Dataset],
    plan: Plan,
    area_codes: Sequence[str],
    days: Sequence[date],
    *,
    model: str = "default",
    draws: int = 1000,
    seed: int = 138,
    indicators: Sequence[str] = (),
) -> pd.DataFrame:
    """Forecast from every origin with what was known then, and score what has come since.

    Parameters
    ----------
    newer :
        Data that settle the forecasts.
    then :
        Returns the data as they were known on a day.
    plan, area_codes :
        Whose indicators, and of which areas. The province is always among them.
    days :
        Origins.
    model, draws, seed :
        As in :func:`toolkit.forecast.make.make_forecasts`.
    indicators :
        Only these; all that have outcomes by default.

    Returns
    -------
    Rows as :func:`toolkit.evaluate.backtest.score_cuts` gives them, and ``standard, grade, known_on, dated_by_rule``
    (whether the day on which the outcome became known follows a rule, because only a later publication is held).
    A series counts as one panel over all origins; horizons count from the last figure that informs a forecast.
    """
    codes = sorted({plan.province_code, *area_codes})
    rows: list[dict[str, object]] = []
    for day in days:
        came = [
            item
            for item in settled_after(newer, codes, day)
            if item.figure.year <= day.year + HORIZONS and (not indicators or item.key[0] in indicators)
        ]
        needs = _needs(came, day)
        if needs:
            past = then(day)
            made = make_forecasts(past, plan, area_codes, draws=draws, seed=seed, model=model, only=needs)
            rows.extend(_rows(came, made.path, day))
    return _finished(pd.DataFrame(rows))


def _needs(came: Sequence[Settled], day: date) -> dict[Key, Span]:
    needs: dict[Key, Span] = {}
    for item in came:
        span = Span(min(day.year, item.figure.year), item.figure.year, item.figure.year)
        needs[item.key] = needs.get(item.key, span) | span
    return needs


def _rows(
    came: Sequence[Settled], path_of: Callable[[str, str, str], Path | None], day: date
) -> Iterator[dict[str, object]]:
    for item in came:
        path = path_of(item.area_code, *item.key)
        if path is None or path.proxy is not None or not _foresees(path, item.figure):
            continue
        yield _row(item, path, day)


def _foresees(path: Path, figure: Observation) -> bool:
    """Say whether the path spoke of that year, still ahead for it, on the standard that it was measured on."""
    inside = int(path.years[0]) <= figure.year <= int(path.years[-1])
    return (
        inside
        and path.evidence.last_year < figure.year
        and path.standards[path.position(figure.year)] == figure.standard
    )


def _row(item: Settled, path: Path, day: date) -> dict[str, object]:
    figure, evidence = item.figure, path.evidence
    q = np.sort(path.quantiles(tuple(LEVELS.tolist()))[path.position(figure.year)])[None, :]
    own = [known for known in evidence.observations if known.standard == figure.standard] or list(evidence.observations)
    last_year = own[-1].year if own else evidence.last_year
    last = own[-1].value if own else float(np.median(path.at(max(last_year, int(path.years[0])))))
    pace = (own[-1].value - own[0].value) / (own[-1].year - own[0].year) if len({one.year for one in own}) > 1 else 0.0
    truth = np.array([figure.value])
    measured: Mapping[str, np.ndarray] = {
        **scored(q, LEVELS, truth),
        **events(q, LEVELS, truth, np.array([last]), np.array([pace * (figure.year - last_year)])),
    }
    return {
        "panel": "/".join(item.key),
        "family": item.key[0],
        "modelled": False,
        "length": evidence.own_points,
        "origin": day.year,
        "unit": item.area_code,
        "horizon": figure.year - evidence.last_year,
        "points": evidence.own_points,
        "naive": abs(figure.value - last),
        **{name: value[0] for name, value in measured.items()},
        "standard": figure.standard,
        "grade": evidence.basis,
        "known_on": figure.available_from,
        "dated_by_rule": figure.available_basis == "rule",
    }


def _finished(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with panels numbered and the errors of "no change" as units."""
    if table.empty:
        return table
    table["cut"] = table.groupby("panel").ngroup()
    table["unit_of_error"] = table.groupby(["cut", "horizon"])["naive"].transform("mean").clip(lower=SMALLEST_ERROR)
    return table
