"""Other systems' verdicts on a target of the plan, beside our probability."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from toolkit.api.answer import Answer, ask
from toolkit.api.charts import MIDDLE, bars
from toolkit.api.shown import Shown
from toolkit.attainment.official.growth import Official
from toolkit.attainment.official.verdicts import official_verdicts
from toolkit.attainment.table import verdict_words
from toolkit.base.errors import UsageError
from toolkit.base.texts import say
from toolkit.plan.targets import LevelRule
from toolkit.reports.wording import Words
from toolkit.run.session import Run

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


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

    @property
    def wording(self) -> Words:
        """The words of the answer's language."""
        return self.answer.wording

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
        words = self.wording
        return words.texts.t(
            "scenario.official.text",
            target=found.target_id,
            area=self.answer.context.area_name,
            on_track=sum(one.on_track for one in given),
            count=len(given),
            chance=words.numbers.probability(found.probability, bound=found.bound),
            verdict=words.verdict(found.verdict),
        )

    def plot(self) -> Figure:
        """Return yes and no as bars of 1 and 0, which is what such a verdict says as a forecast, beside ours."""
        t = self.wording.texts.t
        given = {name: float(one.on_track) for name, one in self.verdicts.items() if one}
        given[t("scenario.official.ours")] = self.answer.probability or 0.0
        title = t(
            "scenario.official.title", target=self.answer.attainment.target_id, area=self.answer.context.area_name
        )
        shown = {t("scenario.official.yes"): list(given.values())}
        return bars(title, list(given), shown, (MIDDLE,), self.wording, alt=self.text)


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
    rule, path = run.plan.target(target).rule, answer.path
    if not isinstance(rule, LevelRule) or path is None:
        raise UsageError(say("scenario.no_level", target=target), say("scenario.no_path.remedy"))
    figures = path.evidence.observations
    newest = [figure for figure in figures if figure.standard == figures[-1].standard]
    if len(newest) < 2:
        raise UsageError(say("scenario.few_figures", target=target, area=area), say("scenario.no_path.remedy"))
    found = official_verdicts(
        [figure.year for figure in newest],
        [figure.value for figure in newest],
        rule.value,
        run.plan.target(target).due,
        direction="down" if rule.op in ("<", "<=") else "up",
    )
    return Officials(found, answer)
