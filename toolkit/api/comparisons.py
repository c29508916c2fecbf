"""Comparisons with business as usual: one target, several at once, sliders. Apart because scenarios come in here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any

from toolkit.api.answers import Shown, context_of, footnotes
from toolkit.attainment import whatif
from toolkit.attainment.assess import assess
from toolkit.attainment.attainment import Attainment
from toolkit.attainment.whatif import Effect, Joint
from toolkit.base.errors import UsageError, need_extra
from toolkit.base.texts import interface_language, say, texts
from toolkit.data.areas import Area
from toolkit.forecast.paths import Path
from toolkit.forecast.store import Forecasts
from toolkit.plan.plan import Target
from toolkit.reports.blocks import FanChart, Line
from toolkit.reports.context import Context, SourceBook
from toolkit.reports.svg import fan_chart_svg, standing_alone
from toolkit.reports.targets import fan_chart, median_line
from toolkit.reports.wording import words
from toolkit.run.session import Run, plan_areas
from toolkit.scenario.propagate import no_path, open_years
from toolkit.scenario.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd

    from toolkit.api.charts import Chart

LARGEST_PACE, LARGEST_SHOCK = 3.0, 10.0


@dataclass(frozen=True, repr=False)
class Comparison(Shown):
    """A scenario beside business as usual, in one area.

    Attributes
    ----------
    name :
        The scenario's.
    effects :
        What changes, target by target.
    usual :
        Forecasts as usual.
    """

    name: str
    effects: tuple[Effect, ...]
    usual: Forecasts

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row a target: both probabilities, the change with its simulation error, what it stands for, pace."""
        return whatif.effects_table(self.effects, self.name)

    @property
    def text(self) -> str:
        """The comparison in sentences."""
        t, chances = self.wording.texts.t, self.wording.numbers.probability
        sentences = [
            t(
                "scenario.page.answer",
                scenario=self.name or "–",
                target=f"{item.target_id} ({self.context.name(item.changed)})",
                before=chances(item.usual.probability, bound=item.usual.bound),
                after=chances(item.changed.probability, bound=item.changed.bound),
            )
            for item in self.effects
            if item.change
        ]
        return "\n".join(sentences) or t("scenario.page.no_answer")

    def plot(self, target: str = "") -> Chart:
        """Return the fan chart of a target in the scenario with the usual median beside it.

        Parameters
        ----------
        target :
            By default the one whose chance changes most.
        """
        from toolkit.api.charts import draw_fan

        ranked = sorted(self.effects, key=lambda item: -abs(item.change or 0.0))
        named = [item for item in ranked if target in ("", item.target_id)]
        drawn = next((item for item in named if self.context.path(item.changed) is not None), None)
        if drawn is None:
            raise no_path(target, "", self.context.area.code)
        judged = self.context.target(drawn.changed)
        before = self.usual.path(self.context.area.code, judged.indicator, judged.scope)
        return draw_fan(self.context, drawn.changed, usual_median(self.context, before, drawn.due))

    def shown(self) -> pd.DataFrame:
        """Return the columns that a notebook displays."""
        return self.table[
            ["target_id", "due", "probability_usual", "probability", "change", "change_error", "verdict", "grade"]
        ]


def usual_median(context: Context, path: Path | None, until: int) -> Line | None:
    """Return the median as usual from the newest evidence to a year; None without a path."""
    if path is None:
        return None
    return median_line(context.words.texts.t("scenario.usual"), path, range(path.evidence.last_year, until + 1))


def what_if(run: Run, name: str = "") -> Scenario:
    """Return the beginning of a scenario: everything as forecast, verbs to follow.

    >>> what_if(run, "storm").shock("poverty_rate", 2028, points=5).peers_pace("poverty_rate", areas=["20"])
    <Scenario storm: shock → peers_pace>
    """
    return Scenario(run.forecasts, run.dataset, run.plan, name)


@dataclass(frozen=True, repr=False)
class Comparisons(Shown):
    """Several scenarios beside business as usual, in one area or several.

    Attributes
    ----------
    parts :
        One a scenario and area.
    """

    parts: tuple[Comparison, ...]

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row a scenario, area and target; see :attr:`Comparison.table`."""
        import pandas as pd

        return pd.concat([part.table for part in self.parts], ignore_index=True)

    @property
    def text(self) -> str:
        """The comparisons in sentences."""
        return "\n".join(part.text for part in self.parts)

    def plot(self, target: str = "") -> Chart:
        """Return the chances of a target as bars: as usual and in every scenario, area by area.

        Parameters
        ----------
        target :
            By default the one whose chance changes most.
        """
        from toolkit.api.charts import bars

        judged = self.table.dropna(subset=["probability", "probability_usual"])
        if target:
            judged = judged[judged["target_id"] == target]
        if judged.empty:
            raise no_path(target or "–", "", self.context.area.code)
        chosen = target or str(judged["target_id"].iloc[int(judged["change"].abs().to_numpy().argmax())])
        names = {part.context.area.code: part.context.area_name for part in self.parts}
        chances: dict[str, float] = {}
        for row in judged[judged["target_id"] == chosen].to_dict("records"):
            place = f"{names[row['area_code']]}: " if len(names) > 1 else ""
            chances.setdefault(f"{place}{self.wording.texts.t('scenario.usual')}", row["probability_usual"])
            chances[f"{place}{row['scenario'] or '–'}"] = row["probability"]
        return bars(f"{chosen} – {', '.join(names.values())}", chances, self.wording, alt=self.text)

    def shown(self) -> pd.DataFrame:
        """Return the columns that a notebook displays."""
        return self.table[["scenario", "area_code", "target_id", "due", "probability_usual", "probability", "change"]]


def compare(
    run: Run,
    scenario: Scenario | Sequence[Scenario],
    area: str | int | Sequence[str | int],
    targets: Sequence[str] | str | None = None,
    *,
    language: str = "",
) -> Comparison | Comparisons:
    """Return what a scenario changes in one area; of several scenarios or areas, what each changes in each.

    Parameters
    ----------
    run :
        The run that the scenario was begun from.
    scenario :
        What to compare with business as usual: one, or several.
    area :
        Code or name: one, or several.
    targets :
        Only these, one or several; by default all that have a probability or a settled answer.
    language :
        ``vi`` or ``en``.

    Raises
    ------
    UsageError
        For unknown names, a scenario that was begun from another run, or a verb that has nothing to act on.

    Examples
    --------
    >>> storm = what_if(run, "storm").shock("poverty_rate", 2028, points=5)
    >>> peers = what_if(run, "peers").peers_pace("poverty_rate")
    >>> len(compare(run, [storm, peers], ["20", "Bình Gia"], ["T30-03"]).table)
    4
    >>> bool(compare(run, storm, "20", ["T30-03"]).table.loc[0, "change"] < 0)
    True
    """
    asked = [targets] if isinstance(targets, str) else targets
    if not isinstance(scenario, Scenario) or not isinstance(area, str | int):
        scenarios = [scenario] if isinstance(scenario, Scenario) else scenario
        areas = [area] if isinstance(area, str | int) else area
        parts = tuple(_compared(run, one, place, asked, language) for one in scenarios for place in areas)
        return Comparisons(parts[0].context, parts)
    return _compared(run, scenario, area, asked, language)


def _compared(
    run: Run, scenario: Scenario, area: str | int, targets: Sequence[str] | None, language: str
) -> Comparison:
    if scenario.base is not run.forecasts:
        raise UsageError(say("scenario.other_run", scenario=scenario.name or "–"), say("scenario.other_run.remedy"))
    changed = replace(run, forecasts=scenario.forecasts)
    context = context_of(changed, area, language)
    found = whatif.effects(run.plan, [context.area], run.dataset, run.forecasts, changed.forecasts, targets)
    return Comparison(context, scenario.name, found, run.forecasts)


@dataclass(frozen=True, repr=False)
class Together(Shown):
    """Several targets of one area on the same draws.

    Attributes
    ----------
    joint :
        Which draws meet which target.
    """

    joint: Joint

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row a target: its due year, P(met), and P(it is among the first to fail)."""
        import pandas as pd

        found, failing = self.joint, self.joint.first_to_fail()
        return pd.DataFrame(
            {
                "target_id": found.target_ids,
                "due": found.dues,
                "probability": found.weights @ found.met,
                "first_to_fail": [failing[name] for name in found.target_ids],
            }
        )

    @property
    def text(self) -> str:
        """P(all met), the expected number, and which is likeliest to fail first."""
        found, failing = self.joint, self.joint.first_to_fail()
        first = max(failing, key=lambda name: failing[name])
        t, write = self.wording.texts.t, self.wording.numbers
        said = t(
            "scenario.together.text",
            area=self.context.area_name,
            count=len(found.target_ids),
            chance=write.probability(found.all_met, bound=found.bound),
            error=write.decimal(100 * found.error(found.all_met), 1),
            expected=write.decimal(found.expected, 1),
            first=first,
            share=write.percent(failing[first]),
        )
        if not found.left_out:
            return said
        return f"{said}\n{t('scenario.together.left_out', targets=self.wording.listed(found.left_out))}"

    def at_least(self, count: int) -> float:
        """Return P(at least `count` of the targets are met)."""
        return self.joint.at_least(count)

    @property
    def all_met(self) -> float:
        """P(every target is met)."""
        return self.joint.all_met

    def plot(self) -> Chart:
        """Return P(at least k targets are met) for every k."""
        from toolkit.api.charts import bars

        t, total = self.wording.texts.t, len(self.joint.target_ids)
        counts = range(1, total + 1)
        chances = {t("scenario.column.at_least", count=count): self.at_least(count) for count in counts}
        title = t("scenario.together.title", count=total, area=self.context.area_name)
        return bars(title, chances, self.wording, alt=self.text)


def joint(
    run: Run, area: str, targets: Sequence[str] | None = None, *, scenario: Scenario | None = None, language: str = ""
) -> Together:
    """Return several targets of an area at once, counted draw by draw.

    Parameters
    ----------
    run :
        Of :func:`toolkit.compute_run` or :func:`toolkit.open_run`.
    area :
        Code or name.
    targets :
        By default all that can be judged.
    scenario :
        Ask about this course of events; by default about business as usual.
    language :
        ``vi`` or ``en``.

    Raises
    ------
    UsageError
        For unknown names, or if none of the targets can be judged.

    Examples
    --------
    >>> found = joint(run, "20", ["T30-03", "T30-26"])
    >>> found.all_met <= min(found.table["probability"]) and found.at_least(1) >= max(found.table["probability"])
    True
    """
    context = context_of(run, area, language)
    forecasts = run.forecasts if scenario is None else scenario.forecasts
    return Together(context, whatif.judge_together(run.plan, context.area, run.dataset, forecasts, targets))


@dataclass(frozen=True)
class SliderValues:
    """Where the sliders stand.

    Attributes
    ----------
    area :
        Code of the area.
    target :
        Number of the target.
    pace :
        Added a year: points, or per cent for indicators on the log scale.
    shock :
        Points, two years after the newest evidence.
    """

    area: str
    target: str
    pace: float = 0.0
    shock: float = 0.0


@dataclass(frozen=True)
class ExplorerView:
    """What the page shows: both answers, the change with its error, and the chart.

    Attributes
    ----------
    context :
        The area, and what words and charts are made from.
    usual :
        The answer as usual.
    changed :
        The answer in the scenario.
    change :
        Difference of their probabilities.
    change_error :
        Its simulation error.
    line :
        The median as usual; None without a forecast.
    """

    context: Context
    usual: Attainment
    changed: Attainment
    change: float
    change_error: float
    line: Line | None

    @property
    def text(self) -> str:
        """The chance in the scenario against business as usual."""
        wording = self.context.words
        chances = wording.numbers.probability
        return wording.texts.t(
            "scenario.explorer.answer",
            after=chances(self.changed.probability, bound=self.changed.bound),
            before=chances(self.usual.probability, bound=self.usual.bound),
            change=wording.numbers.decimal(100 * self.change, 1, sign=True),
            error=wording.numbers.decimal(100 * self.change_error, 1),
            verdict=wording.verdict(self.changed.verdict),
        )

    @property
    def chart(self) -> FanChart:
        """The fan chart of the scenario, with the usual median in it."""
        return replace(fan_chart(self.context, self.changed), lines=(self.line,) if self.line else ())

    def svg(self) -> str:
        """Return the chart as SVG text; drawn as in reports, in some hundredths of a second."""
        return standing_alone(fan_chart_svg(self.chart))

    def html(self) -> str:
        """Return the chart with its title, unit, key and note."""
        chart, key = self.chart, self.context.words.texts.t("scenario.explorer.key")
        head = f"<b>{escape(chart.title)} – {escape(self.context.area_name)}</b><br>{escape(chart.subtitle)}"
        foot = "<br>".join(escape(part) for part in (key, *footnotes(self.context, self.changed, chart.note)))
        return f"<p>{head}</p>{self.svg()}<p><small>{foot}</small></p>"


def askable(run: Run, area: Area) -> list[Target]:
    """Return the targets that sliders can move in an area: about a level or ratio, due later, with a forecast."""
    found = []
    for target in run.plan.targets:
        path = run.forecasts.path(area.code, target.indicator, target.scope)
        if not target.rule.at_due or path is None:
            continue
        inside = int(path.years[0]) <= target.due <= int(path.years[-1])
        if inside and target.due > run.dataset.as_of.year and bool(open_years(path)[path.position(target.due)]):
            answer = assess(target, area, run.plan, run.dataset, run.forecasts)
            if answer.outcome == "probability":
                found.append(target)
    return found


def scenario_of(run: Run, setup: SliderValues) -> Scenario:
    """Return the scenario that the sliders say."""
    scenario = what_if(run)
    target = run.plan.target(setup.target)
    path = run.forecasts.path(setup.area, target.indicator, target.scope)
    if path is None:
        return scenario
    moved = path if path.proxy is None else path.proxy
    step: dict[str, Any] = {"indicator": moved.indicator, "scope": moved.scope, "areas": [setup.area]}
    if setup.pace:
        unit = "percent" if run.dataset.indicators.get(moved.indicator).link == "log" else "points"
        scenario = scenario.change_of_pace(**step | {unit: setup.pace})
    if setup.shock:
        scenario = scenario.shock(**step, year=path.evidence.last_year + 2, points=setup.shock, recovery="slow")
    return scenario


def view_of(run: Run, setup: SliderValues, language: str) -> ExplorerView:
    """Return what the page shows for a setup; a fifth of a second with 500 draws."""
    area, target = run.dataset.areas.get(setup.area), run.plan.target(setup.target)
    changed = scenario_of(run, setup).forecasts
    sources = (run.forecasts, changed)
    before, after = (assess(target, area, run.plan, run.dataset, source) for source in sources)
    judged = [whatif.judgement_of(target, area, run.plan, run.dataset, source) for source in sources]
    difference = whatif.change_of(*judged) or (0.0, 0.0)
    book, wording = SourceBook(run.dataset.sources), words(language)
    context = Context(area, (after,), changed, run.dataset, run.plan, run.facts, wording, book)
    path = run.forecasts.path(area.code, target.indicator, target.scope)
    return ExplorerView(context, before, after, *difference, usual_median(context, path, target.due))


@dataclass
class Explorer:
    """The page of sliders; shows itself in a notebook or through Voilà.

    Attributes
    ----------
    run :
        What is explored.
    language :
        ``vi`` or ``en``.
    """

    run: Run
    language: str
    _parts: dict[str, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        need_extra("lab")
        import ipywidgets as widgets  # type: ignore[import-untyped]

        t = texts(self.language).t
        shared = {"layout": widgets.Layout(width="34rem", max_width="98%"), "style": {"description_width": "12rem"}}
        areas = [area for area in plan_areas(self.run.dataset, self.run.plan) if askable(self.run, area)]
        options = [(area.name(words(self.language).language), area.code) for area in areas]
        parts = self._parts
        parts["area"] = widgets.Dropdown(options=options, description=t("scenario.column.area"), **shared)
        parts["target"] = widgets.Dropdown(description=t("scenario.column.target"), **shared)
        for name, largest, step in (("pace", LARGEST_PACE, 0.1), ("shock", LARGEST_SHOCK, 0.5)):
            parts[name] = widgets.SelectionSlider(
                options=self._numbers(largest, step), value=0.0, description=t(f"scenario.explorer.{name}"),
                continuous_update=False, **shared,
            )  # fmt: skip
        parts["answer"], parts["chart"] = widgets.HTML(), widgets.HTML()
        note = widgets.HTML(f"<p>{t('scenario.page.notice')}</p>")
        self._choose_area(None)
        parts["area"].observe(self._choose_area, names="value")
        for name in ("target", "pace", "shock"):
            parts[name].observe(self._show, names="value")
        parts["page"] = widgets.VBox([*parts.values(), note])

    def _relative(self, target: str) -> bool:
        return bool(self.run.dataset.indicators.get(self.run.plan.target(target).indicator).link == "log")

    def _numbers(self, largest: float, step: float) -> list[tuple[str, float]]:
        """Return a slider's numbers and how they are written: a slider of floats knows no decimal comma."""
        count, write = round(largest / step), words(self.language).numbers.decimal
        values = [round(place * step, 1) for place in range(-count, count + 1)]
        return [(write(value, 1, sign=value != 0), value) for value in values]

    def _choose_area(self, change: object) -> None:  # noqa: ARG002  (a widget says what changed)
        language = words(self.language).language
        found = askable(self.run, self.run.dataset.areas.get(self._parts["area"].value))
        box = self._parts["target"]
        kept = box.value
        box.options = [(f"{one.id} – {one.name(language)} ({one.due})", one.id) for one in found]
        ids = [one.id for one in found]
        box.value = kept if kept in ids else ids[0]
        self._show(None)

    def _show(self, change: object) -> None:  # noqa: ARG002
        parts = self._parts
        if parts["target"].value is None:
            return
        setup = SliderValues(*(parts[name].value for name in ("area", "target", "pace", "shock")))
        counted = "_percent" if self._relative(setup.target) else ""
        parts["pace"].description = texts(self.language).t(f"scenario.explorer.pace{counted}")
        found = view_of(self.run, setup, self.language)
        parts["answer"].value = f'<p class="explorer-answer" style="font-size:1.15rem">{escape(found.text)}</p>'
        parts["chart"].value = f'<div class="explorer-chart" style="max-width:44rem">{found.html()}</div>'

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> Any:
        return self._parts["page"]._repr_mimebundle_(include=include, exclude=exclude)


def explore(run: Run, *, language: str = "") -> Explorer:
    """Return a page of sliders: area, target, pace, shock; the chance and the fan chart follow.

    Parameters
    ----------
    run :
        With few draws (500) every move of a slider takes well under a second.
    language :
        ``vi`` or ``en``.
    """
    return Explorer(run, language or interface_language())
