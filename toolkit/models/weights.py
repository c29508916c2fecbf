"""The learned weights as text: ``weights.json``, a gate a fold, every coefficient by its name."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np

from toolkit.models.experts import COMMON, DEVIATION, UNIT
from toolkit.models.gate import FEATURES, Coefficients, Gates

__all__ = ["as_text", "from_document", "gates_of", "learned", "to_document"]

EXPERTS = {"common": COMMON.names, "deviation": DEVIATION.names, "unit": UNIT.names}
TEMPERED = ("common", "deviation_panel", "deviation_own", "unit_panel", "unit_own")
DISAGREEING = ("common_experts", "unit_experts", "common_variance", "deviation_experts")


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


def gates_of(text: str) -> dict[str, Gates]:
    """Return the gates of a weights file: ``panels``, and ``single`` for panels of one unit."""
    document = json.loads(text)
    return {part: tuple(from_document(one) for one in document[part]) for part in ("panels", "single")}


@lru_cache(maxsize=1)
def learned() -> dict[str, Gates]:
    """Return the gates in use."""
    return gates_of(files("toolkit.models").joinpath("weights.json").read_text(encoding="utf-8"))
