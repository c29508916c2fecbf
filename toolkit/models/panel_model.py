"""The model in use: unit paths, and a common path with deviations, mixed by the learned gate.

Marginal predictions are those of the gate, in closed form. Joint draws come from the common path
with deviations, so that units share its shocks; they are mapped by rank to the gate's marginals,
unit by unit and year by year.

Children of a parent follow it: a unit's deviation from it lasts, or returns slowly to the units' mean deviation; that
of a unit never observed spreads as those of the others do, in all years alike. Draw s of the unit goes with draw s of
the parent. They are fitted together and drawn a few at a time: a unit's
draws do not depend on which others are drawn.

Offsets between standards are estimated where both sides were observed, and drawn from their prior elsewhere. The
likelihood of a panel as a function of one jump is computed on nodes of the prior's normal score, first coarse, then
fine around the mass; the other jumps stay at their posterior means. Two sweeps settle their dependence, which is weak:
the years beside a jump tell most about it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from toolkit.models.experts import UNIT, ExpertFit, PanelFit, common_path, fit_experts, median_step, trust
from toolkit.models.gate import Coefficients, gate_rows, learned, member_weights, points_of, weigh
from toolkit.models.panel import (
    FloatArray,
    Forecaster,
    Grid,
    IntArray,
    Jump,
    Link,
    Panel,
    Paths,
    accumulate,
    grid_of,
    levels_of_peers,
    require,
    yearly_values,
)
from toolkit.models.publish import Marginals, latest_segment, publish, quantiles_of, segment_positions
from toolkit.models.sampling import OFFSETS, UNSEEN, choose_members, normals, sample_levels
from toolkit.models.state_space import FirstLevel, PanelPrior, bank_of, fit_panel

DrawUnits = Callable[[IntArray], Paths]
"""From numbers of units to their draws, always the same ones."""

# Keeps the random numbers of the common path apart from those of the units
COMMON_SEED = 1_000_003
DRAWS_FOR_QUANTILES = 4000
# The smallest declared noise at which scales are found, root mean square relative to the panel's measure
FIRST_NOISE = 0.05


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
        rows: IntArray | None = None,
    ) -> Paths:
        """Return joint draws of all units, or of those numbered ``rows``; see :class:`toolkit.models.panel.Forecaster`.

        Raises
        ------
        ValueError
            If the parent's paths lack a year that is asked for or observed, or differ in their
            number of draws; if an unknown segment is asked for.
        """
        asked, wanted = np.asarray(years, dtype=np.int64), np.arange(panel.units) if rows is None else rows
        if parent is not None:
            return fit_children(panel, asked, draws, seed, segments, parent)(wanted)
        return draw_paths(panel, asked, draws, seed, segments, self.gate_for(panel.units), wanted)

    def gate_for(self, units: int) -> Coefficients:
        """Return the gate for panels of so many units."""
        panels, single = self.gates or (learned().panels, learned().single)
        return panels if units > 1 else single

    def quantiles(self, panel: Panel, years: Sequence[int], levels: Sequence[float]) -> FloatArray:
        """Return marginal predictive quantiles (N, H, Q) in printed units."""
        asked, wanted = np.asarray(years, dtype=np.int64), np.asarray(levels, dtype=np.float64)
        if panel.jumps or (asked <= panel.last_year).any():
            found = self.paths(panel, years, draws=DRAWS_FOR_QUANTILES)
            return np.moveaxis(np.quantile(found.values, wanted, axis=0), 0, -1)
        grid = grid_of(panel)
        _, marginals = marginals_of(grid, panel, int(asked.max()), self.gate_for(panel.units))
        return quantiles_of(panel.scale, marginals, asked - marginals.first, wanted)


def draws_of_units(
    model: Forecaster,
    panel: Panel,
    years: Sequence[int],
    *,
    draws: int,
    parent: Paths | None,
    seed: int = 0,
    segments: Sequence[int] | None = None,
    places: Places | None = None,
) -> DrawUnits:
    """Return what draws any units of a panel; one that follows a parent is fitted once.

    The draws are those of ``model.paths`` with the same arguments, however many units are drawn at a time. ``places``
    says where among its peers each unit is expected; baselines take no notice of it.

    Raises
    ------
    ValueError
        As :meth:`PanelModel.paths`.
    """
    if isinstance(model, PanelModel):
        if parent is None:
            return lambda rows: model.paths(panel, years, draws=draws, seed=seed, segments=segments, rows=rows)
        return fit_children(panel, np.asarray(years, dtype=np.int64), draws, seed, segments, parent, places)
    return model.paths(panel, years, draws=draws, seed=seed, segments=segments, parent=parent).of_units


def marginals_of(grid: Grid, panel: Panel, last: int, gate: Coefficients) -> tuple[PanelFit, Marginals]:
    """Return the fitted experts and the gate's predictions for the years after the panel's last up to ``last``."""
    units, horizons = grid.value.shape[0], max(last - panel.last_year, 1)
    fitted, points = fit_experts(grid, horizons), points_of(grid)
    if panel.noise.any():
        # the gate learned from figures without declared noise, so it is told what they would tell without it: else a
        # series of one figure would look restless for being measured inexactly
        quiet = fit_experts(with_noise(grid, panel, 0.0), horizons)
        fitted = replace(fitted, features=quiet.features)
        centre, scale = weigh(gate_rows(fitted), gate)[0], scale_at_noise(grid, panel, quiet, gate)
    else:
        centre, scale = weigh(gate_rows(fitted), gate)
    centre, scale = centre.reshape(units, horizons), scale.reshape(units, horizons)
    # one shape for all horizons: the interval never narrows if the scale never shrinks
    scale = np.maximum.accumulate(scale, axis=1)
    return fitted, Marginals(panel.last_year + 1, centre, scale, gate.skew[points], gate.freedom[points])


def with_noise(grid: Grid, panel: Panel, share: float) -> Grid:
    """Return a panel's grid as it would be with this share of the noise that its figures declare."""
    return replace(grid, noise=grid_of(replace(panel, noise=share * panel.noise)).noise)


def scale_at_noise(grid: Grid, panel: Panel, quiet: PanelFit, gate: Coefficients) -> FloatArray:
    """Return the scale (R,) of the predictions: the more noise is declared, the larger.

    Noise may explain steps that would else widen a forecast, and so narrow it. Scales are found without noise
    (``quiet``) and where it is 1, 2, 4 … times :data:`FIRST_NOISE`, each at least as large as those before, and taken
    between two of them.
    """
    declared = panel.noise[panel.noise > 0]
    size = float(np.sqrt((declared**2).mean())) / grid.measure
    doublings = max(int(np.ceil(np.log2(size / FIRST_NOISE))), 0)
    nodes = FIRST_NOISE * 2.0 ** np.arange(doublings + 1)
    scale = below = weigh(gate_rows(quiet), gate)[1]
    for node in nodes:
        fitted = fit_experts(with_noise(grid, panel, node / size), quiet.features.shape[1])
        below, scale = scale, np.maximum(scale, weigh(gate_rows(replace(fitted, features=quiet.features)), gate)[1])
    start = nodes[-2] if doublings else 0.0
    return np.asarray(below + (scale - below) * (size - start) / (nodes[-1] - start))


def draw_paths(
    panel: Panel,
    asked: IntArray,
    draws: int,
    seed: int,
    segments: Sequence[int] | None,
    gate: Coefficients,
    rows: IntArray,
) -> Paths:
    """Draw common path and some units' deviations, map them to the gate's marginals, publish the years asked for."""
    grid = grid_of(panel)
    offsets = draw_offsets(panel, grid, draws=draws, seed=seed, parent=None)
    # work on the latest standard, where the newest values need no offset
    latest = offsets[:, [grid.segments.index(latest_segment(panel))]]
    relative = offsets - latest
    centred = grid.shifted(relative.mean(axis=0))
    fitted, marginals = marginals_of(centred, panel, int(asked.max()), gate)
    first = min(int(asked.min()), grid.first)
    before, after = grid.first - first, max(int(asked.max()) - panel.last_year, 0)
    mean, spread = levels_of_peers(centred)
    series = series_of_draws(grid, fitted.path, relative)
    weights = member_weights(fitted, "common", gate)
    level, noise_sd = draw_levels(
        fitted.common, weights, series, (mean, spread), draws, seed + COMMON_SEED, before, after, np.arange(1)
    )
    grid, marginals = grid.of_units(rows), marginals.of_units(rows)
    if fitted.deviation is not None:
        inside = level[:, :, before : before + grid.value.shape[1]]
        value = grid.value - offsets_at(grid, relative) - inside[..., None]
        weights = member_weights(fitted, "deviation", gate)
        own, own_noise = draw_levels(fitted.deviation, weights, value, (0.0, spread), draws, seed, before, after, rows)
        level, noise_sd = level + own, np.hypot(own_noise, noise_sd)
    work = np.arange(first, first + level.shape[2])
    position = segment_positions(panel, asked, segments)
    few = panel.of_units(rows)
    return publish(
        few,
        grid,
        work,
        level,
        noise_sd,
        offsets,
        asked,
        position,
        seed,
        marginals=marginals,
        shift=latest,
        numbers=rows,
    )


def series_of_draws(grid: Grid, path: FloatArray, relative: FloatArray) -> FloatArray:
    """Return the common path as observations (S or 1, 1, T, L), given the offsets (S, K) of every draw.

    With its own offsets, not with their mean, a draw passes through the figures of each standard, however little is
    known of the jump between them. A single unit is its own path; for several the layout of ``path`` (T,), found at
    the mean offsets, is linear in what the offsets add.
    """
    if relative.shape[1] == 1:
        return grid.value if grid.value.shape[0] == 1 else path[None, None, :, None]
    if grid.value.shape[0] == 1:
        return grid.value - offsets_at(grid, relative)
    moved = relative - relative.mean(axis=0)
    found, weight = np.repeat(path[None], moved.shape[0], axis=0), trust(grid)
    for position in np.flatnonzero(moved.any(axis=0)):
        share = np.where(np.isfinite(grid.value), grid.segment == position, np.nan)
        found -= moved[:, [position]] * common_path(yearly_values(replace(grid, value=share)), weight)
    return found[:, None, :, None]


def draw_levels(
    fitted: ExpertFit,
    weights: FloatArray,
    value: FloatArray,
    unseen: tuple[float, float],
    draws: int,
    seed: int,
    before: int,
    after: int,
    rows: IntArray,
) -> tuple[FloatArray, FloatArray]:
    """Draw levels of some units (S, N, T), and the standard deviations of their values around them (S, N).

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
    rows :
        Numbers of the units, of which ``value`` holds the observations.
    """
    member, scale = choose_members(replace(fitted.posterior, weights=weights).of_units(rows), draws, seed, rows)
    bank = fitted.experts.bank.take(member)
    mean, spread = unseen
    level = sample_levels(
        bank,
        value,
        fitted.noise[rows] ** 2,
        np.zeros_like(scale),
        scale,
        start=None,
        unseen=mean + spread * normals(seed, rows, UNSEEN, (draws,)),
        before=before,
        after=after,
        seed=seed,
        numbers=rows,
    )
    return level, scale * np.sqrt(bank.value_noise)


# Members: pairs (variance of the level's steps, of the values), and (of the initial slope, of the slope's steps)
DEVIATIONS = bank_of((0.6,), (0.98, 1.0), ((1.0, 0.0), (1.0, 0.4), (0.25, 1.0)), ((0.0, 0.0), (0.3, 0.02), (1.0, 0.1)))
# Of an unseen unit: how large a step is beside the spread that it keeps, under the member that returns slowly
STEADY_SHARE = float(np.sqrt(1.0 - DEVIATIONS.rho.min() ** 2))
SLOPED = DEVIATIONS.initial_slope > 0
WEIGHTS = np.where(SLOPED, 0.5 / SLOPED.sum(), 0.5 / (~SLOPED).sum())
# A unit's points are few: how large its steps are is hardly told by them, its parent's steps tell more. The prior scale
# is so many times the root of the parent's typical step; with this and these tails intervals cover what they should in
# sparse back-tests (the sparse lines of the calibration record)
PRIOR = PanelPrior(WEIGHTS / WEIGHTS.sum())
STEP_SHARE, LEAST_STEP = 0.22, 1e-4
# Deviations from the parent, link scale: what is believed of their spread before any is seen, for so many units
PRIOR_SPREAD, PRIOR_UNITS = 0.2, 0.3
# A mean deviation counts as far as it exceeds so many of its variances: few units seldom stand for all of them
CENTRE_DOUBT = 8.0
# A deviation on the logit scale counts no further, in units of the spread that is believed where none was seen
FARTHEST = 3.0
# … and where no unit was ever seen: the spread of Vietnam's provinces in the panels that the project carries
# (logit: 0.45 to 1.85, median 0.9, districts of one province differ somewhat less; log: 0.34 to 0.56)
UNKNOWN_SPREAD: dict[Link, float] = {"logit": 0.7, "log": 0.4, "identity": 1.0}
# Degrees of freedom of the level of a unit that was never observed
UNSEEN_FREEDOM = 6.0
# A positive quantity of a unit is never drawn above so many times the largest that the panel or its parent ever had
MOST_TIMES = 30.0


class Places(NamedTuple):
    """Where units are expected among their peers, shape (N,): standardised deviations, and what spread is left.

    ``mean`` 0 and ``sd`` 1 where nothing is known.
    """

    mean: FloatArray
    sd: FloatArray


def fit_children(
    panel: Panel,
    asked: IntArray,
    draws: int,
    seed: int,
    segments: Sequence[int] | None,
    parent: Paths,
    places: Places | None = None,
) -> DrawUnits:
    """Fit units that follow a parent, and return what draws any of them.

    Raises
    ------
    ValueError
        If the parent's paths lack a year that is asked for or observed, or differ in their number of draws; if an
        unknown segment is asked for.
    """
    missing = sorted((set(asked.tolist()) | set(panel.year.tolist())) - set(parent.years.tolist()))
    require(not missing, f"the parent's paths lack the years {missing}")
    shape = parent.latent.shape[:2]
    require(shape == (draws, 1), f"the parent's paths have to hold {draws} draws of one unit, not {shape}")
    whole = grid_of(panel)
    measure = whole.measure
    followed = parent_on_grid(whole, parent)
    offsets = draw_offsets(panel, whole, draws=draws, seed=seed, parent=parent)
    apart = whole.shifted(offsets.mean(axis=0))
    apart = replace(apart, value=apart.value - followed.mean(axis=0)[None, :, None])
    places = places or Places(np.zeros(panel.units), np.ones(panel.units))
    middle, typical, doubt = deviation_spread(apart, measure)
    centre, spread = middle + typical * places.mean, typical * places.sd
    around = replace(apart, value=apart.value - centre[:, None, None])
    prior = replace(PRIOR, scale=STEP_SHARE * np.sqrt(max(typical_step(parent) / measure, LEAST_STEP)))
    members, _, posterior = fit_panel(DEVIATIONS, around.value, around.noise, 0.0, prior, measure, typical)
    steady = int(np.argmin(members.rho + members.value_noise + members.initial_slope))
    position = segment_positions(panel, asked, segments)
    first = min(int(asked.min()), whole.first)
    # by the last year: there a unit's own numbers weigh most in what it adds to its parent
    order = np.argsort(parent.latent[:, 0, -1], kind="stable")
    until = parent.latent[:, 0, parent.years <= panel.last_year]
    largest = np.append(whole.value[np.isfinite(whole.value)], np.median(until, axis=0)).max(initial=-np.inf)
    top = largest + np.log(MOST_TIMES) if panel.scale.link == "log" and np.isfinite(largest) else np.inf

    def draw(rows: IntArray) -> Paths:
        units, grid = panel.of_units(rows), whole.of_units(rows)
        # a unit that was never observed spreads as much in any year as in another
        member, scale = np.full((draws, rows.size), steady), np.tile(STEADY_SHARE * spread[rows], (draws, 1))
        seen = np.flatnonzero(grid.counts)
        member[:, seen], scale[:, seen] = choose_members(posterior.of_units(rows[seen]), draws, seed, rows[seen])
        bank = members.take(member)
        level = sample_levels(
            bank,
            grid.value - offsets_at(grid, offsets) - centre[rows, None, None] - followed[:, None, :, None],
            grid.noise**2,
            np.zeros_like(scale),
            scale,
            start=FirstLevel(np.zeros(1), (spread[rows] / scale) ** 2),
            unseen=doubt * spread[rows] * normals(seed, rows, UNSEEN, (draws,), order, UNSEEN_FREEDOM),
            before=grid.first - first,
            after=max(int(asked.max()) - panel.last_year, 0),
            seed=seed,
            numbers=rows,
            order=order,
        )
        years = np.arange(first, first + level.shape[2])
        held = np.isin(years, parent.years)
        work, at = years[held], np.searchsorted(parent.years, years[held])
        level = np.minimum(level[:, :, held] + centre[rows, None] + parent.latent[:, :, at], top)
        noise_sd = scale * np.sqrt(bank.value_noise)
        return publish(units, grid, work, level, noise_sd, offsets, asked, position, seed, numbers=rows)

    return draw


def typical_step(parent: Paths) -> float:
    """Return the root mean square of the parent's yearly steps (link scale), the median over its draws."""
    if parent.years.size < 2:
        return 0.0
    order = np.argsort(parent.years)
    steps = np.diff(parent.latent[:, 0, order], axis=1) / np.sqrt(np.maximum(np.diff(parent.years[order]), 1))
    return float(np.median(np.sqrt((steps**2).mean(axis=1))))


def parent_on_grid(grid: Grid, parent: Paths) -> FloatArray:
    """Return the parent's draws (S, T) on the grid's years; unobserved years that it lacks stay 0 and unused."""
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


def deviation_spread(apart: Grid, measure: float) -> tuple[float, float, float]:
    """Return centre and spread of the units' deviations from their parent, and the factor for an unseen unit.

    Observed units tell, with a light prior; where none was ever observed the spread is a wide prior of its own. The
    factor widens the spread by what is not known of the centre.
    """
    seen = np.isfinite(apart.value)
    has = seen.any(axis=(1, 2))
    unknown = UNKNOWN_SPREAD[apart.scale.link] * measure
    if not has.any():
        return 0.0, unknown, 1.0
    means = np.nansum(apart.value[has], axis=(1, 2)) / seen[has].sum(axis=(1, 2))
    if apart.scale.link == "logit":  # at a bound a printed share says little of how far beyond it stands
        means = np.clip(means, -FARTHEST * unknown, FARTHEST * unknown)
    middle = float(means.mean())
    # a unit like the parent counts as seen: one far from it does not stand for all
    doubt = CENTRE_DOUBT * (unknown**2 / (1.0 + means.size) + np.append(means, 0.0).var()) / means.size
    middle *= middle**2 / (middle**2 + doubt)
    squares = PRIOR_UNITS * (PRIOR_SPREAD * measure) ** 2 + ((means - middle) ** 2).sum()
    spread = float(np.sqrt(squares / (PRIOR_UNITS + means.size)))
    return middle, spread, float(np.sqrt(1.0 + 1.0 / (means.size + CENTRE_DOUBT)))


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

    def log_likelihood(offsets: FloatArray) -> float:
        moved = grid.shifted(offsets)
        prior, drift = PanelPrior(UNIT.weights), median_step(moved)
        return fit_panel(UNIT.bank, moved.value, moved.noise, drift, prior, moved.measure)[2].log_likelihood

    for _ in range(SWEEPS if len(estimated) > 1 else 1):
        for jump in estimated:
            nodes[jump.after] = posterior_nodes(jump, ordered, means, segments, log_likelihood)
            score, log_density = nodes[jump.after]
            weight = np.exp(log_density - log_density.max()) * np.gradient(score)
            means[jump.after] = float((weight * score).sum() / weight.sum())
    sizes = {}
    for jump in ordered:
        score = normals(seed, np.array([-1]), OFFSETS + segments.index(jump.after), (draws,))[:, 0]
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
