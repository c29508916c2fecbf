"""Offsets between standards: estimated where both sides were observed, drawn from their prior elsewhere.

The likelihood of a panel as a function of one jump is computed on nodes of the prior's normal
score, first coarse, then fine around the mass; the other jumps stay at their posterior means.
Two sweeps settle their dependence, which is weak: the years beside a jump tell most about it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from toolkit.models.experts import UNIT
from toolkit.models.grid import Grid, median_step, unit_of_measure
from toolkit.models.panel import FloatArray, Jump, Panel, Paths
from toolkit.models.posterior import PanelPrior, fit_bank
from toolkit.models.sampling import OFFSETS, stream

COARSE = np.linspace(-4.0, 4.0, 25)
FINE_NODES = 31
SWEEPS = 2
NEGLIGIBLE = 12.0  # log density below the mode


def draw_offsets(panel: Panel, grid: Grid, *, draws: int, seed: int, parent: Paths | None) -> FloatArray:
    """Draw the offset of every segment, shape (S, K), the base standard's being 0.

    Parameters
    ----------
    panel, grid :
        Observations, and the declared jumps.
    draws, seed :
        Number of draws and seed.
    parent :
        Its offsets are taken over where it has the segment.
    """
    segments = grid.segments
    ordered = sorted(panel.jumps, key=lambda jump: jump.year)
    nodes = {jump.after: (COARSE, -0.5 * COARSE**2) for jump in ordered}
    means = {jump.after: 0.0 for jump in ordered}
    inherited = set() if parent is None else set(parent.segments)
    estimated = [jump for jump in ordered if jump.after not in inherited and both_sides_observed(grid, jump)]
    measure = unit_of_measure(grid, panel.scale.link)

    def log_likelihood(offsets: FloatArray) -> float:
        moved = grid.shifted(offsets)
        fitted, _ = fit_bank(moved, UNIT.bank, PanelPrior(UNIT.weights), measure, drift=median_step(moved))
        return fitted.log_likelihood

    for _ in range(SWEEPS if len(estimated) > 1 else 1):
        for jump in estimated:
            nodes[jump.after] = posterior_nodes(jump, ordered, means, segments, log_likelihood)
            score, log_density = nodes[jump.after]
            weight = np.exp(log_density - log_density.max()) * np.gradient(score)
            means[jump.after] = float((weight * score).sum() / weight.sum())
    sizes = {}
    for jump in ordered:
        score = stream(seed, -1, OFFSETS + segments.index(jump.after)).standard_normal(draws)
        sizes[jump.after] = jump.at(from_nodes(*nodes[jump.after], score) if jump in estimated else score)
    offsets = accumulate(ordered, sizes, segments, draws)
    for position, segment in enumerate(segments):
        if parent is not None and segment in inherited:
            offsets[:, position] = parent.offsets[:, parent.segments.index(segment)]
    return offsets


def both_sides_observed(grid: Grid, jump: Jump) -> bool:
    """Tell whether any unit was observed on both sides of the jump."""
    seen = np.isfinite(grid.value)
    position = grid.segments.index(jump.after)
    after = (seen & (grid.segment >= position)).any(axis=(1, 2))
    before = (seen & (grid.segment < position)).any(axis=(1, 2))
    return bool((after & before).any())


def accumulate(ordered: list[Jump], sizes: dict[int, FloatArray], segments: tuple[int, ...], draws: int) -> FloatArray:
    """Add the jumps up along the chain of standards: offsets (S, K), given the sizes (S,) by segment."""
    offsets = np.zeros((draws, len(segments)))
    for jump in ordered:
        offsets[:, segments.index(jump.after)] = offsets[:, segments.index(jump.before)] + sizes[jump.after]
    return offsets


def posterior_nodes(
    jump: Jump,
    ordered: list[Jump],
    means: dict[int, float],
    segments: tuple[int, ...],
    log_likelihood: Callable[[FloatArray], float],
) -> tuple[FloatArray, FloatArray]:
    """Return nodes of the normal score and the log posterior density there."""

    def log_density(scores: FloatArray) -> FloatArray:
        found = []
        for score in scores:
            chosen = {**means, jump.after: float(score)}
            sizes = {other.after: np.atleast_1d(other.at(chosen[other.after])) for other in ordered}
            found.append(log_likelihood(accumulate(ordered, sizes, segments, 1)[0]) - 0.5 * score**2)
        return np.array(found)

    scores = COARSE
    for _ in range(2):
        density = log_density(scores)
        kept = np.flatnonzero(density > density.max() - NEGLIGIBLE)
        low, high = max(kept[0] - 1, 0), min(kept[-1] + 1, scores.size - 1)
        scores = np.linspace(scores[low], scores[high], FINE_NODES)
    return scores, log_density(scores)


def from_nodes(scores: FloatArray, log_density: FloatArray, standard_normal: FloatArray) -> FloatArray:
    """Map standard normal draws to the density given on nodes (piecewise linear distribution function)."""
    from scipy.special import ndtr

    density = np.exp(log_density - log_density.max())
    steps = np.diff(scores) * (density[1:] + density[:-1]) / 2.0
    cumulative = np.concatenate([[0.0], np.cumsum(steps)])
    return np.asarray(np.interp(ndtr(standard_normal), cumulative / cumulative[-1], scores))
