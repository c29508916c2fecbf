"""One question to a run: an answer with its table, its text and its chart."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from toolkit.api.charts import draw_fan
from toolkit.api.shown import Shown
from toolkit.attainment.result import Attainment
from toolkit.attainment.table import attainment_table
from toolkit.base.errors import UsageError
from toolkit.base.texts import interface_language, say, texts
from toolkit.forecast.paths import Path
from toolkit.reports.context import Context, SourceBook
from toolkit.reports.wording import Words, words
from toolkit.run.session import Run

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True, repr=False)
class Answer(Shown):
    """The answer to one target in one area.

    Attributes
    ----------
    attainment :
        All numbers of the answer.
    context :
        What its words are made from.
    """

    attainment: Attainment
    context: Context

    @property
    def wording(self) -> Words:
        """The words of the answer's language."""
        return self.context.words

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
        return attainment_table(
            [self.attainment], self.context.dataset, self.context.plan, self.context.words.texts
        )  # fmt: skip

    @property
    def text(self) -> str:
        """The answer in a sentence."""
        context, found = self.context, self.attainment
        wording = context.words
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

    def plot(self) -> Figure:
        """Return a fan chart of the judged indicator with its figures and the target.

        Raises
        ------
        UsageError
            If there is no evidence to draw.
        """
        if self.path is None:
            found = self.attainment
            message = say("scenario.no_path", indicator=found.target_id, scope="", area=found.area_code)
            raise UsageError(message, say("scenario.no_path.remedy"))
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
    return Answer(found, context)
