"""How much one figure more would narrow an answer: the value of information, from the joint draws."""

from __future__ import annotations

import numpy as np

from toolkit.forecast.paths import BoolArray, FloatArray

GROUPS = 10
"""Groups of draws by the figure that would be held; within one it counts as known."""
FEWEST = 2
"""Effective draws that a group needs to say anything of itself."""


def narrowing(met: BoolArray, figure: FloatArray, weights: FloatArray | None = None) -> float:
    """Return the share of an answer's uncertainty that knowing a figure is expected to remove.

    Parameters
    ----------
    met : (S,)
        Whether the target is met, draw by draw.
    figure : (S,)
        What the figure would be in the same draws.
    weights : (S,) or None
        Weights of the draws.

    Returns
    -------
    ``1 - E[p_g (1 - p_g)] / (p (1 - p))`` over groups g of draws with like figures: the expected reduction of the
    variance of a yes or no (law of total variance), 0..1. 0 where nothing is uncertain.

    Examples
    --------
    >>> random = np.random.Generator(np.random.PCG64(1))
    >>> now = random.standard_normal(4000)
    >>> round(narrowing(now > 0, now), 1), round(narrowing(random.standard_normal(4000) > 0, now), 1)
    (1.0, 0.0)
    """
    weight = np.full(met.shape, 1.0 / max(met.size, 1)) if weights is None else weights / weights.sum()
    share = float(weight @ met)
    total = share * (1.0 - share)
    if total <= 0 or np.ptp(figure) == 0:
        return 0.0
    order = np.argsort(figure, kind="stable")
    within = 0.0
    for group in np.array_split(order, GROUPS):
        mine = weight[group].sum()
        effective = mine**2 / np.square(weight[group]).sum() if mine > 0 else 0.0
        if effective < FEWEST:
            within += mine * total
            continue
        part = float(weight[group] @ met[group] / mine)
        within += mine * part * (1.0 - part) * effective / (effective - 1.0)  # a share of few draws looks too sure
    return float(np.clip(1.0 - within / total, 0.0, 1.0))
