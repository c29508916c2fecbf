"""The learned weights as text: ``weights.json``, every coefficient by its name."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np

from toolkit.models.experts import COMMON, DEVIATION, UNIT
from toolkit.models.gate import FEATURES, Coefficients

__all__ = ["Gates", "as_text", "from_document", "gates_of", "learned", "to_document"]

EXPERTS = {"common": COMMON.names, "deviation": DEVIATION.names, "unit": UNIT.names}
TEMPERED = ("common", "deviation_panel", "deviation_own", "unit_panel", "unit_own")
DISAGREEING = ("common_experts", "unit_experts", "common_variance", "deviation_experts")


@dataclass(frozen=True)
class Gates:
    """What a weights file holds.

    Attributes
    ----------
    panels, single :
        The gates in use, for panels and for panels of one unit.
    panels_by_fold, single_by_fold :
        Gates that were learned without the indicators of a fold, by fold: they tell how the others would do on
        indicators that nothing was learned from.
    """

    panels: Coefficients
    single: Coefficients
    panels_by_fold: tuple[Coefficients, ...]
    single_by_fold: tuple[Coefficients, ...]


def to_document(learned_weights: Coefficients) -> dict[str, Any]:
    """Return the coefficients as plain nested dictionaries with names."""

    def number(value: float) -> float:
        return round(float(value), 4)

    document: dict[str, Any] = {}
    for part, names in EXPERTS.items():
        table = getattr(learned_weights, part)
        document[part] = {
            name: {feature: number(table[row, column]) for row, feature in enumerate(FEATURES)}
            for column, name in enumerate(names)
        }
    for part in ("structure", "spread_common", "spread_unit"):
        document[part] = {f: number(v) for f, v in zip(FEATURES, getattr(learned_weights, part), strict=True)}
    document["tempering"] = {n: number(v) for n, v in zip(TEMPERED, learned_weights.tempering, strict=True)}
    document["disagreement"] = {n: number(v) for n, v in zip(DISAGREEING, learned_weights.disagreement, strict=True)}
    return document


def from_document(document: dict[str, Any]) -> Coefficients:
    """Return the coefficients that :func:`to_document` wrote."""
    tables = {
        part: np.array([[document[part][name][feature] for name in names] for feature in FEATURES])
        for part, names in EXPERTS.items()
    }
    rows = {
        part: np.array([document[part][feature] for feature in FEATURES])
        for part in ("structure", "spread_common", "spread_unit")
    }
    return Coefficients(
        **tables,
        **rows,
        tempering=np.array([document["tempering"][name] for name in TEMPERED]),
        disagreement=np.array([document["disagreement"][name] for name in DISAGREEING]),
    )


def as_text(document: dict[str, Any]) -> str:
    r"""Return a document as JSON with one line an expert.

    Examples
    --------
    >>> as_text({"unit": {"no_change": {"constant": 0.5, "points": 1.0}}})
    '{\n "unit": {\n  "no_change": {"constant": 0.5, "points": 1.0}\n }\n}\n'
    """
    text = json.dumps(document, indent=1)
    return re.sub(r"\{\s+([^{}]*?)\s+\}", lambda found: "{" + " ".join(found[1].split()) + "}", text) + "\n"


def gates_of(text: str) -> Gates:
    """Return the gates of a weights file."""
    document = json.loads(text)
    panels, single = (from_document(document[part]) for part in ("panels", "single"))
    panels_by_fold, single_by_fold = (
        tuple(from_document(one) for one in document[f"{part}_by_fold"]) for part in ("panels", "single")
    )
    return Gates(panels, single, panels_by_fold, single_by_fold)


@lru_cache(maxsize=1)
def learned() -> Gates:
    """Return the gates that were learned from the panels that the project carries."""
    return gates_of(files("toolkit.models").joinpath("weights.json").read_text(encoding="utf-8"))
