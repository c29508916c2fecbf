"""Comparisons: with business as usual, at once, by sliders, with what came. Apart because scenarios come in here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, wraps
from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

from toolkit.api.answers import Shown, footnotes
from toolkit.attainment import whatif
from toolkit.attainment.assess import assess
from toolkit.attainment.whatif import Effect, Joint
from toolkit.base.errors import UsageError, need_extra
from toolkit.base.texts import interface_language, say, several, texts
from toolkit.data.areas import Area
from toolkit.forecast.paths import Path
from toolkit.forecast.store import Forecasts
from toolkit.plan.plan import Target
from toolkit.reports.blocks import Line
from toolkit.reports.context import Context
from toolkit.reports.scenario_page import effect_sentence
from toolkit.reports.svg import fan_chart_svg, standing_alone
from toolkit.reports.targets import fan_chart, median_line
from toolkit.reports.wording import words
from toolkit.run import studies
from toolkit.run.session import Run, plan_areas
from toolkit.scenario.propagate import no_path, open_years
from toolkit.scenario.scenario import Scenario

if TYPE_CHECKING:
    from toolkit.api.charts import Chart

LARGEST_PACE, LARGEST_PERCENT, LARGEST_SHOCK = 5.0, 20.0, 10.0
"""Ends of the sliders: points and per cent a year, points; of things that are counted, ten times as many."""


@dataclass(frozen=True)
class Part:
    """One scenario beside business as usual, in one area.

    Attributes
    ----------
    name :
        The scenario's.
    context :
        The area in the scenario.
    effects :
        What changes, target by target.
    usual :
        Forecasts as usual.
    """

    name: str
    context: Context
    effects: tuple[Effect, ...]
    usual: Forecasts

    def median(self, effect: Effect) -> Line | None:
        """Return the median as usual from the newest evidence to the due year; None without a forecast."""
        judged = self.context.target(effect.changed)
        path = self.usual.path(effect.area_code, judged.indicator, judged.scope)
        if path is None:
            return None
        years = range(path.evidence.last_year, effect.due + 1)
        return median_line(self.context.words.texts.t("scenario.usual"), path, years)


@dataclass(frozen=True, repr=False)
class Comparison(Shown):
    """Scenarios beside business as usual, in one area or several.

    Attributes
    ----------
    parts :
        One a scenario and area.
    """

    parts: tuple[Part, ...]

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row a scenario, area and target: probabilities, change with its error, what it stands for, pace."""
        return pd.concat([whatif.effects_table(part.effects, part.name) for part in self.parts], ignore_index=True)

    @property
    def text(self) -> str:
        """The comparison in sentences."""
        several = len({part.context.area.code for part in self.parts}) > 1
        sentences = [
            (f"{part.context.area_name}. " if several else "") + effect_sentence(part.context, part.name or "–", item)
            for part in self.parts
            for item in part.effects
            if item.change
        ]
        return "\n".join(sentences) or self.wording.texts.t("scenario.page.no_answer")

    def plot(self, target: str = "") -> Chart:
        """Return the fan chart of a target with the usual median in it; of several scenarios or areas, chances as bars.

        Parameters
        ----------
        target :
            By default the one whose chance changes most.
        """
        from toolkit.api.charts import bars, draw_fan

        found = [(part, item) for part in self.parts for item in part.effects if target in ("", item.target_id)]
        found = [(part, item) for part, item in found if part.context.path(item.changed) is not None]
        if not found:
            raise no_path(target or "–", "", self.context.area.code)
        part, most = max(found, key=lambda pair: abs(pair[1].change or 0.0))
        if len(self.parts) == 1:
            return draw_fan(part.context, most.changed, part.median(most))
        usual, chances = self.wording.texts.t("scenario.usual"), dict[str, float]()
        for part, item in sorted(found, key=lambda pair: pair[0].context.area.code):
            if item.target_id == most.target_id and item.changed.probability is not None:
                chances.setdefault(f"{part.context.area_name}: {usual}", item.usual.probability or 0.0)
                chances[f"{part.context.area_name}: {part.name or '–'}"] = item.changed.probability
        return bars(most.target_id, chances, self.wording, alt=self.text)

    def shown(self) -> pd.DataFrame:
        """Return the columns that a notebook displays."""
        names = ["scenario", "area_code", "target_id", "due", "probability_usual", "probability", "change"]
        return self.table[[*names, "change_error", "verdict", "grade"]]


def compare(
    run: Run,
    scenario: Scenario | Sequence[Scenario],
    area: str | int | Sequence[str | int],
    targets: Sequence[str] | str | None = None,
    *,
    language: str = "",
) -> Comparison:
    """Return what a scenario changes in an area; of several scenarios or areas, what each changes in each.

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
    >>> storm = run.what_if("storm").shock("poverty_rate", 2028, points=5)
    >>> peers = run.what_if("peers").peers_pace("poverty_rate")
    >>> len(compare(run, [storm, peers], ["20", "Bình Gia"], ["T30-03"]).table)
    4
    >>> bool(compare(run, storm, "20", ["T30-03"]).table.loc[0, "change"] < 0)
    True
    """
    parts, asked = [], None if targets is None else several(targets)
    for one in several(scenario):
        if one.base is not run.forecasts:
            raise UsageError(say("scenario.other_run", scenario=one.name or "–"), say("scenario.other_run.remedy"))
        changed = replace(run, forecasts=one.forecasts)
        for place in run.chosen(area):
            found = whatif.effects(run.plan, [place], run.dataset, run.forecasts, changed.forecasts, asked)
            context = changed.context(place.code, language, [item.changed for item in found])
            parts.append(Part(one.name, context, found, run.forecasts))
    return Comparison(parts[0].context, tuple(parts))


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
    context = run.context(area, language, ())
    forecasts = run.forecasts if scenario is None else scenario.forecasts
    asked = None if targets is None else several(targets)
    return Together(context, whatif.judge_together(run.plan, context.area, run.dataset, forecasts, asked))


class Backtest(studies.Backtest):
    """A back-test that can be drawn; see :class:`toolkit.run.studies.Backtest`."""

    def plot(self, *, language: str = "") -> Chart:
        """Return how honest the first model was, and error and coverage of every model by points and horizon."""
        from toolkit.api.charts import Chart

        figure = Chart(figsize=(12.0, 7.0), layout="constrained", alt=repr(self))
        self.draw(figure, language)
        return figure


@wraps(studies.backtest)
def backtest(*args: Any, **options: Any) -> Backtest:
    """Forecast from past origins and score what came since, see :func:`toolkit.run.studies.backtest`."""
    return Backtest(**vars(studies.backtest(*args, **options)))


EXPLORER_STYLE = (
    ".widget-label{white-space:normal!important;height:auto!important;line-height:1.2!important}"
    ".widget-hslider{height:auto!important;min-height:2.4rem}"
    ".explorer-chart{width:min(44rem,90vw)}.explorer-chart svg{width:100%;height:auto}"
)
"""Labels and charts that fit a phone, too."""
USUAL = "usual"
"""Where the slider of the pace rests: a slider's value is never None."""


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


def moved(
    run: Run, area: str, target: str, pace: float | None = None, shock: float = 0.0, year: int | None = None
) -> Scenario:
    """Return the scenario that sliders say.

    Parameters
    ----------
    area, target :
        Code of the area, and number of the target.
    pace :
        Change each year from the newest value on, whatever the forecast's own: points, or per cent for indicators on
        the log scale; None for the pace as forecast.
    shock, year :
        Points, and when; by default two years after the newest evidence.
    """
    scenario, path = run.what_if(), measured(run, area, target)
    step: dict[str, Any] = {"indicator": path.indicator, "areas": [area]}
    step |= {"scope": path.scope} if path.scope != "all" else {}
    if pace is not None:
        scenario = scenario.fixed_pace(**step | {"percent" if in_percent(run, path) else "points": pace})
    return scenario.shock(**step, year=year or path.evidence.last_year + 2, points=shock) if shock else scenario


def measured(run: Run, area: str, target: str) -> Path:
    """Return the path that a target's sliders move: what is measured, where the target is seen through a stand-in."""
    asked = run.plan.target(target)
    path = run.path(area, asked.indicator, asked.scope)
    return path if path.proxy is None else run.path(area, path.proxy.indicator, path.proxy.scope)


def in_percent(run: Run, path: Path) -> bool:
    """Say whether an indicator's pace is told in per cent a year."""
    return run.dataset.indicators.get(path.indicator).link == "log"


def own_pace(run: Run, path: Path, due: int) -> float:
    """Return the yearly pace of a path's median from its newest figure to a year, in points or per cent."""
    first, last = (float(path.quantiles((0.5,))[path.position(year), 0]) for year in (path.evidence.last_year, due))
    years = due - path.evidence.last_year
    if in_percent(run, path):
        return 100 * ((last / first) ** (1 / years) - 1) if first > 0 else 0.0
    return (last - first) / years


def panes(found: Part) -> tuple[str, str]:
    """Return what the page of sliders shows of one target: the answer, and the chart with title, key and sources."""
    (effect,), context = found.effects, found.context
    wording, chart = context.words, fan_chart(context, effect.changed)
    usual = found.median(effect)
    chances, write = wording.numbers.probability, wording.numbers.decimal
    answer = wording.texts.t(
        "scenario.explorer.answer",
        after=chances(effect.changed.probability, bound=effect.changed.bound),
        before=chances(effect.usual.probability, bound=effect.usual.bound),
        change=write(100 * (effect.change or 0.0), 1, sign=True),
        error=write(100 * (effect.change_error or 0.0), 1),
        verdict=wording.verdict(effect.changed.verdict),
    )
    svg = standing_alone(fan_chart_svg(replace(chart, lines=(usual,) if usual else ())))
    key = wording.texts.t("scenario.explorer.key")
    head = f"<b>{escape(chart.title)} – {escape(context.area_name)}</b><br>{escape(chart.subtitle)}"
    foot = "<br>".join(escape(part) for part in (key, *footnotes(context, effect.changed, chart.note)))
    return answer, f"<p>{head}</p>{svg}<p><small>{foot}</small></p>"


def as_code(scenario: Scenario, area: str, target: str) -> str:
    """Return the Python that makes a scenario and compares it.

    >>> print(as_code(run.what_if().fixed_pace("poverty_rate", points=-1, areas=["20"]), "20", "T30-03"))
    import toolkit
    <BLANKLINE>
    run = toolkit.compute_run()
    scenario = run.what_if().fixed_pace(areas=['20'], indicator='poverty_rate', points=-1.0)
    toolkit.compare(run, scenario, '20', 'T30-03')
    """
    steps = []
    for step in scenario.steps:
        told = {name: list(value) if isinstance(value, tuple) else value for name, value in step.parameters.items()}
        usual = {("scope", "all"), ("recovery", "never")}
        given = ", ".join(f"{name}={told[name]!r}" for name in sorted(told) if (name, str(told[name])) not in usual)
        steps.append(f".{step.verb}({given})")
    made = f"run = toolkit.compute_run()\nscenario = run.what_if(){''.join(steps)}"
    return f"import toolkit\n\n{made}\ntoolkit.compare(run, scenario, {area!r}, {target!r})"


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
    _offering: bool = field(default=False, repr=False)

    def __post_init__(self) -> None:
        need_extra("lab")
        import ipywidgets as widgets  # type: ignore[import-untyped]

        shared = {"layout": widgets.Layout(width="34rem", max_width="98%"), "style": {"description_width": "9rem"}}
        parts, slider = self._parts, {"options": [("–", USUAL)], "continuous_update": False, **shared}
        parts["language"] = widgets.Dropdown(
            options=[("Tiếng Việt", "vi"), ("English", "en")], value=self.language, **shared
        )
        parts |= {name: widgets.Dropdown(**shared) for name in ("area", "target")}
        parts |= {name: widgets.SelectionSlider(**slider) for name in ("pace", "shock", "year")}
        parts["reset"] = widgets.Button(icon="undo")
        parts |= {name: widgets.HTML() for name in ("answer", "chart", "code", "note")}
        self._choose_language()
        told = {"language": self._choose_language, "area": self._choose_area, "target": self._choose_target}
        for name, act in {**told, "pace": self._show, "shock": self._show, "year": self._show}.items():
            parts[name].observe(lambda _, act=act: self._offering or act(), names="value")
        parts["reset"].on_click(lambda _: self._choose_target())
        parts["page"] = widgets.VBox(list(parts.values()))

    def _offer(self, name: str, options: list[tuple[str, Any]], rest: Any) -> None:
        """Give a part new options and the value that it rests at, as no move of anybody's."""
        self._offering = True
        self._parts[name].options = options
        self._parts[name].value = rest
        self._offering = False

    def _choose_language(self) -> None:
        parts = self._parts
        language = words(parts["language"].value).language
        self.language = language
        t, kept = texts(self.language).t, parts["area"].value
        for name in ("language", "area", "target", "year"):
            parts[name].description = t(f"scenario.explorer.{name}")
        parts["reset"].description = t("scenario.explorer.reset")
        parts["note"].value = f"<style>{EXPLORER_STYLE}</style><p>{t('scenario.page.notice')}</p>"
        areas = [area for area in plan_areas(self.run.dataset, self.run.plan) if askable(self.run, area)]
        self._offer("area", [(area.name(language), area.code) for area in areas], kept or areas[0].code)
        self._choose_area()

    def _choose_area(self) -> None:
        found = askable(self.run, self.run.dataset.areas.get(self._parts["area"].value))
        ids, kept = [one.id for one in found], self._parts["target"].value
        language = words(self.language).language
        named = [(f"{one.id} – {one.name(language)} ({one.due})", one.id) for one in found]
        self._offer("target", named, kept if kept in ids else ids[0])
        self._choose_target()

    def _choose_target(self) -> None:
        """Set the sliders of a target to rest: the pace as forecast, no shock."""
        wording, parts = words(self.language), self._parts
        target = self.run.plan.target(parts["target"].value)
        path = measured(self.run, parts["area"].value, target.id)
        percent, unit = in_percent(self.run, path), self.run.dataset.indicators.units[path.unit]
        amount = "percentage_points" if path.unit == "percent" else path.unit
        step, forecast = 1.0 if unit.whole else 0.1, own_pace(self.run, path, target.due)
        paces = self._numbers(LARGEST_PERCENT if percent else LARGEST_PACE * 10 * step, 0.5 if percent else step)
        rest = (wording.texts.t("scenario.explorer.usual", pace=wording.numbers.decimal(forecast, 1, sign=True)), USUAL)
        below = sum(value <= forecast for _, value in paces)
        self._offer("pace", [*paces[:below], rest, *paces[below:]], USUAL)
        self._offer("shock", self._numbers(LARGEST_SHOCK * 10 * step, 5 * step), 0.0)
        years = range(path.evidence.last_year + 1, target.due + 1)
        self._offer("year", [(str(year), year) for year in years], years[min(1, len(years) - 1)])
        for name, said in (("pace", "%" if percent else wording.unit(amount)), ("shock", wording.unit(amount))):
            parts[name].description = wording.texts.t(f"scenario.explorer.{name}", unit=said)
        self._show()

    def _numbers(self, largest: float, step: float) -> list[tuple[str, Any]]:
        """Return a slider's numbers and how they are written: a slider of floats knows no decimal comma."""
        count, write = round(largest / step), words(self.language).numbers.decimal
        values = [round(place * step, 1) for place in range(-count, count + 1)]
        return [(write(value, 0 if step >= 1 else 1, sign=value != 0), value) for value in values]

    def _show(self) -> None:
        parts = self._parts
        area, target, pace, shock, year = (parts[n].value for n in ("area", "target", "pace", "shock", "year"))
        scenario = moved(self.run, area, target, None if pace == USUAL else pace, shock, year)
        answer, chart = panes(compare(self.run, scenario, area, target, language=self.language).parts[0])
        title, code = texts(self.language).t("scenario.explorer.code"), as_code(scenario, area, target)
        parts["answer"].value = f'<p class="explorer-answer" style="font-size:1.15rem">{escape(answer)}</p>'
        parts["chart"].value = f'<div class="explorer-chart">{chart}</div>'
        parts["code"].value = f"<details><summary>{title}</summary><pre>{escape(code)}</pre></details>"

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
