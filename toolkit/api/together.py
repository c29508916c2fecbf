"""Several targets of an area at once, and effort spread over areas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from toolkit.api.answer import context_of
from toolkit.api.charts import MIDDLE, USUAL, bars
from toolkit.api.shown import Shown
from toolkit.attainment.whatif.budget import Spread
from toolkit.attainment.whatif.budget import spread_budget as best_spread
from toolkit.attainment.whatif.joint import Joint
from toolkit.attainment.whatif.joint import joint as joint_of
from toolkit.base.texts import interface_language, texts
from toolkit.reports.wording import Words
from toolkit.reports.wording import words as words_of
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


@dataclass(frozen=True, repr=False)
class Effort(Shown):
    """A budget of effort spread over areas so that most targets are expected to be met.

    Attributes
    ----------
    spread, names :
        What each area gets and what follows, and the areas' names.
    words :
        Words and number format.
    """

    spread: Spread
    names: tuple[str, ...]
    words: Words

    @property
    def wording(self) -> Words:
        """The words of the result's language."""
        return self.words

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row an area and target: its effort, and P(target) as usual, with an even spread, with the best one."""
        import pandas as pd

        found = self.spread
        columns = {"effort": found.efforts, "usual": found.usual, "evenly": found.evenly, "best": found.best}
        return pd.DataFrame(
            {"area_code": found.area_codes, "area": self.names, "target_id": found.target_ids} | columns
        )

    @property
    def text(self) -> str:
        """How many targets are expected to be met: as usual, spread evenly, spread best."""
        usual, evenly, best = (self.wording.numbers.decimal(count, 1) for count in self.spread.expected)
        t = self.wording.texts.t
        caption = t("scenario.page.budget_caption", budget=self.budget, target=self.wording.listed(self.spread.targets))
        return f"{caption}. {t('scenario.page.budget_lead', usual=usual, evenly=evenly, best=best)}"

    @property
    def budget(self) -> str:
        """The budget as printed."""
        return self.wording.numbers.plain(self.spread.budget)

    def plot(self) -> Figure:
        """Return each area's P(target) as usual and with the best spread."""
        t, found = self.wording.texts.t, self.spread
        title = t("scenario.page.budget_caption", budget=self.budget, target=self.wording.listed(found.targets))
        shown = {t("scenario.usual"): found.usual, t("scenario.chart.best"): found.best}
        several = len(found.targets) > 1
        names = [
            f"{area} {target}" if several else area for area, target in zip(self.names, found.target_ids, strict=True)
        ]
        return bars(title, names, shown, (USUAL, MIDDLE), self.wording, alt=self.text)


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
    return Together(joint_of(run.plan, context.area, run.dataset, forecasts, targets), context.here, context.words)


def spread_budget(
    run: Run, targets: Sequence[str], budget: float, areas: Sequence[str] = (), *, language: str = ""
) -> Effort:
    """Spread a budget of effort over areas so that the expected number of targets met is largest.

    Parameters
    ----------
    run, targets :
        Whose forecasts, and which targets of the plan.
    budget :
        In units of the link scale at the due year, summed over areas; a logit of 1 multiplies the odds by 2.7.
    areas :
        Codes or names; by default all districts of the plan's province.
    language :
        ``vi`` or ``en``.

    Raises
    ------
    UsageError
        If the budget is not positive, or an area has no forecast.

    Examples
    --------
    >>> effort = spread_budget(run, ["T45-02"], 4.0)
    >>> as_usual, evenly, best = effort.spread.expected
    >>> as_usual < evenly < best
    True

    See Also
    --------
    toolkit.attainment.whatif.budget.spread_budget : how, and what it takes for granted.
    """
    dataset = run.dataset
    chosen = areas or [
        one.code for one in dataset.areas.all(level="district") if one.parent_code == run.plan.province_code
    ]
    found = best_spread(run.forecasts, dataset, run.plan, targets, chosen, budget)
    wording = words_of(texts(language or interface_language()).language)
    names = tuple(dataset.areas.get(code).name(wording.language) for code in found.area_codes)
    return Effort(found, names, wording)
