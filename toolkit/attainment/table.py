"""All answers as one table: ``attainment.csv``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from toolkit.attainment.attainment import Attainment
from toolkit.attainment.wording import notes_text
from toolkit.base.texts import Texts
from toolkit.data.dataset import Dataset
from toolkit.plan.plan import Plan

if TYPE_CHECKING:
    import pandas as pd

FIRST_COLUMNS = (
    "area_code", "area_name", "level", "target_id", "due",
    "outcome", "probability", "verdict", "grade", "proxy", "missing",
)  # fmt: skip
COLUMNS = (
    *FIRST_COLUMNS, "bound", "target_name", "clause", "indicator", "scope", "unit",
    "expected", "low80", "high80", "last_value", "last_year", "last_status", "last_qualifier", "last_standard",
    "last_source", "last_indicator", "last_scope", "last_unit", "overruled",
    "required_pace", "recent_pace", "recent_pace_years", "pace_unit", "peers_pace_share", "peers_count", "year_reached",
    "probability_same_standard", "probability_stretch", "probability_basically", "probability_average", "years_met",
    "areas_meeting", "areas_total", "inferred", "horizon", "mc_error", "effective_draws", "notes",
)  # fmt: skip
ATTRIBUTES = {"low80": "low", "high80": "high", "mc_error": "monte_carlo_error"}
"""Attributes of an answer whose column has another name."""
WHOLE = ("last_year", "year_reached", "horizon", "areas_meeting", "areas_total", "peers_count")
PLACES = 10
"""Decimal places kept of computed numbers: what lies beyond is rounding noise of the machine."""


def attainment_table(attainments: Sequence[Attainment], dataset: Dataset, plan: Plan, texts: Texts) -> pd.DataFrame:
    """Return one row an answer.

    Parameters
    ----------
    attainments :
        Answers, in the order wanted.
    dataset, plan :
        Names of areas, indicators and standards; names of targets.
    texts :
        Language of `missing`, `notes` and the names; ids and verdicts stay the same in every language.

    Returns
    -------
    pandas.DataFrame
        Columns :data:`FIRST_COLUMNS`, then all else that a reviewer needs. Numbers that do not exist are empty.
    """
    import pandas as pd

    rows = attainment_rows(attainments, dataset, plan, texts)
    table = pd.DataFrame(rows, columns=list(COLUMNS if rows else FIRST_COLUMNS))
    return table.astype({name: "Int64" for name in WHOLE if name in table})


def attainment_rows(
    attainments: Sequence[Attainment], dataset: Dataset, plan: Plan, texts: Texts
) -> list[dict[str, object]]:
    """Return the rows of :func:`attainment_table`, None where a number does not exist."""
    return [_row(attainment, dataset, plan, texts) for attainment in attainments]


def verdict_words(verdict: str) -> str:
    """Return a verdict in plain English, as the table has it.

    >>> verdict_words("about_as_likely_as_not")
    'about as likely as not'
    """
    return verdict.replace("_", " ")


def _row(answer: Attainment, dataset: Dataset, plan: Plan, texts: Texts) -> dict[str, object]:
    area, target = dataset.areas.get(answer.area_code), plan.target(answer.target_id)
    met, total = answer.areas_met or (None, None)
    told = {
        "area_name": area.name_vi,
        "level": area.level,
        "verdict": verdict_words(answer.verdict),
        "missing": notes_text(answer.missing, dataset, texts),
        "bound": answer.bound if answer.outcome == "probability" else "",
        "target_name": target.name(texts.language),
        "clause": target.clause,
        "indicator": target.indicator,
        "scope": target.scope,
        "overruled": "; ".join(f"{other.value:g} ({other.year}, {other.source_id})" for other in answer.overruled),
        "recent_pace_years": "-".join(str(year) for year in answer.recent_pace_years or ()),
        "years_met": "; ".join(f"{year}: {share:.3f}" for year, share in answer.years_met),
        "areas_meeting": met,
        "areas_total": total,
        "inferred": "; ".join(answer.inferred),
        "notes": notes_text(answer.notes, dataset, texts),
    }
    return {name: told[name] if name in told else _kept(answer, ATTRIBUTES.get(name, name)) for name in COLUMNS}


def _kept(answer: Attainment, name: str) -> object:
    value: object = getattr(answer, name)
    return float(round(value, PLACES)) if isinstance(value, float) else value
