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
    table = pd.DataFrame(rows, columns=list(rows[0]) if rows else list(FIRST_COLUMNS))
    whole = ["last_year", "year_reached", "horizon", "areas_meeting", "areas_total", "peers_count"]
    return table.astype({name: "Int64" for name in whole if name in table})


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
    return {
        "area_code": answer.area_code,
        "area_name": area.name_vi,
        "level": area.level,
        "target_id": answer.target_id,
        "due": answer.due,
        "outcome": answer.outcome,
        "probability": _number(answer.probability),
        "verdict": verdict_words(answer.verdict),
        "grade": answer.grade,
        "proxy": answer.proxy,
        "missing": notes_text(answer.missing, dataset, texts),
        "bound": answer.bound if answer.outcome == "probability" else "",
        "target_name": target.name(texts.language),
        "clause": target.clause,
        "indicator": target.indicator,
        "scope": target.scope,
        "unit": answer.unit,
        **_figures(answer),
        **_paces(answer),
        **_readings(answer),
        "notes": notes_text(answer.notes, dataset, texts),
    }


def _figures(answer: Attainment) -> dict[str, object]:
    return {
        "expected": _number(answer.expected),
        "low80": _number(answer.low),
        "high80": _number(answer.high),
        "last_value": _number(answer.last_value),
        "last_year": answer.last_year,
        "last_status": answer.last_status,
        "last_qualifier": answer.last_qualifier,
        "last_standard": answer.last_standard,
        "last_source": answer.last_source,
        "last_indicator": answer.last_indicator,
        "last_scope": answer.last_scope,
        "last_unit": answer.last_unit,
        "overruled": "; ".join(f"{other.value:g} ({other.year}, {other.source_id})" for other in answer.overruled),
    }


def _paces(answer: Attainment) -> dict[str, object]:
    first, last = answer.recent_pace_years or (None, None)
    return {
        "required_pace": _number(answer.required_pace),
        "recent_pace": _number(answer.recent_pace),
        "recent_pace_years": "" if first is None else f"{first}-{last}",
        "pace_unit": answer.pace_unit,
        "peers_pace_share": _number(answer.peers_pace_share),
        "peers_count": answer.peers_count,
        "year_reached": answer.year_reached,
    }


def _readings(answer: Attainment) -> dict[str, object]:
    met, total = answer.areas_met or (None, None)
    return {
        "probability_same_standard": _number(answer.probability_same_standard),
        "probability_stretch": _number(answer.probability_stretch),
        "probability_basically": _number(answer.probability_basically),
        "probability_average": _number(answer.probability_average),
        "years_met": "; ".join(f"{year}: {share:.3f}" for year, share in answer.years_met),
        "areas_meeting": met,
        "areas_total": total,
        "inferred": "; ".join(answer.inferred),
        "horizon": answer.horizon,
        "mc_error": _number(answer.monte_carlo_error),
        "effective_draws": _number(answer.effective_draws),
    }


def _number(value: float | None) -> float | None:
    return None if value is None else float(round(value, PLACES))
