"""The learned weights as text: ``weights.json``, every coefficient by its name."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np

from toolkit.models.experts import COMMON, DEVIATION, UNIT
from toolkit.models.gate import FEATURES, Coefficients

__all__ = ["Gates", "from_document", "gates_of", "learned"]

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


def from_document(document: dict[str, Any]) -> Coefficients:
    """Return the coefficients of one gate, which a weights file holds by name."""
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
