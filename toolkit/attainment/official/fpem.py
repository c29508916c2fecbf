"""Track20's FPEM: probability of a target from draws."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def probability(draws: Sequence[float], cutoff: float, relative_to: Sequence[float] | None = None) -> float:
    """Return the share of draws above a cut-off; with `relative_to`, of the differences draw by draw."""
    values = np.asarray(draws, dtype=np.float64)
    if relative_to is not None:
        values = values - np.asarray(relative_to, dtype=np.float64)
    return float(np.mean(values > cutoff))
