"""Answers to one question: ours with its table, its text and its chart, and what seven other systems say."""

from __future__ import annotations

import textwrap
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property, wraps
from os import PathLike
from typing import TYPE_CHECKING, Any

import pandas as pd

from toolkit.attainment.attainment import Attainment, attainment_table, verdict_words
from toolkit.attainment.official import official_verdicts
from toolkit.base.errors import UsageError
from toolkit.base.texts import say
from toolkit.data.tables import frame_of
from toolkit.forecast.paths import Path, scale_of
from toolkit.plan.rules import LevelRule
from toolkit.reports.blocks import Document
from toolkit.reports.context import Context
from toolkit.reports.wording import Words
from toolkit.run import session
from toolkit.scenario.propagate import no_path

if TYPE_CHECKING:
    from toolkit.api.charts import Chart


@dataclass(frozen=True, repr=False)
class Shown(ABC):
    """A result with a table, a text and a chart; immutable, and shown in a notebook by what it says.

    Attributes
    ----------
    context :
        The area, and what words and charts are made from.
    """

    context: Context

    @property
    @abstractmethod
    def table(self) -> pd.DataFrame:
        """The numbers."""

    @property
    @abstractmethod
    def text(self) -> str:
        """The same in sentences."""

    @abstractmethod
    def plot(self) -> Chart:
        """Return the chart."""

    @property
    def wording(self) -> Words:
        """The words and the number format of the result's language."""
        return self.context.words

    def to_frame(self) -> pd.DataFrame:
        """Return :attr:`table`."""
        return self.table

    def shown(self) -> pd.DataFrame:
        """Return the part of the table that a notebook displays."""
        return self.table

    def __repr__(self) -> str:
        """Return the sentences."""
        return self.text

    def _repr_html_(self) -> str:
        from markupsafe import escape

        write = self.wording.numbers
        table = self.shown().to_html(index=False, float_format=lambda value: write.decimal(value, 3), na_rep="–")
        return f"<p>{'<br>'.join(str(escape(line)) for line in self.text.splitlines())}</p>{table}"


@dataclass(frozen=True, repr=False)
class Answer(Shown):
    """The answer to one target in one area.

    Attributes
    ----------
    attainment :
        All numbers of the answer.
    """

    attainment: Attainment

    @property
    def probability(self) -> float | None:
        """P(target met), 0..1; None where there is none."""
        return self.attainment.probability

    @property
    def path(self) -> Path | None:
        """Joint draws of the judged indicator, or None without evidence."""
        return self.context.path(self.attainment)

    @cached_property
    def figures(self) -> pd.DataFrame:
        """The published figures that the answer rests on, one row each, with what they overruled."""
        held = self.path.evidence.observations if self.path is not None else ()
        table = frame_of(held, ["year", "value", "status", "standard", "source_id"])
        table["publisher"] = [self.context.sources.publisher(one.source_id) for one in held]
        table["overruled"] = ["; ".join(f"{one.value} ({one.source_id})" for one in item.overruled) for item in held]
        return table

    @cached_property
    def table(self) -> pd.DataFrame:
        """The answer as one row of ``attainment.csv``."""
        return attainment_table([self.attainment], self.context.dataset, self.context.plan, self.wording.texts)

    @property
    def text(self) -> str:
        """The answer in a sentence."""
        context, found, wording = self.context, self.attainment, self.wording
        fields = {
            "area": context.area_name,
            "target": f"{found.target_id} ({context.name(found)}, {context.requirement(found)})",
            "verdict": wording.verdict(found.verdict),
            "grade": found.grade or "–",
        }
        if found.probability is None:
            return wording.texts.t("scenario.answer.none", **fields)
        chance = wording.numbers.probability(found.probability, bound=found.bound)
        return wording.texts.t("scenario.answer.text", chance=chance, **fields)

    def plot(self) -> Chart:
        """Return a fan chart of the judged indicator with its figures and the target.

        Raises
        ------
        UsageError
            If there is no evidence to draw.
        """
        from toolkit.api.charts import draw_fan

        if self.path is None:
            found = self.attainment
            raise no_path(found.target_id, "", found.area_code)
        return draw_fan(self.context, self.attainment)

    def shown(self) -> pd.DataFrame:
        """Return the columns that a notebook displays."""
        return self.table[["target_id", "due", "probability", "verdict", "grade", "expected"]]

    def explain(self) -> Explanation:
        """Return the way of this number, from figures to probability: as sentences, a table and a picture."""
        return Explanation(self.context, self)


@dataclass(frozen=True, repr=False)
class Explanation(Shown):
    """The way of one number: figures, standards, whom it follows, stand-in, forecast, its uncertainty, the rule.

    Attributes
    ----------
    answer :
        What is explained.
    """

    answer: Answer

    @cached_property
    def steps(self) -> tuple[tuple[str, str], ...]:
        """What each step is called, and what it says."""
        found, path, t = self.answer.attainment, self.answer.path, self.wording.texts.t
        rule = self.context.requirement(found)
        if path is None:
            missing = self.wording.listed([self.context.note(note) for note in found.missing]) or "–"
            return ((t("explain.rule"), rule), (t("explain.missing"), missing), (t("explain.answer"), self.answer.text))
        steps = [(t("explain.figures"), self._figures(path)), (t("explain.standards"), self._standards(path))]
        if path.evidence.parent_code:
            above = self.context.dataset.areas.get(path.evidence.parent_code).name(self.wording.language)
            steps.append((t("explain.follows"), above))
        if path.proxy is not None:
            name = self.context.series_name(path.proxy.indicator, path.proxy.scope)
            share = path.proxy.share_note or ("?" if path.proxy.unknown_share else "–")
            relation = t(f"explain.relation.{path.proxy.relation}")
            steps.append((t("explain.stand_in"), t("explain.stand_in.text", name=name, relation=relation, share=share)))
        steps += [(t("explain.forecast"), self._forecast(path)), (t("explain.spread"), self._spread())]
        return (*steps, (t("explain.rule"), rule), (t("explain.answer"), self.answer.text))

    @cached_property
    def spread(self) -> dict[str, float]:
        """Share of the forecast's variance at the due year (link scale) that comes from each part; together 1.

        ``jump`` is what a change of standard adds draw by draw, ``share`` what a share inside a stand-in adds,
        ``level`` what is not known of the newest year, ``trend`` the rest: where it goes from there, and the chance
        of a single year. Parts are taken one after another, each from what the ones before leave.
        """
        import numpy as np

        path, found = self.answer.path, self.answer.attainment
        if path is None or not path.years[0] <= found.due <= path.years[-1]:
            return {}
        held, context = self.context.forecasts, self.context
        scale = scale_of(context.dataset.indicators.get(path.indicator))
        today = held.path(path.area_code, path.indicator, path.scope, across_breaks=False) or path
        across, still = (scale.to_link(one.at(found.due)) for one in (path, today))
        last = min(max(path.evidence.last_year, int(today.years[0])), found.due)
        base, parts, rest = scale.to_link(today.at(last)), {"jump": across - still}, still
        if path.proxy is not None:
            source = held.path(path.area_code, path.proxy.indicator, path.proxy.scope, across_breaks=False)
            if source is not None and source.years[0] <= found.due <= source.years[-1]:
                measured = scale.to_link(source.at(found.due))
                parts["share"], rest = still - measured, measured
                base = scale.to_link(source.at(min(max(last, int(source.years[0])), found.due)))
        slope = float(np.cov(rest, base)[0, 1] / np.var(base, ddof=1)) if np.var(base) > 0 else 0.0
        parts |= {"level": slope * base, "trend": rest - slope * base}
        sizes = {name: float(np.var(part)) for name, part in parts.items()}
        total = sum(sizes.values())
        return {name: size / total for name, size in sizes.items() if size > 0} if total else {}

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row a step."""
        return pd.DataFrame(self.steps, columns=["step", "text"])

    @property
    def text(self) -> str:
        """All steps as sentences."""
        return "\n".join(f"{name}: {said}" for name, said in self.steps)

    def plot(self) -> Chart:
        """Return the shares of the forecast's uncertainty as bars."""
        from toolkit.api.charts import bars

        t = self.wording.texts.t
        parts = {t(f"explain.part.{name}"): share for name, share in self.spread.items()}
        title = f"{self.answer.attainment.target_id} – {self.context.area_name}: {t('explain.spread')}"
        return bars(title, parts, self.wording, alt=self._spread(), key="explain.variance")

    def _figures(self, path: Path) -> str:
        write, t = self.wording.numbers.plain, self.wording.texts.t
        held = [f"{one.year}: {write(one.value, 3)} ({one.source_id})" for one in path.evidence.observations]
        return "; ".join(held) or t("explain.figures.none")

    def _standards(self, path: Path) -> str:
        t = self.wording.texts.t
        until = self.answer.attainment.due
        said = []
        for change in path.breaks:
            if path.evidence.last_year < change.year <= until:
                key = "explain.jump.measured" if change.measured else "explain.jump.prior"
                said.append(t(key, year=change.year, after=change.after))
        used = dict.fromkeys(one.standard for one in path.evidence.observations)
        return "; ".join([*filter(None, used), *said]) or "–"

    def _forecast(self, path: Path) -> str:
        found, write = self.answer.attainment, self.wording.numbers.plain
        first, end = int(path.years[0]), int(path.years[-1])
        last, due = (min(max(year, first), end) for year in (path.evidence.last_year, found.due))
        (_, now, _), (low, then, high) = (path.quantiles((0.1, 0.5, 0.9))[path.position(year)] for year in (last, due))
        pace = self.wording.numbers.decimal((then - now) / max(due - last, 1), 2, sign=True)
        fields = {"now": write(now, 2), "then": write(then, 2), "low": write(low, 2), "high": write(high, 2)}
        unit = self.wording.unit(path.unit)
        return self.wording.texts.t("explain.forecast.text", last=last, due=due, unit=unit, pace=pace, **fields)

    def _spread(self) -> str:
        t, write = self.wording.texts.t, self.wording.numbers.percent
        return "; ".join(f"{t(f'explain.part.{name}')} {write(share)}" for name, share in self.spread.items()) or "–"


def footnotes(context: Context, found: Attainment, note: str) -> list[str]:
    """Return what a chart rests on: who published its figures, and what stands in for what."""
    path = context.path(found)
    figures = path.evidence.observations if path is not None else ()
    publishers = dict.fromkeys(context.sources.publisher(figure.source_id) or figure.source_id for figure in figures)
    day = context.words.day(context.facts.as_of)
    lines = [note] if note else []
    lines.append(context.words.texts.t("scenario.chart.sources", sources="; ".join(publishers) or "–", day=day))
    return [part for line in lines for part in textwrap.wrap(line, 125)]


class Run(session.Run):
    """A run whose answers can be asked for; see :class:`toolkit.run.session.Run`."""

    def ask(self, area: str | int, target: str, *, language: str = "") -> Answer:
        """Return the answer to one target in one area.

        Parameters
        ----------
        area :
            Code or name; diacritics and case are ignored.
        target :
            Its number in the plan, such as ``T30-03``.
        language :
            ``vi`` or ``en``.

        Raises
        ------
        UsageError
            For an unknown area or target, with the nearest ones.

        Examples
        --------
        >>> answer = run.ask("Bình Gia", "T30-03", language="en")
        >>> answer.attainment.bound, answer.attainment.grade
        ('at_least', 'B·D')
        >>> answer.figures["year"].tolist()
        [2018]
        """
        self.plan.target(target)
        context = self.context(area, language)
        (found,) = (item for item in context.attainments if item.target_id == target)
        return Answer(context, found)

    def report(self, area: str | int, file: PathLike[str] | str = "", *, language: str = "") -> Document:
        """Return the report of an area as a document whose head and sections show themselves in a notebook.

        Parameters
        ----------
        area :
            Code or name.
        file :
            Where to write it as a page (HTML) too; nowhere by default.
        language :
            ``vi`` or ``en``.

        Examples
        --------
        >>> run.report("20", language="en").section("targets").title
        'Target by target: will it be met?'
        """
        from pathlib import Path as FilePath

        from toolkit.base.files import write_atomic
        from toolkit.reports.area_report import build_area_document
        from toolkit.reports.formats import document_html

        context = self.context(area, language)
        made = build_area_document(
            context.area, context.attainments, self.forecasts, self.dataset, self.plan,
            language=context.words.language, run=self.facts,
        )  # fmt: skip
        if file:
            write_atomic(FilePath(file), document_html(made))
        return made

    def _repr_html_(self) -> str:
        from markupsafe import escape

        return f"<p>{escape(repr(self))}</p>"


@wraps(session.compute_run)
def compute_run(*args: Any, **options: Any) -> Run:
    """Load the data, make all forecasts, and return both, see :func:`toolkit.run.session.compute_run`."""
    return _run(session.compute_run(*args, **options))


@wraps(session.open_run)
def open_run(*args: Any, **options: Any) -> Run:
    """Open the forecasts of a run, see :func:`toolkit.run.session.open_run`."""
    return _run(session.open_run(*args, **options))


def _run(made: session.Run) -> Run:
    return Run(made.dataset, made.plan, made.forecasts, made.stored)


def official_answers(run: Run, area: str | int, target: str) -> pd.DataFrame:
    """Return what seven other systems say of a target about a level, for comparison and never as our verdict.

    One row a system: its class in its own words, whether that is "on track", and its number; the toolkit's verdict and
    probability come last.

    They read the area's own published figures on the newest standard and know no uncertainty, no break and no
    stand-in: the figures of the stand-in itself are used where the target is seen through one.

    Raises
    ------
    UsageError
        For a target that is no level, or fewer than two figures on the newest standard.

    Examples
    --------
    >>> official_answers(run, "20", "T45-02")["system"].tolist()[:3]
    ['UNSD 2022', 'UNSD 2023', 'Eurostat']
    """
    answer = run.ask(area, target)
    asked, path = run.plan.target(target), answer.path
    if not isinstance(asked.rule, LevelRule) or path is None:
        raise UsageError(say("scenario.no_level", target=target), say("scenario.no_path.remedy"))
    figures = path.evidence.observations
    newest = [figure for figure in figures if figure.standard == figures[-1].standard]
    if len(newest) < 2:
        raise UsageError(say("scenario.few_figures", target=target, area=area), say("scenario.no_path.remedy"))
    found = official_verdicts(
        [figure.year for figure in newest],
        [figure.value for figure in newest],
        asked.rule.value,
        asked.due,
        direction="down" if asked.rule.op in ("<", "<=") else "up",
    )
    rows = [
        {"system": name, "verdict": one.verdict, "on_track": one.on_track, "value": one.value}
        if one
        else {"system": name, "verdict": "–"}
        for name, one in found.items()
    ]
    ours = verdict_words(answer.attainment.verdict)
    return pd.DataFrame([*rows, {"system": "toolkit", "verdict": ours, "value": answer.probability}])
