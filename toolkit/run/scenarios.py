"""Runs a scenario file: forecasts once, every scenario on the same draws, tables and one page an area."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from toolkit.attainment.assess import assess_all
from toolkit.attainment.attainment import PLACES
from toolkit.attainment.whatif import Joint, effects, effects_table, joint
from toolkit.base.errors import UsageError
from toolkit.base.files import write_atomic
from toolkit.data.areas import Area
from toolkit.forecast.make import make_forecasts
from toolkit.reports.blocks import Document, FanChart, FanCharts
from toolkit.reports.context import Context, SourceBook
from toolkit.reports.html import document_html
from toolkit.reports.scenario_page import Compared, comparison_document
from toolkit.reports.svg import fan_chart_svg, standing_alone
from toolkit.reports.wording import words
from toolkit.run.manifest import facts_of
from toolkit.run.session import Run
from toolkit.scenario.exchange import hubverse_table, iamc_table
from toolkit.scenario.scenario import Scenario, ScenarioFile, scenarios_of


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
        lines += [_joint_line("business_as_usual", usual_joint, wanted), *_joint_lines(compared, wanted)]
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
        write_atomic(folder / f"{name}.csv", table.to_csv(index=False, lineterminator="\n"))
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
            return joint(run.plan, self.area, run.dataset, run.forecasts, self.wanted.targets)
        except UsageError:
            return None  # nothing can be judged in this area: the page says so target by target

    def compared(self, scenario: Scenario, title: str) -> Compared:
        changed = replace(self.run, forecasts=scenario.forecasts)
        plan, dataset = self.run.plan, self.run.dataset
        found = effects(
            plan, [self.area], dataset, self.run.forecasts, changed.forecasts, self.wanted.targets
        )  # fmt: skip
        return Compared(scenario.name, title, scenario.steps, self.context(changed), found, self.joint(changed))


def _joint_lines(compared: list[Compared], wanted: ScenarioFile) -> list[dict[str, object]]:
    return [_joint_line(one.id, one.joint, wanted) for one in compared]


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
