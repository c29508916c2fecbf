"""Structure A: every unit its own bank; and children that follow the draws of their parent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from toolkit.models import banks
from toolkit.models.grid import Grid, grid_of
from toolkit.models.jumps import draw_offsets
from toolkit.models.kalman import Start, predict
from toolkit.models.links import FloatArray, IntArray
from toolkit.models.mixture import heaviest, mixture_quantiles
from toolkit.models.panel import Panel, Paths
from toolkit.models.publish import publish
from toolkit.models.sampling import UNSEEN, choose_members, normals, sample_levels
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
        return draw_paths(panel, asked, draws, seed, segments, parent)

    def quantiles(self, panel: Panel, years: Sequence[int], levels: Sequence[float]) -> FloatArray:
        """Return marginal predictive quantiles (N, H, Q) in printed units, for years after the last of the panel."""
        asked, wanted = np.asarray(years, dtype=np.int64), np.asarray(levels, dtype=np.float64)
        if panel.jumps or (asked <= panel.last_year).any():
            found = self.paths(panel, years, draws=4000)
            return np.moveaxis(np.quantile(found.values, wanted, axis=0), 0, -1)
        inner = np.union1d(wanted, RULED)
        linked = linked_quantiles(panel, int(asked.max()), inner)
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


def check_parent(panel: Panel, asked: IntArray, parent: Paths, draws: int) -> None:
    """Raise ValueError unless the parent's draws can be followed."""
    missing = sorted((set(asked.tolist()) | set(panel.year.tolist())) - set(parent.years.tolist()))
    if missing:
        msg = f"the parent's paths lack the years {missing}"
        raise ValueError(msg)
    if parent.latent.shape[:2] != (draws, 1):
        msg = f"the parent's paths have to hold {draws} draws of one unit, not {parent.latent.shape[:2]}"
        raise ValueError(msg)


def draw_paths(
    panel: Panel, asked: IntArray, draws: int, seed: int, segments: Sequence[int] | None, parent: Paths | None
) -> Paths:
    """Draw the paths of all years between, publish those asked for."""
    grid = grid_of(panel)
    measure = measure_of(grid, panel.scale.link)
    followed = parent_on_grid(grid, parent)
    offsets = draw_offsets(
        grid,
        panel.jumps,
        lambda one: fit(grid.shifted(one), banks.unit_paths(), measure).posterior.evidence,
        draws=draws,
        seed=seed,
        parent=parent,
    )
    centre = grid.shifted(offsets.mean(axis=0))
    if followed is not None:
        centre = replace(centre, value=centre.value - followed.mean(axis=0)[None, :, None])
    shift, spread = (0.0, None) if parent is None else deviation_spread(centre)
    structure = banks.unit_paths() if parent is None else banks.deviations()
    fitted = fit(replace(centre, value=centre.value - shift), structure, measure, start_spread=spread)
    choice = choose_members(fitted.posterior, draws, seed)
    bank = structure.bank.take(choice.member)
    value = grid.value - offsets_at(grid, offsets) - shift
    if followed is not None:
        value = value - followed[:, None, :, None]
    mean, sd = levels_of_peers(centre, panel.scale.link) if spread is None else (0.0, spread)
    start = None if spread is None else Start(np.zeros(1), (spread / choice.scale) ** 2)
    first = min(int(asked.min()), grid.first)
    level = sample_levels(
        bank,
        value,
        fitted.extra_noise,
        bank.drift_share * fitted.drift,
        choice.scale,
        start=start,
        unseen=mean + sd * normals(seed, panel.units, UNSEEN, (draws,)),
        before=grid.first - first,
        after=max(int(asked.max()) - panel.last_year, 0),
        seed=seed,
    )
    work = np.arange(first, first + level.shape[2])
    level = level + shift
    if parent is not None:
        kept = np.isin(work, parent.years)
        work, level = work[kept], level[:, :, kept]
        level = level + parent.latent[:, :, np.searchsorted(parent.years, work)]
    noise_sd = choice.scale * np.sqrt(bank.value_noise)
    return publish(panel, grid, work, level, noise_sd, offsets, asked, segments, seed)


def parent_on_grid(grid: Grid, parent: Paths | None) -> FloatArray | None:
    """Return the parent's draws (S, T) on the grid's years; unobserved years that it lacks stay 0 and unused."""
    if parent is None:
        return None
    years = grid.first + np.arange(grid.value.shape[1])
    held = np.isin(years, parent.years)
    followed = np.zeros((parent.latent.shape[0], years.size))
    followed[:, held] = parent.latent[:, 0, np.searchsorted(parent.years, years[held])]
    return followed


def offsets_at(grid: Grid, offsets: FloatArray) -> FloatArray:
    """Return the offsets of all observations: (S, N, T, L), or one row where there is one standard."""
    if offsets.shape[1] == 1:
        return np.zeros((1, *grid.value.shape))
    return np.asarray(offsets[:, grid.segment])


def deviation_spread(centre: Grid) -> tuple[float, float]:
    """Return centre and spread of the units' deviations from their parent, with a light prior."""
    seen = np.isfinite(centre.value)
    has = seen.any(axis=(1, 2))
    prior_spread, prior_units, centre_units = 0.5, 2.0, 1.0
    if not has.any():
        return 0.0, prior_spread
    means = np.nansum(centre.value[has], axis=(1, 2)) / seen[has].sum(axis=(1, 2))
    middle = float(means.sum() / (means.size + centre_units))
    squares = float(((means - middle) ** 2).sum())
    return middle, float(np.sqrt((prior_units * prior_spread**2 + squares) / (prior_units + means.size)))
