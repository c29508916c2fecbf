"""Other systems' verdicts on a target of the plan, beside our probability."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolkit.api.answer import ask
from toolkit.attainment.official.verdicts import official_verdicts
from toolkit.base.errors import UsageError
from toolkit.base.texts import say
from toolkit.plan.targets import LevelRule
from toolkit.run.session import Run

if TYPE_CHECKING:
    import pandas as pd


def official_answers(run: Run, area: str, target: str) -> pd.DataFrame:
    """Return what seven other systems say of a target about a level, for comparison and never as our verdict.

    They read the area's own published figures on the newest standard and know no uncertainty, no break and no
    stand-in: the figures of the stand-in itself are used where the target is seen through one.

    Raises
    ------
    UsageError
        For a target that is no level, or fewer than two figures on the newest standard.
    """
    import pandas as pd

    answer = ask(run, area, target, language="en")
    rule, path = run.plan.target(target).rule, answer.path
    if not isinstance(rule, LevelRule) or path is None:
        raise UsageError(say("scenario.no_pace_for", target=target), say("scenario.no_path.remedy"))
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
    rows = [
        {
            "system": name,
            "verdict": one.verdict if one else "–",
            "on_track": one.on_track if one else None,
            "value": one.value if one else None,
        }
        for name, one in found.items()
    ]
    ours = {"system": "toolkit", "verdict": answer.attainment.verdict.replace("_", " "), "value": answer.probability}
    return pd.DataFrame([*rows, ours])
