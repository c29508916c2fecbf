"""From drawn levels on the link scale to values as they would be published.

Measurement noise is added, draws are mapped to the predicted marginals, the 80 % interval never narrows with the
horizon, far tails are drawn in, and what was observed stands where it was observed.

Quantiles are given in the decimals in which figures are printed. What comes true is a printed figure: an interval from
99.93 to 99.98 misses a 99.9 that was rounded from 99.94, one from 99.9 to 100.0 does not. Near a bound, and for counts
of few, this is most of the uncertainty.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from toolkit.models.panel import BoolArray, FloatArray, Grid, IntArray, Panel, Paths, Scale, last_seen, require
from toolkit.models.sampling import PAST_VALUES, VALUES, normals


@dataclass(frozen=True)
class Marginals:
    """Student-t predictions for the years from ``first`` on: centre and scale (N, H), freedom (N,)."""

    first: int
    centre: FloatArray
    scale: FloatArray
    freedom: FloatArray


def map_to(marginals: Marginals, work: IntArray, published: FloatArray) -> FloatArray:
    """Return what to add to draws (S, N, W) so that they keep their ranks and take the given marginals."""
    from scipy.special import stdtrit

    draws = published.shape[0]
    level = (np.arange(draws) + 0.5) / draws
    student = stdtrit(marginals.freedom[None, :], level[:, None])
    added = np.zeros_like(published)
    for column in np.flatnonzero(work >= marginals.first):
        horizon = int(work[column]) - marginals.first
        order = np.argsort(published[:, :, column], axis=0, kind="stable")
        target = marginals.centre[:, horizon] + marginals.scale[:, horizon] * student
        mapped = np.empty_like(target)
        np.put_along_axis(mapped, order, target, axis=0)
        added[:, :, column] = mapped - published[:, :, column]
    return added


def latest_segment(panel: Panel) -> int:
    """Return the standard of the latest observation (the later standard where two share the year)."""
    if not panel.year.size:
        return panel.segments[0]
    last = panel.segment[panel.year == panel.year.max()]
    return max((int(number) for number in last), key=panel.segments.index)


def segment_positions(panel: Panel, asked: IntArray, segments: Sequence[int] | None) -> IntArray:
    """Return the position (in ``panel.segments``) of the standard that each asked year is wanted on.

    Raises
    ------
    ValueError
        If a standard is unknown or their number differs from that of the years.
    """
    wanted = [latest_segment(panel)] * asked.size if segments is None else [int(number) for number in segments]
    require(len(wanted) == asked.size, f"{asked.size} years need as many segments, not {len(wanted)}")
    unknown = sorted(set(wanted) - set(panel.segments))
    require(not unknown, f"unknown segments {unknown}: the panel has {list(panel.segments)}")
    return np.array([panel.segments.index(number) for number in wanted], dtype=np.int64)


def value_noise(grid: Grid, work: IntArray, units: int | IntArray, draws: int, seed: int) -> FloatArray:
    """Return standard normals (S, N, T) for the years of ``work``; a year's numbers depend on nothing else."""
    before, after = max(grid.first - int(work.min()), 0), max(int(work.max()) - grid.first + 1, 0)
    parts = []
    if before:
        parts.append(normals(seed, units, PAST_VALUES, (before, draws))[::-1])
    if after:
        parts.append(normals(seed, units, VALUES, (after, draws)))
    every = np.concatenate(parts)
    start = grid.first - before
    return np.moveaxis(every[work - start], 0, -1)


def publish(
    panel: Panel,
    grid: Grid,
    work: IntArray,
    level: FloatArray,
    noise_sd: FloatArray,
    offsets: FloatArray,
    asked: IntArray,
    position: IntArray,
    seed: int,
    *,
    marginals: Marginals | None = None,
    shift: FloatArray | None = None,
    numbers: IntArray | None = None,
) -> Paths:
    """Make values from levels, as the module says, and pick the years asked for.

    Parameters
    ----------
    panel, grid :
        Observations.
    work :
        Shape (W,): ascending years of ``level``.
    level :
        Shape (S, N, W): link scale, on a standard that stands ``shift`` above the base one.
    noise_sd :
        Shape (S, N): standard deviation of the values around the level.
    offsets :
        Shape (S, K).
    asked, position :
        Years asked for, and the standard of each (:func:`segment_positions`).
    seed :
        Of the values' noise.
    marginals, shift :
        Predictions that the draws are mapped to by rank, on the standard of ``level``; and how
        far that stands above the base standard (S, 1), None for not at all.
    numbers :
        Shape (N,): which units of a larger panel these are; None where this is all of it.
    """
    draws, units = noise_sd.shape
    published = level + noise_sd[..., None] * value_noise(
        grid, work, units if numbers is None else numbers, draws, seed
    )
    known = np.asarray(grid.seen.any(axis=1))
    last_year = np.where(known, grid.first + last_seen(grid.seen), panel.last_year)
    if marginals is not None:
        added = map_to(marginals, work, published)
        level, published = level + added, published + added
    ahead = work[None, :] > last_year[:, None]
    added = widen_draws(published, ahead)
    level, published = level + added, published + added
    # where a unit that was never observed stands is not a forecast's tail: its spread stays
    ahead = ahead & known[:, None]
    if ahead.any():
        middle = np.median(published, axis=0)
        added = np.where(ahead, middle + panel.scale.shorten_tails(published - middle) - published, 0.0)
        level, published = level + added, published + added
    pick = np.searchsorted(work, asked)
    if shift is not None:
        level, published = level - shift[:, :, None], published - shift[:, :, None]
    latent = level[:, :, pick]
    wanted = offsets[:, None, position]
    values = panel.scale.from_link(published[:, :, pick] + wanted)
    put_observed(panel, asked, position, values, latent + wanted, (published - level)[:, :, pick], noise_sd)
    return Paths(asked, latent, values, offsets, panel.segments)


def widen_draws(draws: FloatArray, future: BoolArray) -> FloatArray:
    """Return what to add to draws (S, N, T) so that the 80 % interval never narrows in ``future`` (N, T)."""
    added = np.zeros_like(draws)
    if not future.any():
        return added
    low, middle, high = np.quantile(draws, [0.1, 0.5, 0.9], axis=0)
    width = np.where(future, high - low, 0.0)
    reached = np.maximum.accumulate(width, axis=-1)
    stretch = np.where(future, np.divide(reached, width, out=np.ones_like(width), where=width > 0), 1.0)
    changed = (stretch > 1.0).any(axis=0)
    added[:, :, changed] = ((stretch - 1.0) * (draws - middle))[:, :, changed]
    return added


def put_observed(
    panel: Panel,
    asked: IntArray,
    position: IntArray,
    values: FloatArray,
    latent: FloatArray,
    noise: FloatArray,
    noise_sd: FloatArray,
) -> None:
    """Write observed cells into ``values``: exactly where measured without noise, around the value elsewhere."""
    segments = panel.segments
    # exact values last, so that they win over noisy ones of the same cell
    for row in np.argsort(-panel.noise, kind="stable"):
        unit, spread = int(panel.unit[row]), float(panel.noise[row])
        for column in np.flatnonzero(asked == panel.year[row]):
            if segments[position[column]] != panel.segment[row]:
                continue
            if spread == 0.0:
                values[:, unit, column] = panel.value[row]
                continue
            own = noise_sd[:, unit] ** 2
            share = own / (own + spread**2)
            observed = float(panel.scale.to_link(panel.value[row]))
            around = latent[:, unit, column] + share * (observed - latent[:, unit, column])
            # the unexplained part of the value's own noise, shrunk by what was observed
            rest = noise[:, unit, column] * np.sqrt(1.0 - share)
            values[:, unit, column] = panel.scale.from_link(around + rest)


# Decimals looked for, from thousands to ten-thousandths; more are no printed decimals
DECIMALS = range(-3, 5)
# Fewer distinct figures do not tell: a last digit may be 0 by chance; that whole numbers end in 0, people's round
# figures often do (50, 40, 30), so that tens and more take many
FEWEST_DISTINCT, FEWEST_ROUND = 3, 10
RULED = (0.1, 0.5, 0.9)
# Of indicators that nothing was learned from, 80 % intervals of so many steps and more cover 0.76 to 0.80 rounded to
# the nearest figures; smaller ones would cover 0.80 to 0.88, and cover 0.75 to 0.79 with the figures inside them
FEW_STEPS = 8
MOST_STEPS = 4
TINY = 1e-9
# Figures closer than this share of a step are the same
SAME = 1e-6


def step_of(values: FloatArray) -> float:
    """Return the unit in which figures are printed, a power of ten; 0 where they do not tell.

    Examples
    --------
    >>> step_of(np.array([12.3, 11.8, 9.0])), step_of(np.array([50.0, 40.0, 30.0])), step_of(np.array([12.0]))
    (0.1, 1.0, 0.0)
    """
    distinct = np.unique(values).size
    if distinct < FEWEST_DISTINCT:
        return 0.0
    for places in DECIMALS if distinct >= FEWEST_ROUND else range(DECIMALS.stop):
        scaled = values * 10.0**places
        if (np.abs(scaled - np.round(scaled)) <= SAME + 1e-12 * np.abs(scaled)).all():
            return float(10.0**-places)
    return 0.0


def quantiles_as_printed(
    ask: Callable[[list[float]], FloatArray], levels: FloatArray, values: FloatArray, scale: Scale
) -> FloatArray:
    """Return quantiles (N, H, Q) in the decimals of the figures that they were made from.

    Parameters
    ----------
    ask :
        Gives quantiles (N, H, L), in printed units, of any levels.
    levels :
        Shape (Q,): those wanted, in any order.
    values :
        The units' figures.
    scale :
        Their link and bounds.
    """
    inner = np.union1d(levels, RULED)
    found = as_printed(ask(inner.tolist()), inner, step_of(values), scale)
    return found[..., np.searchsorted(inner, levels)]


def as_printed(quantiles: FloatArray, levels: FloatArray, step: float, scale: Scale) -> FloatArray:
    """Round quantiles (N, H, Q) of increasing levels, 10 %, 50 % and 90 % among them, to multiples of a step.

    An 80 % interval of few steps goes to the multiples inside it; without two of them to the nearest ones, and if
    these are one to those around it: no interval loses its width. Where rounding would let the 80 % interval narrow
    from one horizon to the next on the link scale, its end is moved out.

    Examples
    --------
    >>> as_printed(np.array([[[11.96, 12.02, 12.44]]]), np.array([0.1, 0.5, 0.9]), 0.1, Scale.percent()).tolist()
    [[[12.0, 12.0, 12.4]]]
    >>> as_printed(np.array([[[99.78, 99.8, 99.82]]]), np.array([0.1, 0.5, 0.9]), 0.1, Scale.percent()).tolist()
    [[[99.7, 99.8, 99.9]]]
    """
    if step <= 0.0:
        return quantiles
    low, middle, high = columns(levels)
    found = rounded(quantiles, step)
    few = quantiles[..., high] - quantiles[..., low] < FEW_STEPS * step
    inside = rounded_in(quantiles, middle, step)
    found = np.where((few & (inside[..., high] > inside[..., low]))[..., None], inside, found)
    flat = found[..., high] <= found[..., low]
    found[flat] = rounded_out(quantiles[flat], low, high, step)
    # a positive quantity is never forecast to be nothing
    found = np.where((found <= 0.0) & (quantiles > 0.0) & (scale.link == "log"), quantiles, found)
    if scale.link == "logit":
        found = np.clip(found, scale.lower, scale.upper)
    return never_narrower(found, quantiles, levels, step, scale)


def columns(levels: FloatArray) -> tuple[int, int, int]:
    """Return where 10 %, 50 % and 90 % stand among increasing levels."""
    low, middle, high = np.searchsorted(levels, RULED)
    return int(low), int(middle), int(high)


def around(values: FloatArray, step: float) -> tuple[FloatArray, FloatArray]:
    """Return the multiples of a power of ten at or below values, and those at or above them."""
    steps = values / step
    return rounded(np.floor(steps + SAME) * step, step), rounded(np.ceil(steps - SAME) * step, step)


def rounded(values: FloatArray, step: float) -> FloatArray:
    """Return values rounded to multiples of a power of ten, as close as decimals come."""
    return np.asarray(np.round(values, -round(np.log10(step))))


def rounded_in(quantiles: FloatArray, middle: int, step: float) -> FloatArray:
    """Return quantiles (..., Q) at multiples of a step, towards column ``middle``, which goes to the nearest.

    Examples
    --------
    >>> rounded_in(np.array([[11.81, 12.02, 12.49]]), 1, 0.1).tolist()
    [[11.9, 12.0, 12.4]]
    """
    centre = rounded(quantiles[..., [middle]], step)
    below, above = around(quantiles, step)
    low, high = np.minimum(above, centre), np.maximum(below, centre)
    return np.concatenate([low[..., :middle], centre, high[..., middle + 1 :]], axis=-1)


def rounded_out(quantiles: FloatArray, low: int, high: int, step: float) -> FloatArray:
    """Return quantiles (R, Q) at multiples of a step: up to column ``low`` below, from ``high`` on above.

    Examples
    --------
    >>> rounded_out(np.array([[0.12, 0.14, 0.14]]), 0, 2, 0.1).tolist()
    [[0.1, 0.1, 0.2]]
    """
    below, above = around(quantiles, step)
    between = rounded(quantiles[:, low + 1 : high], step)
    return np.concatenate([below[:, : low + 1], between, above[:, high:]], axis=-1)


def never_narrower(found: FloatArray, raw: FloatArray, levels: FloatArray, step: float, scale: Scale) -> FloatArray:
    """Move the ends of 80 % intervals out until none is narrower (link scale) than that of the year before."""
    low, _, high = columns(levels)
    found = found.copy()
    for horizon in range(1, found.shape[1]):
        here, exact = found[:, horizon], raw[:, horizon]
        needed = width(found[:, horizon - 1], low, high, scale) - TINY
        # what already narrows before it is rounded has come to a bound
        bounded = width(exact, low, high, scale) < width(raw[:, horizon - 1], low, high, scale) - TINY
        for _ in range(MOST_STEPS):
            narrow = (width(here, low, high, scale) < needed) & ~bounded
            if not narrow.any():
                break
            down = room_below(here[:, low], step, scale)
            up = room_above(here[:, high], scale) & ~(down & (here[:, low] > exact[:, low]))
            move_out(here, narrow & up, narrow & down & ~up, low, high, step, scale)
        # beside a bound a step is much on the link scale: the ends of the year before
        narrow = ((width(here, low, high, scale) < needed) & ~bounded)[:, None]
        before = found[:, horizon - 1]
        here[:, : low + 1] = np.where(narrow, np.minimum(here[:, : low + 1], before[:, [low]]), here[:, : low + 1])
        here[:, high:] = np.where(narrow, np.maximum(here[:, high:], before[:, [high]]), here[:, high:])
    return found


def width(quantiles: FloatArray, low: int, high: int, scale: Scale) -> FloatArray:
    """Return the width of the 80 % interval (N,) on the link scale."""
    return scale.to_link(quantiles[:, high]) - scale.to_link(quantiles[:, low])


def room_below(low: FloatArray, step: float, scale: Scale) -> BoolArray:
    """Tell whether the lower ends (N,) can move down by a step."""
    if scale.link == "logit":
        return np.asarray(low > scale.lower)
    return np.asarray(low > step) if scale.link == "log" else np.ones(low.shape, dtype=np.bool_)


def room_above(high: FloatArray, scale: Scale) -> BoolArray:
    """Tell whether the upper ends (N,) can move up."""
    return np.asarray(high < scale.upper) if scale.link == "logit" else np.ones(high.shape, dtype=np.bool_)


def move_out(here: FloatArray, up: BoolArray, down: BoolArray, low: int, high: int, step: float, scale: Scale) -> None:
    """Move the 90 % point of some rows up and the 10 % point of others down by a step, and all beyond with them."""
    top, bottom = here[:, high] + step, here[:, low] - step
    if scale.link == "logit":
        top, bottom = np.minimum(top, scale.upper), np.maximum(bottom, scale.lower)
    here[up, high:] = np.maximum(here[up, high:], rounded(top, step)[up, None])
    here[down, : low + 1] = np.minimum(here[down, : low + 1], rounded(bottom, step)[down, None])
