"""UN regional commissions (ESCAP, UNECE): current status and anticipated progress indices.

The first as in a public function of UNICEF; the second's cut-offs, 10 and 100 %, are recalled and unverified.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from toolkit.attainment.official.growth import Direction, Official, meets

CLASSES = ("maintain (on track)", "accelerate", "reverse")


def escap_status(base: float, current: float, target: float, *, direction: Direction | None) -> Official:
    """Return the current status index: 0 where the base stood, 10 at the target. No direction means parity.

    >>> round(escap_status(20.0, 12.0, 5.0, direction="down").value or 0, 4)
    5.3333
    """
    if direction is None:
        value = 10.0 - 10.0 * abs(target - current) / abs(target - base)
    else:
        value = (10.0 if direction == "up" else -10.0) * (current - base) / abs(target - base)
    verdict = "progress made" if value > 0 else "regressed" if value < 0 else "no change"
    return Official("ESCAP", "current status index", value, verdict, on_track=value >= 10.0)


def escap_anticipated(base: float, predicted: float, target: float, *, direction: Direction) -> Official:
    """Return the anticipated progress index: the gap left at the target year, in per cent of the way required."""
    gap = 0.0 if meets(predicted, target, direction) else 100.0 * abs(target - predicted) / abs(target - base)
    rank = 0 if gap <= 10.0 else 1 if gap <= 100.0 else 2
    return Official("ESCAP", "anticipated progress index", gap, CLASSES[rank], on_track=rank == 0)


def weighted_line(years: Sequence[int], values: Sequence[float], target_year: int) -> float:
    """Return the value at `target_year` of a regression line that weights recent years more (1, 2, … n).

    The commissions' own weights were not read; these are ours.
    """
    x, y = np.asarray(years, dtype=np.float64), np.asarray(values, dtype=np.float64)
    weights = np.arange(1.0, len(x) + 1.0)
    centre = weights @ x / weights.sum()
    spread = weights @ (x - centre) ** 2
    slope = weights @ ((x - centre) * y) / spread if spread > 0 else 0.0
    return float(weights @ y / weights.sum() + slope * (target_year - centre))
