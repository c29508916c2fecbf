"""Back-tests and comparisons of scenarios, each into a folder. Apart because they are no part of a run of reports.

A back-test scores forecasts from past origins, of the plan's own data or of any table. A scenario file is run on one
set of forecasts: every scenario on the same draws, with one page an area.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from toolkit.attainment.attainment import PLACES
from toolkit.attainment.whatif import Joint, effects, effects_table, judge_together
from toolkit.base.errors import DataError, UsageError
from toolkit.base.files import write_atomic
from toolkit.base.texts import Language, interface_language, say, several, texts
from toolkit.data.areas import Area
from toolkit.data.dataset import Dataset
from toolkit.evaluate.backtest import (
    Cut,
    backtest_plan,
    draw_scores,
    origin_days,
    reliability_of_events,
    rolling_origins,
    score_cuts,
    summary,
)
from toolkit.forecast.any_table import PARENT, Histories, panels_of
from toolkit.models import Model, get
from toolkit.models.panel import Forecaster
from toolkit.plan.plan import Plan
from toolkit.reports.blocks import Document, FanChart, FanCharts
from toolkit.reports.formats import document_html, papers_of, write_papers
from toolkit.reports.index import table_csv
from toolkit.reports.scenario_page import Compared, comparison_document
from toolkit.reports.svg import fan_chart_svg, standing_alone
from toolkit.run.session import Run, opened
from toolkit.scenario.exchange import hubverse_table, iamc_table
from toolkit.scenario.scenario import ScenarioFile, scenarios_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MODELS: tuple[Model, ...] = ("default", "no_change", "drift")
"""The model in use, and what every back-test is held against."""
FIRST_ORIGIN = 2008
"""The data folder holds too little from before."""
GROUPS = ("points", "horizon", "grade", "panel")


@dataclass(frozen=True, repr=False)
class Backtest:
    """Scored forecasts from past origins.

    Attributes
    ----------
    rows :
        One row a model and outcome: the outcome, the quantiles and the thresholds of the events that were forecast,
        and their scores, see :func:`toolkit.evaluate.backtest.scored`.
    scores :
        One line a model: errors (``wis``, the weighted interval score of 23 quantiles, and that of the median) relative
        to the error of "no change", coverage, Brier, base rate, skill, and ``wis_ratio``, relative to the best of the
        other models.
    groups :
        The same by number of points, horizon, evidence grade (of a plan's data) and panel.
    reliability :
        Of the first model's event probabilities.
    """

    rows: pd.DataFrame
    scores: pd.DataFrame
    groups: dict[str, pd.DataFrame]
    reliability: pd.DataFrame

    def __repr__(self) -> str:
        """Return how many outcomes and which models, in one line."""
        return f"<Backtest: {len(self.rows)} rows, models {', '.join(self.scores['model'])}>"

    def _repr_html_(self) -> str:
        shown = self.scores[["model", "wis", "covers_80", "brier", "base_rate", "outcomes"]]
        return str(shown.to_html(index=False, float_format=lambda value: f"{value:.3f}"))

    def draw(self, figure: Figure, language: str = "") -> None:
        """Draw how honest the first model was, and every model by points and horizon, into an empty figure."""
        first = self.rows[self.rows["model"] == self.scores["model"].iloc[0]]
        draw_scores(figure, first, self.groups, texts(language or interface_language()).t)


def backtest(
    models: Model | Sequence[Model] = MODELS,
    *,
    table: Histories | None = None,
    data: Dataset | Path | str | None = None,
    plan: Plan | str | None = None,
    areas: str | int | Sequence[str | int] = (),
    indicators: str | Sequence[str] = (),
    first: int = FIRST_ORIGIN,
    draws: int = 1000,
    seed: int = 138,
    progress: Callable[[str], None] = lambda _: None,
) -> Backtest:
    """Forecast from past origins with what was known then, and score what came since.

    Parameters
    ----------
    models :
        Names, or models of one's own with ``fit`` and ``predict``; one or several.
    table :
        Any long table of short series, as :func:`toolkit.forecast.any_table.forecast_table` reads it: every origin
        with three years before it. Without one the plan's own data, as known at the end of each year from `first`.
    data, plan, areas :
        As in :func:`toolkit.run.session.compute_run`.
    indicators :
        Only these; all that have outcomes by default.
    draws, seed :
        As in :func:`toolkit.forecast.make.make_forecasts`.
    progress :
        Told the name of each model before it is scored.

    Raises
    ------
    DataError
        If no figure came after an origin.
    UsageError
        For an unknown model, area or indicator.

    Examples
    --------
    >>> found = backtest("drift", data=data, areas=["20"], indicators=["poverty_rate"], first=2023)
    >>> {"outcome", "q0.5", "threshold_1", "wis"} <= set(found.rows.columns)
    True
    """
    chosen: dict[str, Forecaster] = {}
    for model in several(models):
        made = get(model)
        chosen[made.name if made.name not in chosen else f"{made.name} {len(chosen) + 1}"] = made
    if table is not None:
        score = _scorer_of_table(table)
    else:
        dataset, loaded, wanted = opened(data, plan, areas)
        named = [dataset.indicators.get(name).id for name in several(indicators)]
        days, codes = origin_days(first, dataset.as_of), [area.code for area in wanted]
        score = partial(backtest_plan, dataset, loaded, codes, days, draws=draws, seed=seed, indicators=named)
    found = []
    for name, model in chosen.items():
        progress(name)
        found.append(score(model).assign(model=name))
    rows = pd.concat(found, ignore_index=True)
    if rows.empty:
        raise DataError(say("run.backtest.nothing"), remedy=say("run.backtest.nothing.remedy"))
    scores = _by_model(rows)
    others = [scores.loc[scores["model"] != name, "wis"].min() for name in chosen]
    groups = {group: _by_model(rows, [group]) for group in GROUPS if group in rows.columns}
    reliability = reliability_of_events(rows[rows["model"] == next(iter(chosen))])
    return Backtest(rows, scores.assign(wis_ratio=scores["wis"] / others), groups, reliability)


def _scorer_of_table(table: Histories) -> Callable[[Forecaster], pd.DataFrame]:
    cuts: list[Cut] = []
    for histories in panels_of(table):
        names = [name for name in histories.units if name != PARENT]
        parent = histories.panel_of([PARENT]) if names and PARENT in histories.units else None
        panel = histories.panel_of(names or [PARENT])
        if panel.year.size:
            cuts.extend(rolling_origins(histories.name, panel, parent=parent))
    return lambda model: score_cuts(cuts, model) if cuts else pd.DataFrame()


def _by_model(rows: pd.DataFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    found = [summary(part, by).assign(model=name) for name, part in rows.groupby("model", sort=False)]
    table = pd.concat(found, ignore_index=True)
    return table[["model", *(name for name in table.columns if name != "model")]]


def write_backtest(found: Backtest, folder: Path, *, language: str) -> None:
    """Write all tables of a back-test (CSV) and its figure (``scores.svg``) into a folder."""
    from matplotlib.figure import Figure

    by = {f"by_{group}": table for group, table in found.groups.items()}
    tables = {"scores": found.scores, **by, "reliability": found.reliability, "outcomes": found.rows}
    for name, table in tables.items():
        write_atomic(folder / f"{name}.csv", table_csv(table.round(6)))
    figure = Figure(figsize=(12.0, 7.0), layout="constrained")
    found.draw(figure, language)
    figure.savefig(folder / "scores.svg", metadata={"Date": None})


@dataclass(frozen=True)
class ScenarioRun:
    """What a scenario file gave.

    Attributes
    ----------
    folder, pages :
        Where it stands, and the page of each area.
    comparison, joint :
        One row a scenario, area and target; one row a scenario and area.
    """

    folder: Path
    pages: tuple[Path, ...]
    comparison: pd.DataFrame
    joint: pd.DataFrame


def scenario_run(
    run: Run, wanted: ScenarioFile, folder: Path, *, language: Language, formats: Sequence[str] = ()
) -> ScenarioRun:
    """Run all scenarios of a file for all its areas and write tables and pages.

    Parameters
    ----------
    run :
        Data, plan and forecasts of all areas of the file.
    wanted :
        What to run and to ask.
    folder :
        Gets ``comparison.csv``, ``joint.csv``, ``iamc.csv``, ``hubverse.csv``, ``AREA.html`` and, in ``figures``, its
        charts as SVG.
    language :
        Of the pages.
    formats :
        Papers beside each page: ``docx`` (an annex for a letter), ``pdf``.
    """
    dataset, plan = run.dataset, run.plan
    areas = run.chosen(wanted.areas)
    for name in wanted.targets or ():
        plan.target(name)
    made = scenarios_of(wanted, run.forecasts, dataset, plan)
    titles = {one.id: one.title[language] for one in wanted.scenarios}
    pages, tables, lines = [], [], []
    for area in areas:
        compared, usual_joint = [], _joint(run, area, wanted)
        lines.append(_joint_line("business_as_usual", usual_joint, wanted))
        for name, said in titles.items():
            changed = replace(run, forecasts=made[name].forecasts)
            found = effects(plan, [area], dataset, run.forecasts, changed.forecasts, wanted.targets)
            context, joint = changed.context(area.code, language), _joint(changed, area, wanted)
            compared.append(Compared(name, said, made[name].steps, context, found, joint))
            tables.append(effects_table(found, name))
            lines.append(_joint_line(name, joint, wanted))
        usual = run.context(area.code, language)
        title = wanted.title[language]
        document = comparison_document(title, usual, usual_joint, compared, at_least=wanted.at_least)
        pages.append(write_atomic(folder / f"{area.code}.html", document_html(document)))
        write_papers(document, ",".join(map(str, papers_of(pages[-1], formats))))
        for chart in _charts(document):
            write_atomic(folder / "figures" / f"{chart.key}.svg", standing_alone(fan_chart_svg(chart)))
    comparison = pd.concat(tables, ignore_index=True)
    together = pd.DataFrame([line for line in lines if line]).round(PLACES)
    codes = [area.code for area in areas]
    forecasts = {name: scenario.forecasts for name, scenario in made.items()}
    written = {
        "comparison": comparison,
        "joint": together,
        "iamc": iamc_table(forecasts, dataset, codes),
        "hubverse": pd.concat(
            [hubverse_table(one, codes).assign(scenario=name) for name, one in forecasts.items()], ignore_index=True
        ),
    }
    for name, table in written.items():
        write_atomic(folder / f"{name}.csv", table_csv(table))
    return ScenarioRun(folder, tuple(pages), comparison, together)


def _charts(document: Document) -> list[FanChart]:
    blocks = [block for section in document.sections for block in section.blocks]
    return [chart for block in blocks if isinstance(block, FanCharts) for chart in block.charts]


def _joint(run: Run, area: Area, wanted: ScenarioFile) -> Joint | None:
    try:
        return judge_together(run.plan, area, run.dataset, run.forecasts, wanted.targets)
    except UsageError:
        return None  # nothing can be judged in this area: the page says so target by target


def _joint_line(name: str, found: Joint | None, wanted: ScenarioFile) -> dict[str, object]:
    if found is None:
        return {}
    failing = found.first_to_fail()
    counts = {f"at_least_{count}": found.at_least(count) for count in wanted.at_least if count <= len(failing)}
    return {
        "scenario": name,
        "area_code": found.area_code,
        "targets": " ".join(found.target_ids),
        "left_out": " ".join(found.left_out),
        "bound": found.bound,
        "all_met": found.all_met,
        "all_met_error": found.error(found.all_met),
        "expected_met": found.expected,
        "first_to_fail": max(failing, key=lambda one: failing[one]),
        "first_to_fail_probability": max(failing.values()),
        **counts,
    }
