"""Answers to one question: ours, and what seven other systems say; each with its table, its text and its chart."""

from __future__ import annotations

import textwrap
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from toolkit.attainment.attainment import Attainment, attainment_table, verdict_words
from toolkit.attainment.official import Official, official_verdicts
from toolkit.base.errors import UsageError
from toolkit.base.texts import interface_language, say, texts
from toolkit.forecast.paths import Path
from toolkit.plan.rules import LevelRule
from toolkit.reports.context import Context, SourceBook
from toolkit.reports.wording import Words, words
from toolkit.run.session import Run
from toolkit.scenario.propagate import no_path

if TYPE_CHECKING:
    import pandas as pd

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

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002  (IPython gives both)
        printer.text(self.text)


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
        import pandas as pd

        held = self.path.evidence.observations if self.path is not None else ()
        publisher = self.context.sources.publisher
        return pd.DataFrame(
            [
                {
                    "year": one.year,
                    "value": one.value,
                    "status": one.status,
                    "standard": one.standard,
                    "source_id": one.source_id,
                    "publisher": publisher(one.source_id),
                    "overruled": "; ".join(f"{loser.value} ({loser.source_id})" for loser in one.overruled),
                }
                for one in held
            ],
            columns=["year", "value", "status", "standard", "source_id", "publisher", "overruled"],
        )

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


def context_of(run: Run, area: str, language: str = "") -> Context:
    """Return an area with all its answers and the words of a language (the interface's by default).

    Raises
    ------
    UsageError
        For an unknown area, with the nearest names.
    """
    found = run.dataset.areas.find(area, on=run.dataset.as_of)
    answers = run.attainments(found.code)
    wording, book = words(texts(language or interface_language()).language), SourceBook(run.dataset.sources)
    return Context(found, answers, run.forecasts, run.dataset, run.plan, run.facts, wording, book)


def footnotes(context: Context, found: Attainment, note: str) -> list[str]:
    """Return what a chart rests on: who published its figures, and what stands in for what."""
    path = context.path(found)
    figures = path.evidence.observations if path is not None else ()
    publishers = dict.fromkeys(context.sources.publisher(figure.source_id) or figure.source_id for figure in figures)
    day = context.words.day(context.facts.as_of)
    lines = [note] if note else []
    lines.append(context.words.texts.t("scenario.chart.sources", sources="; ".join(publishers) or "–", day=day))
    return [part for line in lines for part in textwrap.wrap(line, 125)]


def ask(run: Run, area: str, target: str, *, language: str = "") -> Answer:
    """Return the answer to one target in one area.

    Parameters
    ----------
    run :
        Of :func:`toolkit.compute_run` or :func:`toolkit.open_run`.
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
    >>> answer = ask(run, "Bình Gia", "T30-03", language="en")
    >>> answer.attainment.bound, answer.attainment.grade
    ('at_least', 'B·D')
    >>> answer.figures["year"].tolist()
    [2018]
    """
    run.plan.target(target)
    context = context_of(run, area, language)
    (found,) = (item for item in context.attainments if item.target_id == target)
    return Answer(context, found)


@dataclass(frozen=True, repr=False)
class Officials(Shown):
    """Seven other systems' verdicts beside our probability.

    Attributes
    ----------
    verdicts :
        By system; None where its rule gives no class.
    answer :
        Ours.
    """

    verdicts: dict[str, Official | None]
    answer: Answer

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row a system: its class in its own words, its number, whether that is "on track"; ours last."""
        import pandas as pd

        rows = [
            {
                "system": name,
                "verdict": one.verdict if one else "–",
                "on_track": one.on_track if one else None,
                "value": one.value if one else None,
            }
            for name, one in self.verdicts.items()
        ]
        ours = verdict_words(self.answer.attainment.verdict)
        return pd.DataFrame([*rows, {"system": "toolkit", "verdict": ours, "value": self.answer.probability}])

    @property
    def text(self) -> str:
        """How many say on track, and our probability."""
        found, given = self.answer.attainment, [one for one in self.verdicts.values() if one]
        return self.wording.texts.t(
            "scenario.official.text",
            target=found.target_id,
            area=self.context.area_name,
            on_track=sum(one.on_track for one in given),
            count=len(given),
            chance=self.wording.numbers.probability(found.probability, bound=found.bound),
            verdict=self.wording.verdict(found.verdict),
        )

    def plot(self) -> Chart:
        """Return yes and no as bars of 1 and 0, which is what such a verdict says as a forecast, beside ours."""
        from toolkit.api.charts import bars

        t = self.wording.texts.t
        given = {name: float(one.on_track) for name, one in self.verdicts.items() if one}
        given[t("scenario.official.ours")] = self.answer.probability or 0.0
        title = t("scenario.official.title", target=self.answer.attainment.target_id, area=self.context.area_name)
        return bars(title, given, self.wording, alt=self.text)


def official_answers(run: Run, area: str, target: str, *, language: str = "") -> Officials:
    """Return what seven other systems say of a target about a level, for comparison and never as our verdict.

    They read the area's own published figures on the newest standard and know no uncertainty, no break and no
    stand-in: the figures of the stand-in itself are used where the target is seen through one.

    Raises
    ------
    UsageError
        For a target that is no level, or fewer than two figures on the newest standard.

    Examples
    --------
    >>> official_answers(run, "20", "T45-02").table["system"].tolist()[:3]
    ['UNSD 2022', 'UNSD 2023', 'Eurostat']
    """
    answer = ask(run, area, target, language=language)
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
    return Officials(answer.context, found, answer)
