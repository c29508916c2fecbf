"""Sliders for scenarios: an area, a target, a change of pace, a blow; the chance and the chart follow."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from toolkit.api.charts import footnotes, median_line
from toolkit.attainment.assess import assess
from toolkit.attainment.result import Attainment
from toolkit.attainment.whatif.effect import change_of, judgement_of
from toolkit.base.texts import interface_language, texts
from toolkit.data.areas import Area
from toolkit.plan.targets import LevelRule, RatioToBaseRule, RatioToRule, Target
from toolkit.reports.blocks import FanChart, Line
from toolkit.reports.context import Context, SourceBook
from toolkit.reports.fan_charts import fan_chart
from toolkit.reports.svg import fan_chart_svg, standing_alone
from toolkit.reports.wording import words
from toolkit.run.session import Run, plan_areas
from toolkit.scenario.scenario import Scenario
from toolkit.scenario.setting import open_years

LARGEST_PACE, LARGEST_BLOW = 3.0, 10.0


@dataclass(frozen=True)
class Setup:
    """Where the sliders stand: area, target, pace a year (points, or per cent on the log scale), blow in points."""

    area: str
    target: str
    pace: float = 0.0
    blow: float = 0.0


@dataclass(frozen=True)
class View:
    """What the page shows: both answers, the change with its error, and the chart."""

    context: Context
    usual: Attainment
    changed: Attainment
    change: float
    change_error: float
    line: tuple[tuple[int, float], ...]

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
        usual = Line(self.context.words.texts.t("scenario.usual"), self.line)
        return replace(fan_chart(self.context, self.changed), lines=(usual,))

    def svg(self) -> str:
        """Return the chart as SVG text; drawn as in reports, in some hundredths of a second."""
        return standing_alone(fan_chart_svg(self.chart))

    def html(self) -> str:
        """Return the chart with its title, unit, key and note."""
        from html import escape

        chart, key = self.chart, self.context.words.texts.t("scenario.explorer.key")
        head = f"<b>{escape(chart.title)} – {escape(self.context.area_name)}</b><br>{escape(chart.subtitle)}"
        foot = "<br>".join(escape(part) for part in (key, *footnotes(self.context, self.changed, chart.note)))
        return f"<p>{head}</p>{self.svg()}<p><small>{foot}</small></p>"


def askable(run: Run, area: Area) -> list[Target]:
    """Return the targets that sliders can move in an area: about a level or ratio, due later, with a forecast."""
    found = []
    for target in run.plan.targets:
        path = run.forecasts.path(area.code, target.indicator, target.scope)
        if not isinstance(target.rule, LevelRule | RatioToBaseRule | RatioToRule) or path is None:
            continue
        inside = int(path.years[0]) <= target.due <= int(path.years[-1])
        if inside and target.due > run.dataset.as_of.year and bool(open_years(path)[path.position(target.due)]):
            answer = assess(target, area, run.plan, run.dataset, run.forecasts)
            if answer.outcome == "probability":
                found.append(target)
    return found


def scenario_of(run: Run, setup: Setup) -> Scenario:
    """Return the scenario that the sliders say."""
    scenario = Scenario(run.forecasts, run.dataset, run.plan)
    target = run.plan.target(setup.target)
    path = run.forecasts.path(setup.area, target.indicator, target.scope)
    if path is None:
        return scenario
    name, scope = path.indicator, path.scope
    if path.proxy is not None:
        name, scope = path.proxy.indicator, path.proxy.scope
    step: dict[str, Any] = {"indicator": name, "scope": scope, "areas": [setup.area]}
    if setup.pace:
        relative = run.dataset.indicators.get(name).link == "log"
        scenario = scenario.change_of_pace(
            **step, points=None if relative else setup.pace, percent=setup.pace if relative else None
        )
    if setup.blow:
        scenario = scenario.shock(**step, year=path.evidence.last_year + 2, points=setup.blow, recovery="slow")
    return scenario


def view_of(run: Run, setup: Setup, language: str) -> View:
    """Return what the page shows for a setup; a fifth of a second with 500 draws."""
    area, target = run.dataset.areas.get(setup.area), run.plan.target(setup.target)
    changed = scenario_of(run, setup).forecasts
    sources = (run.forecasts, changed)
    before, after = (assess(target, area, run.plan, run.dataset, source) for source in sources)
    judged = [judgement_of(target, area, run.plan, run.dataset, source) for source in sources]
    difference = change_of(*judged) or (0.0, 0.0)
    book, wording = SourceBook(run.dataset.sources), words(language)
    context = Context(area, (after,), changed, run.dataset, run.plan, replace(run).facts, wording, book)
    path = run.forecasts.path(area.code, target.indicator, target.scope)
    line = median_line(path, target.due)
    return View(context, before, after, *difference, line)


@dataclass
class Explorer:
    """The page of sliders; shows itself in a notebook or through Voilà.

    Attributes
    ----------
    run, language :
        What is explored, and in which language.
    """

    run: Run
    language: str
    _parts: dict[str, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        import ipywidgets as widgets  # type: ignore[import-untyped]

        t = texts(self.language).t
        wide = widgets.Layout(width="34rem", max_width="98%")
        style = {"description_width": "12rem"}
        areas = [area for area in plan_areas(self.run.dataset, self.run.plan) if askable(self.run, area)]
        options = [(area.name(words(self.language).language), area.code) for area in areas]
        shared = {"layout": wide, "style": style, "continuous_update": False}
        parts = self._parts
        parts["area"] = widgets.Dropdown(
            options=options, description=t("scenario.column.area"), layout=wide, style=style
        )
        parts["target"] = widgets.Dropdown(
            description=t("scenario.column.target"), layout=wide, style=style
        )  # fmt: skip
        for name, largest, step in (("pace", LARGEST_PACE, 0.1), ("blow", LARGEST_BLOW, 0.5)):
            parts[name] = widgets.SelectionSlider(
                options=self._numbers(largest, step), value=0.0, description=t(f"scenario.explorer.{name}"), **shared
            )
        parts["answer"], parts["chart"] = widgets.HTML(), widgets.HTML()
        note = widgets.HTML(f"<p>{t('scenario.page.notice')}</p>")
        self._choose_area(None)
        parts["area"].observe(self._choose_area, names="value")
        for name in ("target", "pace", "blow"):
            parts[name].observe(self._show, names="value")
        shown = [parts[name] for name in ("area", "target", "pace", "blow", "answer", "chart")]
        parts["page"] = widgets.VBox([*shown, note])

    def _relative(self, target: str) -> bool:
        return bool(self.run.dataset.indicators.get(self.run.plan.target(target).indicator).link == "log")

    def _numbers(self, largest: float, step: float) -> list[tuple[str, float]]:
        """Return a slider's numbers and how they are written: a slider of floats knows no decimal comma."""
        count, write = round(largest / step), words(self.language).numbers.decimal
        values = [round(place * step, 1) for place in range(-count, count + 1)]
        return [(write(value, 1, sign=value != 0), value) for value in values]

    def _choose_area(self, change: object) -> None:  # noqa: ARG002  (a widget says what changed)
        language = words(self.language).language
        area = self.run.dataset.areas.get(self._parts["area"].value)
        found = askable(self.run, area)
        box = self._parts["target"]
        kept = box.value
        box.options = [(f"{one.id} – {one.name(language)} ({one.due})", one.id) for one in found]
        ids = [one.id for one in found]
        box.value = kept if kept in ids else ids[0]
        self._show(None)

    def _show(self, change: object) -> None:  # noqa: ARG002
        from html import escape

        parts = self._parts
        if parts["target"].value is None:
            return
        setup = Setup(parts["area"].value, parts["target"].value, parts["pace"].value, parts["blow"].value)
        counted = "_percent" if self._relative(setup.target) else ""
        parts["pace"].description = texts(self.language).t(f"scenario.explorer.pace{counted}")
        found = view_of(self.run, setup, self.language)
        parts["answer"].value = f'<p class="explorer-answer" style="font-size:1.15rem">{escape(found.text)}</p>'
        parts["chart"].value = f'<div class="explorer-chart" style="max-width:44rem">{found.html()}</div>'

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> Any:
        return self._parts["page"]._repr_mimebundle_(include=include, exclude=exclude)


def explore(run: Run, *, language: str = "") -> Explorer:
    """Return a page of sliders: area, target, pace, blow; the chance and the fan chart follow.

    Parameters
    ----------
    run :
        With few draws (500) every move of a slider takes well under a second.
    language :
        ``vi`` or ``en``.
    """
    return Explorer(run, language or interface_language())
