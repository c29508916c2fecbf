"""Structure A alone: every unit its own bank, with the panel's drift."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from toolkit.models import banks
from toolkit.models.children import check_parent, draw_units
from toolkit.models.grid import Grid, grid_of
from toolkit.models.kalman import predict
from toolkit.models.links import FloatArray, IntArray
from toolkit.models.mixture import heaviest, mixture_quantiles
from toolkit.models.panel import Panel, Paths
from toolkit.models.structure import Fit, fit, levels_of_peers, measure_of
from toolkit.models.widening import widen_quantiles

__all__ = ["UnitPaths"]

KEPT_MEMBERS = 120
# The 10 %, 50 % and 90 % points that the widening rule looks at
RULED = (0.1, 0.5, 0.9)


@dataclass(frozen=True)
class UnitPaths:
    """Unit paths (structure A), a forecaster."""

    name: str = "unit_paths"

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
            check_parent(panel, asked, parent, draws)
        return draw_units(panel, asked, draws, seed, segments, parent)

    def quantiles(self, panel: Panel, years: Sequence[int], levels: Sequence[float]) -> FloatArray:
        """Return marginal predictive quantiles (N, H, Q) in printed units, for years after the last of the panel."""
        asked, wanted = np.asarray(years, dtype=np.int64), np.asarray(levels, dtype=np.float64)
        if panel.jumps or (asked <= panel.last_year).any():
            found = self.paths(panel, years, draws=4000)
            return np.moveaxis(np.quantile(found.values, wanted, axis=0), 0, -1)
        inner = np.union1d(wanted, RULED)
        linked = linked_quantiles(panel, int(asked.max()), inner)
        middle = linked[..., [int(np.searchsorted(inner, 0.5))]]
        known = np.isin(np.arange(panel.units), panel.unit)[:, None, None]
        linked = np.where(known, middle + panel.scale.tame(linked - middle), linked)
        linked = linked[:, asked - panel.last_year - 1][..., np.searchsorted(inner, wanted)]
        return panel.scale.from_link(linked)


def linked_quantiles(panel: Panel, last: int, levels: FloatArray) -> FloatArray:
    """Return quantiles (N, H, Q) on the link scale for all years from the panel's last to ``last``, in closed form."""
    grid = grid_of(panel)
    measure = measure_of(grid, panel.scale.link)
    fitted = fit(grid, banks.unit_paths(), measure)
    fitted = with_unseen(fitted, grid, panel)
    members, weights = heaviest(fitted.posterior.weights, KEPT_MEMBERS)
    location, spread = predictive(fitted, members, last - panel.last_year)
    found = mixture_quantiles(weights, location, spread, 2.0 * fitted.posterior.shape, levels)
    return widen_quantiles(found, levels)


def with_unseen(fitted: Fit, grid: Grid, panel: Panel) -> Fit:
    """Return the fit with the peers' levels as the state of units without observation."""
    empty = grid.counts == 0
    if not empty.any():
        return fitted
    mean, sd = levels_of_peers(grid, panel.scale.link)
    state = fitted.filtered.state
    relative = (sd / fitted.posterior.panel_scale) ** 2
    first_slope = fitted.structure.bank.initial_slope[:, None]
    state = replace(
        state,
        level=np.where(empty, mean, state.level),
        level_variance=np.where(empty, relative, state.level_variance),
        slope_variance=np.where(empty, first_slope, state.slope_variance),
    )
    return replace(fitted, filtered=replace(fitted.filtered, state=state))


def predictive(fitted: Fit, members: IntArray, horizons: int) -> tuple[FloatArray, FloatArray]:
    """Return centres and scales (M, N, H) of the Student-t predictions of the chosen members."""
    bank = fitted.structure.bank.take(members)
    state = fitted.filtered.state
    chosen = replace(
        state,
        level=np.take_along_axis(state.level, members, 0),
        slope=np.take_along_axis(state.slope, members, 0),
        level_variance=np.take_along_axis(state.level_variance, members, 0),
        covariance=np.take_along_axis(state.covariance, members, 0),
        slope_variance=np.take_along_axis(state.slope_variance, members, 0),
    )
    squared = np.take_along_axis(fitted.posterior.rate, members, 0) / fitted.posterior.shape
    location, spread = [], []
    for _ in range(horizons):
        chosen = predict(chosen, bank, bank.drift_share * fitted.drift)
        location.append(chosen.level)
        spread.append(np.sqrt((chosen.level_variance + bank.value_noise) * squared))
    return np.stack(location, axis=-1), np.stack(spread, axis=-1)
