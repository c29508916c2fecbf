"""Several targets of an area at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from toolkit.api.answer import context_of
from toolkit.api.charts import MIDDLE, bars
from toolkit.api.shown import Shown
from toolkit.attainment.whatif.joint import Joint
from toolkit.attainment.whatif.joint import joint as joint_of
from toolkit.reports.wording import Words
from toolkit.run.session import Run
from toolkit.scenario.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True, repr=False)
class Together(Shown):
    """Several targets of one area on the same draws.

    Attributes
    ----------
    joint :
        Which draws meet which target.
    place, words :
        The area's name inside a sentence, and the words.
    """

    joint: Joint
    place: str
    words: Words

    @property
    def wording(self) -> Words:
        """The words of the result's language."""
        return self.words

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
        chance = self.wording.numbers.probability(found.all_met, bound=found.bound)
        error = self.wording.numbers.decimal(100 * found.error(found.all_met), 1)
        expected = self.wording.numbers.decimal(found.expected, 1)
        fields = {"area": self.place, "count": len(found.target_ids), "chance": chance, "error": error}
        share = self.wording.numbers.percent(failing[first])
        said = self.wording.texts.t("scenario.together.text", **fields, expected=expected, first=first, share=share)
        if not found.left_out:
            return said
        lacking = self.wording.texts.t("scenario.together.left_out", targets=self.wording.listed(found.left_out))
        return f"{said}\n{lacking}"

    def at_least(self, count: int) -> float:
        """Return P(at least `count` of the targets are met)."""
        return self.joint.at_least(count)

    @property
    def all_met(self) -> float:
        """P(every target is met)."""
        return self.joint.all_met

    def plot(self) -> Figure:
        """Return P(at least k targets are met) for every k."""
        t, total = self.wording.texts.t, len(self.joint.target_ids)
        counts = range(1, total + 1)
        names = [t("scenario.column.at_least", count=count) for count in counts]
        chances = {t("scenario.chart.chance"): [self.at_least(count) for count in counts]}
        title = t("scenario.together.title", count=total, area=self.place)
        return bars(title, names, chances, (MIDDLE,), self.wording, alt=self.text)


def joint(
    run: Run,
    area: str,
    targets: Sequence[str] | None = None,
    *,
    scenario: Scenario | None = None,
    language: str = "",
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
    return Together(joint_of(run.plan, context.area, run.dataset, forecasts, targets), context.area_name, context.words)
