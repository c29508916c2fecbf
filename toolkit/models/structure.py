"""A structure: a bank with its prior, fitted to one panel."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from toolkit.models.bank import Bank
from toolkit.models.grid import Grid, first_layer, typical_step
from toolkit.models.kalman import Filtered, Start, run_filter
from toolkit.models.links import FloatArray, Link
from toolkit.models.posterior import PanelPrior, Posterior, update_panel

__all__ = ["Fit", "Structure", "fit", "levels_of_peers", "measure_of"]

SMALLEST_SCALE = 0.002
SMALLEST_MEASURE = 1e-100
# Two counts of one year never differ by the jump alone; relative to the squared scale.
SECOND_VALUE_NOISE = 0.1
# Link scale; what a level may be where neither peers nor a parent say anything.
WIDE_LEVEL = {"logit": (0.0, 1.5), "log": (0.0, 3.0), "identity": (0.0, 3.0)}


@dataclass(frozen=True)
class Structure:
    """A bank, what is believed about it, and whether the panel's median step enters as drift."""

    bank: Bank
    prior: PanelPrior
    drifts: bool


@dataclass(frozen=True)
class Fit:
    """A structure fitted to a panel.

    Attributes
    ----------
    structure :
        What was fitted.
    filtered :
        The pass that scored the members.
    posterior :
        Members and scales.
    drift :
        The panel's median yearly step (link scale).
    extra_noise :
        Shape (N, T, L): measurement variance relative to the panel's squared scale.
    """

    structure: Structure
    filtered: Filtered
    posterior: Posterior
    drift: float
    extra_noise: FloatArray


def measure_of(grid: Grid, link: Link) -> float:
    """Return the size that priors are relative to: 1 on logit and log, the data's spread on identity."""
    if link != "identity":
        return 1.0
    values = grid.value[np.isfinite(grid.value)]
    spread = float(np.std(values)) if values.size else 0.0
    typical = float(np.abs(values).mean()) if values.size else 0.0
    size = spread if spread > 1e-6 * typical else 0.1 * typical
    return size if size > SMALLEST_MEASURE else 1.0


def levels_of_peers(grid: Grid, link: Link) -> tuple[float, float]:
    """Return mean and standard deviation of the units' last levels (wide where fewer than two are known)."""
    value = first_layer(grid)
    seen = np.isfinite(value)
    has = seen.any(axis=1)
    mean, sd = WIDE_LEVEL[link]
    sd *= measure_of(grid, link)
    if not has.any():
        return mean, sd
    last = value.shape[1] - 1 - seen[:, ::-1].argmax(axis=1)
    levels = value[np.arange(value.shape[0]), last][has]
    # one prior observation keeps two like peers from promising certainty
    spread = np.sqrt((sd**2 + ((levels - levels.mean()) ** 2).sum()) / levels.size)
    return float(levels.mean()), float(spread)


def median_step(grid: Grid) -> float:
    """Return the median of the units' mean yearly steps, 0 where no unit has two years."""
    steps = typical_step(grid)
    known = np.isfinite(steps)
    return float(np.median(steps[known])) if known.any() else 0.0


def fit(grid: Grid, structure: Structure, measure: float, *, start_spread: float | None = None) -> Fit:
    """Score all members on a panel and update weights and scale.

    Parameters
    ----------
    grid :
        Observations on the base standard.
    structure :
        Bank and prior.
    measure :
        See :func:`measure_of`.
    start_spread :
        Standard deviation of the units' first levels around 0; None for unknown levels.
    """
    prior = structure.prior
    scaled = replace(prior, scale=prior.scale * measure)
    drift = median_step(grid) if structure.drifts else 0.0
    bank = structure.bank.column()
    guess = scaled.scale
    passes = 2 if (grid.noise > 0).any() or start_spread is not None else 1
    for _ in range(passes):
        extra = (grid.noise / guess) ** 2
        extra[..., 1:] += SECOND_VALUE_NOISE
        start = None if start_spread is None else Start(np.zeros(1), np.full(1, (start_spread / guess) ** 2))
        filtered = run_filter(bank, grid.value, extra, bank.drift_share * drift, start=start)
        posterior = update_panel(filtered, scaled, smallest_scale=SMALLEST_SCALE * measure)
        guess = posterior.panel_scale
    return Fit(structure, filtered, posterior, drift, extra)
