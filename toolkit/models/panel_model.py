"""The model in use: unit paths, and a common path with deviations, mixed by the learned gate.

Marginal predictions are those of the gate, in closed form. Joint draws come from the common path
with deviations, so that units share its shocks; they are mapped by rank to the gate's marginals,
unit by unit and year by year. Children of a parent follow the parent's draws.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from toolkit.models.breaks import draw_offsets
from toolkit.models.children import fit_children
from toolkit.models.experts import ExpertFit, PanelFit, common_series, fit_experts
from toolkit.models.gate import Coefficients, common_weights, deviation_weights, gate_rows, learned, weigh
from toolkit.models.grid import Grid, grid_of, levels_of_peers
from toolkit.models.panel import FloatArray, Forecaster, IntArray, Panel, Paths
from toolkit.models.publish import Marginals, latest_segment, publish, segment_positions
from toolkit.models.sampling import UNSEEN, choose_members, normals, sample_levels

DrawUnits = Callable[[IntArray], Paths]
"""From numbers of units to their draws, always the same ones."""

# Keeps the random numbers of the common path apart from those of the units
COMMON_SEED = 1_000_003
DRAWS_FOR_QUANTILES = 4000


@dataclass(frozen=True)
class PanelModel:
    """Both structures and the gate, a forecaster.

    Attributes
    ----------
    name :
        Name under which it is asked for.
    gates :
        Gates for panels and for single units; None for the learned ones.
    """

    name: str = "default"
    gates: tuple[Coefficients, Coefficients] | None = None

    def paths(
        self,
        panel: Panel,
        years: Sequence[int],
        *,
        draws: int = 2000,
        seed: int = 0,
        segments: Sequence[int] | None = None,
        parent: Paths | None = None,
    ) -> Paths:
        """Return joint draws; see :class:`toolkit.models.panel.Forecaster`.

        Raises
        ------
        ValueError
            If the parent's paths lack a year that is asked for or observed, or differ in their
            number of draws; if an unknown segment is asked for.
        """
        asked = np.asarray(years, dtype=np.int64)
        if parent is not None:
            return fit_children(panel, asked, draws, seed, segments, parent).draw(np.arange(panel.units))
        return draw_paths(panel, asked, draws, seed, segments, self.gate_for(panel.units))

    def gate_for(self, units: int) -> Coefficients:
        """Return the gate for panels of so many units."""
        panels, single = self.gates or (learned().panels, learned().single)
        return panels if units > 1 else single

    def quantiles(self, panel: Panel, years: Sequence[int], levels: Sequence[float]) -> FloatArray:
        """Return marginal predictive quantiles (N, H, Q) in printed units."""
        from scipy.special import stdtrit

        asked, wanted = np.asarray(years, dtype=np.int64), np.asarray(levels, dtype=np.float64)
        if panel.jumps or (asked <= panel.last_year).any():
            found = self.paths(panel, years, draws=DRAWS_FOR_QUANTILES)
            return np.moveaxis(np.quantile(found.values, wanted, axis=0), 0, -1)
        grid = grid_of(panel)
        _, marginals = marginals_of(grid, panel, int(asked.max()), self.gate_for(panel.units))
        centre, scale = (part[:, asked - panel.last_year - 1, None] for part in (marginals.centre, marginals.scale))
        spread = scale * stdtrit(marginals.freedom[:, None, None], wanted[None, None, :])
        known = (grid.counts > 0)[:, None, None]
        return panel.scale.from_link(centre + np.where(known, panel.scale.shorten_tails(spread), spread))


def draws_after_parent(
    model: Forecaster,
    panel: Panel,
    years: Sequence[int],
    *,
    draws: int,
    parent: Paths,
    seed: int = 0,
    segments: Sequence[int] | None = None,
) -> DrawUnits:
    """Fit a panel that follows a parent once, and return what draws any of its units.

    The draws are those of ``model.paths`` with the same arguments, however many units are drawn at a time.

    Raises
    ------
    ValueError
        As :meth:`PanelModel.paths`.
    """
    if isinstance(model, PanelModel):
        return fit_children(panel, np.asarray(years, dtype=np.int64), draws, seed, segments, parent).draw
    return model.paths(panel, years, draws=draws, seed=seed, segments=segments, parent=parent).of_units


def marginals_of(grid: Grid, panel: Panel, last: int, gate: Coefficients) -> tuple[PanelFit, Marginals]:
    """Return the fitted experts and the gate's predictions for the years after the panel's last up to ``last``."""
    units, horizons = grid.value.shape[0], max(last - panel.last_year, 1)
    fitted = fit_experts(grid, panel.scale.link, horizons)
    rows = gate_rows(fitted)
    centre, scale = (part.reshape(units, horizons) for part in weigh(rows, gate))
    freedom = rows.freedom.reshape(units, horizons)[:, 0]
    # one shape for all horizons: the interval never narrows if the scale never shrinks
    return fitted, Marginals(panel.last_year + 1, centre, np.maximum.accumulate(scale, axis=1), freedom)


def draw_paths(
    panel: Panel, asked: IntArray, draws: int, seed: int, segments: Sequence[int] | None, gate: Coefficients
) -> Paths:
    """Draw common path and deviations, map them to the gate's marginals, publish the years asked for."""
    grid = grid_of(panel)
    offsets = draw_offsets(panel, grid, draws=draws, seed=seed, parent=None)
    # work on the latest standard, where the newest values need no offset
    latest = offsets[:, [grid.segments.index(latest_segment(panel))]]
    relative = offsets - latest
    centred = grid.shifted(relative.mean(axis=0))
    fitted, marginals = marginals_of(centred, panel, int(asked.max()), gate)
    first = min(int(asked.min()), grid.first)
    before, after = grid.first - first, max(int(asked.max()) - panel.last_year, 0)
    mean, spread = levels_of_peers(centred, panel.scale.link)
    series, _ = common_series(centred, fitted.path, 1.0)
    weights = common_weights(fitted, gate)
    level, noise_sd = draw_levels(
        fitted.common, weights, series, (mean, spread), draws, seed + COMMON_SEED, before, after
    )
    if fitted.deviation is not None:
        inside = level[:, :, before : before + grid.value.shape[1]]
        value = grid.value - relative[:, grid.segment] - inside[..., None]
        weights = deviation_weights(fitted, fitted.deviation, gate)
        own, own_noise = draw_levels(fitted.deviation, weights, value, (0.0, spread), draws, seed, before, after)
        level, noise_sd = level + own, np.hypot(own_noise, noise_sd)
    work = np.arange(first, first + level.shape[2])
    position = segment_positions(panel, asked, segments)
    return publish(
        panel, grid, work, level, noise_sd, offsets, asked, position, seed, marginals=marginals, shift=latest
    )


def draw_levels(
    fitted: ExpertFit,
    weights: FloatArray,
    value: FloatArray,
    unseen: tuple[float, float],
    draws: int,
    seed: int,
    before: int,
    after: int,
) -> tuple[FloatArray, FloatArray]:
    """Draw levels of units (S, N, T), and the standard deviations of their values around them (S, N).

    Parameters
    ----------
    fitted :
        Experts on the common path or on the deviations.
    weights :
        Shape (K, N): of their members.
    value :
        Observations as for :func:`toolkit.models.state_space.run_filter`.
    unseen :
        Mean and standard deviation of the level of units without any observation.
    draws, seed :
        Number of draws and seed.
    before, after :
        Years to draw before and after the grid's.
    """
    choice = choose_members(replace(fitted.posterior, weights=weights), draws, seed)
    bank = fitted.experts.bank.take(choice.member)
    mean, spread = unseen
    level = sample_levels(
        bank,
        value,
        fitted.extra_noise,
        np.zeros_like(choice.scale),
        choice.scale,
        start=None,
        unseen=mean + spread * normals(seed, weights.shape[1], UNSEEN, (draws,)),
        before=before,
        after=after,
        seed=seed,
    )
    return level, choice.scale * np.sqrt(bank.value_noise)
