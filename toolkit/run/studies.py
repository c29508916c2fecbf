"""Back-tests and comparisons of scenarios, each into a folder. Apart because they are no part of a run of reports.

A back-test scores forecasts from past origins, of the plan's own data or of any table. A scenario file is run on one
set of forecasts: every scenario on the same draws, with one page an area.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from toolkit.attainment.assess import assess_all
from toolkit.attainment.attainment import PLACES
from toolkit.attainment.whatif import Joint, effects, effects_table, judge_together
from toolkit.base.errors import DataError, UsageError
from toolkit.base.files import write_atomic
from toolkit.base.texts import say, texts
from toolkit.data.areas import Area
from toolkit.data.dataset import Dataset, load
from toolkit.evaluate.backtest import (
    backtest_plan,
    by_group_figure,
    origin_days,
    position_figure,
    reliability_figure,
    reliability_of_events,
    rolling_origins,
    score_cuts,
    summary,
)
from toolkit.forecast.any_table import PARENT, panels_of_file
from toolkit.forecast.make import make_forecasts
from toolkit.models import get
from toolkit.plan.plan import Plan
from toolkit.reports.blocks import Document, FanChart, FanCharts
from toolkit.reports.context import Context, SourceBook
from toolkit.reports.html import document_html
from toolkit.reports.index import table_csv
from toolkit.reports.scenario_page import Compared, comparison_document
from toolkit.reports.svg import fan_chart_svg, standing_alone
from toolkit.reports.wording import words
from toolkit.run.manifest import facts_of
from toolkit.run.session import Run
from toolkit.scenario.exchange import hubverse_table, iamc_table
from toolkit.scenario.scenario import Scenario, ScenarioFile, scenarios_of

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


def of_table(table: Path, models: Sequence[str], *, progress: Callable[[str], None] = lambda _: None) -> Backtest:
    """Back-test models on the panels of any long table, from every origin with three years before it.

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
            cuts.extend(rolling_origins(histories.name, panel, parent=parent))
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
        write_atomic(folder / f"{name}.csv", table_csv(table.round(6)))
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


def scenario_run(run: Run, wanted: ScenarioFile, folder: Path, *, language: str) -> ScenarioRun:
    """Run all scenarios of a file for all its areas and write tables and pages.

    Parameters
    ----------
    run :
        Data, plan and forecasts; areas of the file that it lacks are forecast with its seed.
    wanted :
        What to run and to ask.
    folder :
        Gets ``comparison.csv``, ``joint.csv``, ``iamc.csv``, ``hubverse.csv``, ``AREA.html`` and, in ``figures``, its
        charts as SVG.
    language :
        Of the pages.
    """
    dataset, plan = run.dataset, run.plan
    areas = [dataset.areas.find(name, on=dataset.as_of) for name in wanted.areas]
    for name in wanted.targets or ():
        plan.target(name)
    run = _covering(run, areas)
    made = scenarios_of(wanted, run.forecasts, dataset, plan)
    titles = {one.id: one.title.vi if language == "vi" else one.title.en for one in wanted.scenarios}
    pages, tables, lines = [], [], []
    for area in areas:
        page = _AreaPage(run, area, wanted, language)
        compared = [page.compared(made[name], titles[name]) for name in titles]
        usual = page.context(run)
        usual_joint = page.joint(run)
        tables += [effects_table(one.effects, one.id) for one in compared]
        lines += [
            _joint_line("business_as_usual", usual_joint, wanted),
            *(_joint_line(one.id, one.joint, wanted) for one in compared),
        ]
        title = wanted.title.vi if language == "vi" else wanted.title.en
        document = comparison_document(title, usual, usual_joint, compared, at_least=wanted.at_least)
        pages.append(write_atomic(folder / f"{area.code}.html", document_html(document)))
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


def _covering(run: Run, areas: list[Area]) -> Run:
    """Return a run whose forecasts cover all areas."""
    lacking = [area.code for area in areas if area.code not in run.forecasts.areas()]
    if not lacking:
        return run
    made = run.forecasts
    forecasts = make_forecasts(run.dataset, run.plan, lacking, draws=made.draw_count, seed=made.seed)
    return replace(run, forecasts=forecasts)


@dataclass(frozen=True)
class _AreaPage:
    run: Run
    area: Area
    wanted: ScenarioFile
    language: str

    def context(self, run: Run) -> Context:
        dataset, plan = run.dataset, run.plan
        answers = assess_all(plan, [self.area], dataset, run.forecasts)
        facts = facts_of(dataset, run.forecasts)
        book = SourceBook(dataset.sources)
        return Context(self.area, answers, run.forecasts, dataset, plan, facts, words(self.language), book)

    def joint(self, run: Run) -> Joint | None:
        try:
            return judge_together(run.plan, self.area, run.dataset, run.forecasts, self.wanted.targets)
        except UsageError:
            return None  # nothing can be judged in this area: the page says so target by target

    def compared(self, scenario: Scenario, title: str) -> Compared:
        changed = replace(self.run, forecasts=scenario.forecasts)
        plan, dataset = self.run.plan, self.run.dataset
        found = effects(plan, [self.area], dataset, self.run.forecasts, changed.forecasts, self.wanted.targets)
        return Compared(scenario.name, title, scenario.steps, self.context(changed), found, self.joint(changed))


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
