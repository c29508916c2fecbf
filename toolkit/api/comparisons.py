"""Comparisons: with business as usual, at once, by sliders, with what came. Apart because scenarios come in here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, wraps
from html import escape
from typing import TYPE_CHECKING, Any

from toolkit.api.answers import Shown, footnotes
from toolkit.attainment import whatif
from toolkit.attainment.assess import assess
from toolkit.attainment.whatif import Effect, Joint
from toolkit.base.errors import UsageError, need_extra
from toolkit.base.texts import interface_language, say, several, texts
from toolkit.data.areas import Area
from toolkit.forecast.store import Forecasts
from toolkit.plan.plan import Target
from toolkit.reports.blocks import Line
from toolkit.reports.context import Context
from toolkit.reports.svg import fan_chart_svg, standing_alone
from toolkit.reports.targets import fan_chart, median_line
from toolkit.reports.wording import words
from toolkit.run import studies
from toolkit.run.session import Run, plan_areas
from toolkit.scenario.propagate import no_path, open_years
from toolkit.scenario.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd

    from toolkit.api.charts import Chart

LARGEST_PACE, LARGEST_SHOCK = 3.0, 10.0


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
        import pandas as pd

        return pd.concat([whatif.effects_table(part.effects, part.name) for part in self.parts], ignore_index=True)

    @property
    def text(self) -> str:
        """The comparison in sentences."""
        t, chances = self.wording.texts.t, self.wording.numbers.probability
        several = len({part.context.area.code for part in self.parts}) > 1
        sentences = [
            (f"{part.context.area_name}. " if several else "")
            + t(
                "scenario.page.answer",
                scenario=part.name or "–",
                target=f"{item.target_id} ({part.context.name(item.changed)})",
                before=chances(item.usual.probability, bound=item.usual.bound),
                after=chances(item.changed.probability, bound=item.changed.bound),
            )
            for part in self.parts
            for item in part.effects
            if item.change
        ]
        return "\n".join(sentences) or t("scenario.page.no_answer")

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


def moved(run: Run, area: str, target: str, pace: float = 0.0, shock: float = 0.0) -> Scenario:
    """Return the scenario that sliders say.

    Parameters
    ----------
    area, target :
        Code of the area, and number of the target.
    pace :
        Added a year: points, or per cent for indicators on the log scale.
    shock :
        Points, two years after the newest evidence.
    """
    scenario, asked = run.what_if(), run.plan.target(target)
    path = run.path(area, asked.indicator, asked.scope)
    what = path if path.proxy is None else path.proxy
    step: dict[str, Any] = {"indicator": what.indicator, "scope": what.scope, "areas": [area]}
    if pace:
        unit = "percent" if run.dataset.indicators.get(what.indicator).link == "log" else "points"
        scenario = scenario.change_of_pace(**step | {unit: pace})
    return scenario.shock(**step, year=path.evidence.last_year + 2, points=shock) if shock else scenario


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
        area, target, pace, shock = (parts[name].value for name in ("area", "target", "pace", "shock"))
        scenario = moved(self.run, area, target, pace, shock)
        answer, chart = panes(compare(self.run, scenario, area, target, language=self.language).parts[0])
        indicator = self.run.dataset.indicators.get(self.run.plan.target(target).indicator)
        counted = "_percent" if indicator.link == "log" else ""
        parts["pace"].description = texts(self.language).t(f"scenario.explorer.pace{counted}")
        parts["answer"].value = f'<p class="explorer-answer" style="font-size:1.15rem">{escape(answer)}</p>'
        parts["chart"].value = f'<div class="explorer-chart" style="max-width:44rem">{chart}</div>'

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
