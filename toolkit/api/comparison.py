"""What a scenario changes in one area: a table, a text, a chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from toolkit.api.answer import context_of
from toolkit.api.charts import draw_fan, median_line
from toolkit.api.shown import Shown
from toolkit.attainment.whatif.effect import Effect, effects
from toolkit.attainment.whatif.joint import Joint, joint
from toolkit.attainment.whatif.table import effects_table
from toolkit.base.errors import UsageError
from toolkit.base.texts import say
from toolkit.forecast.store import Forecasts
from toolkit.reports.context import Context
from toolkit.reports.wording import Words
from toolkit.run.session import Run
from toolkit.scenario.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True, repr=False)
class Comparison(Shown):
    """A scenario beside business as usual, in one area.

    Attributes
    ----------
    name :
        The scenario's.
    effects :
        What changes, target by target.
    joint, usual_joint :
        All these targets at once, with and without the scenario.
    context, usual :
        What words and charts are made from; forecasts as usual.
    """

    name: str
    effects: tuple[Effect, ...]
    joint: Joint
    usual_joint: Joint
    context: Context
    usual: Forecasts

    @property
    def wording(self) -> Words:
        """The words of the comparison's language."""
        return self.context.words

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row a target: both probabilities, the change with its simulation error, what it stands for, pace."""
        return effects_table(self.effects, self.name)

    @property
    def text(self) -> str:
        """The comparison in sentences."""
        words = self.context.words
        chances = words.numbers.probability
        sentences = [
            words.texts.t(
                "scenario.page.answer",
                scenario=self.name or "–",
                target=f"{item.target_id} ({self.context.name(item.changed)})",
                before=chances(item.usual.probability, bound=item.usual.bound),
                after=chances(item.changed.probability, bound=item.changed.bound),
            )
            for item in self.effects
            if item.change
        ]
        return "\n".join(sentences) or words.texts.t("scenario.page.no_answer")

    def plot(self, target: str = "") -> Figure:
        """Return the fan chart of a target in the scenario with the usual median beside it.

        Parameters
        ----------
        target :
            By default the one whose chance changes most.
        """
        ranked = sorted(self.effects, key=lambda item: -abs(item.change or 0.0))
        named = [item for item in ranked if target in ("", item.target_id)]
        drawn = next((item for item in named if self.context.path(item.changed) is not None), None)
        if drawn is None:
            message = say("scenario.no_path", indicator=target, scope="", area=self.context.area.code)
            raise UsageError(message, say("scenario.no_path.remedy"))
        judged = self.context.target(drawn.changed)
        before = self.usual.path(self.context.area.code, judged.indicator, judged.scope)
        return draw_fan(self.context, drawn.changed, median_line(before, drawn.due))

    def shown(self) -> pd.DataFrame:
        """Return the columns that a notebook displays."""
        return self.table[
            ["target_id", "due", "probability_usual", "probability", "change", "change_error", "verdict", "grade"]
        ]


def what_if(run: Run, name: str = "") -> Scenario:
    """Return the beginning of a scenario: everything as forecast, verbs to follow.

    >>> what_if(run, "storm").shock("poverty_rate", 2028, points=5).peers_pace("poverty_rate", areas=["20"])
    <Scenario storm: shock → peers_pace>
    """
    return Scenario(run.forecasts, run.dataset, run.plan, name)


def compare(
    run: Run, scenario: Scenario, area: str, targets: Sequence[str] | None = None, *, language: str = ""
) -> Comparison:
    """Return what a scenario changes in one area.

    Parameters
    ----------
    run, scenario :
        The run that the scenario was begun from.
    area :
        Code or name.
    targets :
        Only these; by default all that have a probability or a settled answer.
    language :
        ``vi`` or ``en``.

    Raises
    ------
    UsageError
        For unknown names, or a verb that has nothing to act on.

    Examples
    --------
    >>> storm = what_if(run, "storm").shock("poverty_rate", 2028, points=5)
    >>> bool(compare(run, storm, "20", ["T30-03"]).table.loc[0, "change"] < 0)
    True
    """
    changed = replace(run, forecasts=scenario.forecasts)
    context = context_of(changed, area, language)
    plan, dataset = run.plan, run.dataset
    found = effects(plan, [context.area], dataset, run.forecasts, changed.forecasts, targets)
    both = [joint(plan, context.area, dataset, one.forecasts, targets) for one in (changed, run)]
    return Comparison(scenario.name, found, both[0], both[1], context, run.forecasts)
