"""Back-tests as people ask for them: of the plan's own data or of any table, with tables and figures in a folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from toolkit.base.errors import DataError
from toolkit.base.files import write_atomic
from toolkit.base.texts import say, texts
from toolkit.data.dataset import Dataset, load
from toolkit.evaluate.backtest import backtest_plan, origin_days, rolling_origins, score_cuts, summary
from toolkit.evaluate.plots import by_group_figure, position_figure, reliability_figure, reliability_of_events
from toolkit.forecast.any_table import PARENT, panels_of_file
from toolkit.models import get
from toolkit.plan.plan import Plan

__all__ = ["BASELINES", "Backtest", "of_plan", "of_table", "write_backtest"]

BASELINES = ("no_change", "drift")
"""What every back-test is held against."""
FIRST_ORIGIN = 2008
"""The data folder holds too little from before."""
GROUPS = ("points", "horizon", "grade", "panel")


@dataclass(frozen=True)
class Backtest:
    """Scored forecasts from past origins.

    Attributes
    ----------
    rows :
        One row a model and outcome.
    scores :
        One line a model: errors relative to those of "no change", coverage, Brier, base rate, skill, and
        ``crps_ratio``, the CRPS relative to the best of the other models.
    groups :
        The same by number of points, horizon, evidence grade (of a plan's data) and panel.
    reliability :
        Of the first model's event probabilities.
    """

    rows: pd.DataFrame
    scores: pd.DataFrame
    groups: dict[str, pd.DataFrame]
    reliability: pd.DataFrame


def of_plan(
    dataset: Dataset,
    plan: Plan,
    area_codes: Sequence[str],
    models: Sequence[str],
    *,
    first: int = FIRST_ORIGIN,
    indicators: Sequence[str] = (),
    draws: int = 1000,
    seed: int = 138,
    progress: Callable[[str], None] = lambda _: None,
) -> Backtest:
    """Back-test models on the plan's own data, as they were known at the end of each year from `first`.

    Raises
    ------
    DataError
        If no figure became known after an origin that a forecast spoke of.
    """
    found = []
    for model in models:
        progress(model)
        found.append(
            backtest_plan(
                dataset,
                lambda day: load(dataset.folder, as_of=day),
                plan,
                area_codes,
                origin_days(first, dataset.as_of),
                model=model,
                draws=draws,
                seed=seed,
                indicators=indicators,
            ).assign(model=model)
        )
    return _backtest(pd.concat(found, ignore_index=True))


def of_table(
    table: Path, models: Sequence[str], *, fewest: int = 3, progress: Callable[[str], None] = lambda _: None
) -> Backtest:
    """Back-test models on the panels of any long table, from every origin with `fewest` years before it.

    Parameters
    ----------
    table :
        File as :func:`toolkit.forecast.any_table.forecast_table` reads it.
    """
    cuts = []
    for histories in panels_of_file(table):
        names = [name for name in histories.units if name != PARENT]
        parent = histories.panel_of([PARENT]) if names and PARENT in histories.units else None
        panel = histories.panel_of(names or [PARENT])
        if panel.year.size:
            cuts.extend(rolling_origins(histories.name, panel, parent=parent, fewest=fewest))
    found = []
    for model in models if cuts else ():
        progress(model)
        found.append(score_cuts(cuts, get(model)).assign(model=model))
    return _backtest(pd.concat(found, ignore_index=True) if found else pd.DataFrame())


def _backtest(rows: pd.DataFrame) -> Backtest:
    if rows.empty:
        raise DataError(say("run.backtest.nothing"), remedy=say("run.backtest.nothing.remedy"))
    names = rows["model"].drop_duplicates().tolist()
    scores = pd.concat([summary(rows[rows["model"] == name]).assign(model=name) for name in names], ignore_index=True)
    others = [scores.loc[scores["model"] != name, "crps"].min() for name in names]
    scores = scores.assign(crps_ratio=scores["crps"] / others)
    groups = {
        group: pd.concat([summary(rows[rows["model"] == name], [group]).assign(model=name) for name in names])
        for group in GROUPS
        if group in rows.columns
    }
    return Backtest(
        rows,
        _model_first(scores),
        {group: _model_first(table) for group, table in groups.items()},
        reliability_of_events(rows[rows["model"] == names[0]]),
    )


def _model_first(table: pd.DataFrame) -> pd.DataFrame:
    return table[["model", *(name for name in table.columns if name != "model")]].reset_index(drop=True)


def write_backtest(found: Backtest, folder: Path, *, language: str) -> None:
    """Write all tables (CSV) and figures (SVG) of a back-test into a folder."""
    words = texts(language)
    tables = {
        "scores": found.scores,
        **{f"by_{group}": table for group, table in found.groups.items()},
        "reliability": found.reliability,
        "outcomes": found.rows,
    }
    for name, table in tables.items():
        write_atomic(folder / f"{name}.csv", table.round(6).to_csv(index=False, lineterminator="\n"))
    first = found.rows[found.rows["model"] == found.rows["model"].iloc[0]]
    figures = {
        "reliability": reliability_figure(
            first,
            forecast_label=words.t("run.backtest.forecast_probability"),
            observed_label=words.t("run.backtest.observed_frequency"),
        ),
        "positions": position_figure(
            first, position_label=words.t("run.backtest.position"), count_label=words.t("run.backtest.outcomes")
        ),
        **{
            f"by_{group}": by_group_figure(
                found.groups[group],
                group,
                group_label=words.t(f"run.backtest.{group}"),
                error_label=words.t("run.backtest.error"),
                cover_label=words.t("run.backtest.cover"),
            )
            for group in ("points", "horizon")
        },
    }
    for name, figure in figures.items():
        figure.savefig(folder / f"{name}.svg", metadata={"Date": None})
