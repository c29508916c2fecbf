"""The model in use: unit paths and common path with deviations, mixed by the learned gate.

Marginal predictions are those of the gate, in closed form. Joint draws come from the common path
with deviations, so that units share its shocks; they are mapped by rank to the gate's marginals,
unit by unit and year by year. Children of a parent follow the parent's draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from toolkit.models import banks
from toolkit.models.children import fit_units
from toolkit.models.gate import Coefficients, mixed_weights, rows_of, weigh
from toolkit.models.grid import Grid, grid_of
from toolkit.models.jumps import draw_offsets
from toolkit.models.links import FloatArray, IntArray
from toolkit.models.panel import Panel, Paths
from toolkit.models.publish import Marginals, latest_segment, publish
from toolkit.models.sampling import UNSEEN, Choice, choose_members, normals, sample_levels
from toolkit.models.sight import Sight, View, common_series, look
from toolkit.models.structure import fit, levels_of_peers, measure_of
from toolkit.models.weights import learned

__all__ = ["PanelModel"]

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
            return fit_units(panel, asked, draws, seed, segments, parent).draw(np.arange(panel.units))
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
        student = stdtrit(marginals.freedom[:, None, None], wanted[None, None, :])
        known = (grid.counts > 0)[:, None, None]
        spread = scale * student
        return panel.scale.from_link(centre + np.where(known, panel.scale.tame(spread), spread))


def marginals_of(grid: Grid, panel: Panel, last: int, gate: Coefficients) -> tuple[Sight, Marginals]:
    """Return what the gate saw and its predictions for the years after the panel's last up to ``last``."""
    units, horizons = grid.value.shape[0], max(last - panel.last_year, 1)
    sight = look(grid, panel.scale.link, horizons)
    rows = rows_of(sight)
    centre, scale = weigh(rows, gate)
    centre, scale = centre.reshape(units, horizons), scale.reshape(units, horizons)
    freedom = rows.freedom.reshape(units, horizons)[:, 0]
    # one shape for all horizons: the interval never narrows if the scale never shrinks
    return sight, Marginals(panel.last_year + 1, centre, np.maximum.accumulate(scale, axis=1), freedom)


def draw_paths(
    panel: Panel, asked: IntArray, draws: int, seed: int, segments: Sequence[int] | None, gate: Coefficients
) -> Paths:
    """Draw common path and deviations, map them to the gate's marginals, publish the years asked for."""
    grid = grid_of(panel)
    measure = measure_of(grid, panel.scale.link)
    offsets = draw_offsets(
        grid,
        panel.jumps,
        lambda one: fit(grid.shifted(one), banks.jump_evidence(), measure).posterior.evidence,
        draws=draws,
        seed=seed,
        parent=None,
    )
    # work on the latest standard, where the newest values need no offset
    latest = offsets[:, [grid.segments.index(latest_segment(panel))]]
    relative = offsets - latest
    centred = grid.shifted(relative.mean(axis=0))
    sight, marginals = marginals_of(centred, panel, int(asked.max()), gate)
    first = min(int(asked.min()), grid.first)
    before, after = grid.first - first, max(int(asked.max()) - panel.last_year, 0)
    common, common_noise = draw_common(centred, sight, draws, seed, before, after, panel, gate)
    level, noise_sd = common, common_noise
    if sight.deviation is not None:
        inside = common[:, :, before : before + grid.value.shape[1]]
        value = grid.value - relative[:, grid.segment] - inside[..., None]
        deviation, own_noise = draw_view(
            sight.deviation,
            mixed_weights(sight, "deviation", gate),
            value,
            np.zeros((draws, panel.units)),
            levels_of_peers(centred, panel.scale.link)[1],
            draws,
            seed,
            before,
            after,
        )
        level, noise_sd = common + deviation, np.hypot(own_noise, common_noise)
    work = np.arange(first, first + level.shape[2])
    return publish(
        panel, grid, work, level, noise_sd, offsets, asked, segments, seed, marginals=marginals, shift=latest
    )


def draw_common(
    centred: Grid, sight: Sight, draws: int, seed: int, before: int, after: int, panel: Panel, gate: Coefficients
) -> tuple[FloatArray, FloatArray]:
    """Draw the common path (S, 1, T) and the noise of its values (S, 1)."""
    series, _ = common_series(centred, sight.path, 1.0)
    mean, sd = levels_of_peers(centred, panel.scale.link)
    weights = mixed_weights(sight, "common", gate)
    return draw_view(
        sight.common, weights, series, np.full((draws, 1), mean), sd, draws, seed + COMMON_SEED, before, after
    )


def draw_view(
    view: View,
    weights: FloatArray,
    value: FloatArray,
    unseen: FloatArray,
    unseen_spread: float,
    draws: int,
    seed: int,
    before: int,
    after: int,
) -> tuple[FloatArray, FloatArray]:
    """Draw the levels of a view's units (S, N, T) and the standard deviations of their values (S, N)."""
    choice: Choice = choose_members(replace(view.posterior, weights=weights), draws, seed)
    bank = view.experts.bank.take(choice.member)
    units = weights.shape[1]
    level = sample_levels(
        bank,
        value,
        view.extra_noise,
        bank.drift_share * view.drift,
        choice.scale,
        start=None,
        unseen=unseen + unseen_spread * normals(seed, units, UNSEEN, (draws,)),
        before=before,
        after=after,
        seed=seed,
    )
    return level, choice.scale * np.sqrt(bank.value_noise)
