"""Back-tests: forecasts from past origins, scored by what came. Apart because the workshop scores with it too.

Of any panel (:func:`rolling_origins`, :func:`score_cuts`), and of a plan's own data (:func:`backtest_plan`). There
every origin is a day: data as they were known on that day go through the same engine as a report's, and a figure
that was published later settles the forecast. Plots show how honest the probabilities are, and where in the
distribution outcomes fall.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from toolkit.data.dataset import Dataset
from toolkit.data.observations import Observation
from toolkit.evaluate import scores
from toolkit.forecast.make import Key, Span, make_forecasts
from toolkit.forecast.paths import Path
from toolkit.models import Model
from toolkit.models.panel import FloatArray, Forecaster, IntArray, Panel
from toolkit.plan.plan import Plan

if TYPE_CHECKING:
    from matplotlib.figure import Figure


# Years ahead at which forecasts are scored, and the levels of their quantiles
HORIZONS = 8
LEVELS = np.array([0.01, 0.025, 0.05, *np.round(np.arange(0.10, 0.91, 0.05), 2), 0.95, 0.975, 0.99], dtype=np.float64)
# Events: the last value moved on at these multiples of the panel's median yearly change so far
PACES = (0.5, 1.0, 1.5)
DRAWS = 1000
LARGEST_RATIO = 20.0
MEASURES = ("wis", "absolute_error")
SMALLEST_ERROR = 1e-9
SCORES_WITH_ERRORS = ("wis", "covers_80", "covers_95", "brier")


@dataclass(frozen=True)
class Cut:
    """One history and its future.

    Attributes
    ----------
    panel_id, family :
        Where it comes from; panels of one indicator are one family.
    modelled :
        Whether the publisher modelled or interpolated the figures.
    length :
        Points of history asked for.
    panel :
        The history.
    unit, horizon, truth :
        Shape (R,): what came afterwards.
    last, last_year :
        Shape (R,): the unit's last value and its year (the parent's where the unit has none).
    parent :
        The parent's history in the sparse shape.
    """

    panel_id: str
    family: str
    modelled: bool
    length: int
    panel: Panel
    unit: IntArray
    horizon: IntArray
    truth: FloatArray
    last: FloatArray
    last_year: IntArray
    parent: Panel | None = None


def rolling_origins(name: str, panel: Panel, *, parent: Panel | None = None, fewest: int = 3) -> list[Cut]:
    """Return one cut for every origin of a panel: what was known by then, and what came afterwards.

    Parameters
    ----------
    name :
        Name of the panel.
    panel :
        All observations; only cells of one standard are used (no jumps).
    parent :
        The series that the units follow, if there is one: then units without figures are forecast too.
    fewest :
        An origin needs this many observed years in some unit, or in the parent.
    """
    found = []
    for origin in range(int(panel.year.min()) - (parent is not None), int(panel.year.max())):
        history = known_by(panel, origin)
        above = None if parent is None else known_by(parent, origin)
        counts = np.bincount(history.unit, minlength=panel.units)
        ahead = (panel.year > origin) & (panel.year <= origin + HORIZONS)
        if above is None:
            ahead &= counts[panel.unit] > 0
        longest = counts.max() if above is None else above.year.size
        if longest < fewest or not ahead.any():
            continue
        last, last_year = last_values(history)
        if above is not None:
            last = np.where(counts > 0, last, last_values(above)[0])
        unit = panel.unit[ahead]
        found.append(
            Cut(
                name,
                name,
                modelled=False,
                length=int(counts.max()),
                panel=history,
                unit=unit,
                horizon=panel.year[ahead] - origin,
                truth=panel.value[ahead],
                last=last[unit],
                last_year=last_year[unit],
                parent=above,
            )
        )
    return found


def known_by(panel: Panel, origin: int) -> Panel:
    """Return a panel's figures up to a year."""
    past = panel.year <= origin
    return Panel.from_rows(
        panel.units,
        panel.unit[past],
        panel.year[past],
        panel.value[past],
        panel.scale,
        noise=panel.noise[past],
        origin=origin,
    )


def last_values(panel: Panel) -> tuple[FloatArray, np.ndarray]:
    """Return each unit's last value and its year (nan and the origin where it has none)."""
    value, year = np.full(panel.units, np.nan), np.full(panel.units, panel.last_year)
    for row in np.argsort(panel.year, kind="stable"):
        value[panel.unit[row]], year[panel.unit[row]] = panel.value[row], panel.year[row]
    return value, year


def forecast_cut(cut: Cut, model: Forecaster) -> FloatArray:
    """Return the model's quantiles (N, H, Q) of :data:`LEVELS` for a cut; children follow their parent."""
    origin = cut.panel.last_year
    ahead = range(origin + 1, origin + HORIZONS + 1)
    if cut.parent is None:
        return model.quantiles(cut.panel, ahead, LEVELS.tolist())
    first = min([*cut.panel.year.tolist(), *cut.parent.year.tolist()])
    parent = model.paths(cut.parent, range(first, ahead[-1] + 1), draws=DRAWS)
    found = model.paths(cut.panel, ahead, draws=DRAWS, parent=parent)
    return np.moveaxis(np.quantile(found.values, LEVELS, axis=0), 0, -1)


def pace_of(cut: Cut) -> float:
    """Return the median yearly change so far, in printed units (the parent's where there is one)."""
    panel = cut.panel if cut.parent is None else cut.parent
    steps = []
    for unit in range(panel.units):
        mine = panel.unit == unit
        if mine.any():
            year, value = panel.year[mine], panel.value[mine]
            span = max(int(year.max() - year.min()), 1)
            steps.append((value[year.argmax()] - value[year.argmin()]) / span)
    return float(np.median(steps))


def score_cut(cut: Cut, quantiles: FloatArray) -> pd.DataFrame:
    """Return one row an outcome of a cut, as :func:`scored` has it, by quantiles (N, H, Q) of :data:`LEVELS`."""
    panel = cut.panel
    rows = {
        "panel": cut.panel_id,
        "family": cut.family,
        "modelled": cut.modelled,
        "length": cut.length,
        "origin": panel.last_year,
        "unit": cut.unit,
        "horizon": cut.horizon,
        "points": np.bincount(panel.unit, minlength=panel.units)[cut.unit],
        "outcome": cut.truth,
        "last": cut.last,
        "moved": pace_of(cut) * (panel.last_year + cut.horizon - cut.last_year),
    }
    return scored(pd.DataFrame(rows), quantiles[cut.unit, cut.horizon - 1])


def scored(rows: pd.DataFrame, quantiles: FloatArray) -> pd.DataFrame:
    """Return outcomes with what was forecast of them, and how that fared.

    Parameters
    ----------
    rows :
        One an outcome: ``outcome``, ``last`` (the last value known) and ``moved`` (how far the pace so far would have
        led since), beside columns that say what it is.
    quantiles :
        Shape (R, Q), of :data:`LEVELS`.

    Returns
    -------
    The rows, and the quantiles as ``q0.01`` to ``q0.99``; ``naive``, the error of "no change"; ``wis``, the weighted
    interval score of these quantiles (twice their mean pinball loss; both in the unit of the outcome);
    ``absolute_error`` of the median; ``position`` of the outcome in the distribution; ``covers_50``, ``covers_80``,
    ``covers_95``; and for each event k, "moved on at :data:`PACES` [k] times the pace so far", ``threshold_k``,
    ``probability_k`` and ``happened_k``.
    """
    q = np.sort(quantiles, axis=-1)
    truth, last, moved = (rows[name].to_numpy(dtype=np.float64) for name in ("outcome", "last", "moved"))
    found: dict[str, np.ndarray] = {f"q{level:g}": q[:, column] for column, level in enumerate(LEVELS)}
    found |= {
        "naive": np.abs(truth - last),
        "wis": scores.weighted_interval_score(q, LEVELS, truth),
        "absolute_error": scores.absolute_error(q, LEVELS, truth),
        "position": scores.probability_at_most(q, LEVELS, truth),
        **{f"covers_{share}": scores.covered(q, LEVELS, truth, share / 100.0) for share in (50, 80, 95)},
    }
    for number, pace in enumerate(PACES):
        threshold = last + pace * moved
        at_most = scores.probability_at_most(q, LEVELS, threshold)
        found[f"threshold_{number}"] = threshold
        found[f"probability_{number}"] = np.where(moved >= 0, 1.0 - at_most, at_most)
        found[f"happened_{number}"] = np.where(moved >= 0, truth >= threshold, truth <= threshold)
    return rows.drop(columns="moved").assign(**found)


def with_units(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows with the mean error of "no change" in their cut and horizon, over all units: ``unit_of_error``."""
    mean = rows.groupby(["cut", "horizon"])["naive"].transform("mean")
    return rows.assign(unit_of_error=mean.clip(lower=SMALLEST_ERROR))


def score_cuts(cuts: Sequence[Cut], model: Forecaster) -> pd.DataFrame:
    """Forecast and score all cuts; ``cut`` numbers them."""
    tables = [score_cut(cut, forecast_cut(cut, model)).assign(cut=number) for number, cut in enumerate(cuts)]
    return with_units(pd.concat(tables, ignore_index=True))


def summary(rows: pd.DataFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """Return mean scores; cuts and horizons count equally, errors are relative to "no change".

    Parameters
    ----------
    rows :
        As :func:`score_cuts` returns them.
    by :
        Columns to group by, such as ``points`` or ``horizon``; none for one line.

    Returns
    -------
    Columns of ``by``, then ``wis, absolute_error`` (relative), ``covers_50, covers_80,
    covers_95, brier, base_rate`` (the Brier score of quoting how often the events came true),
    ``skill`` (against the base rate), standard errors ``wis_error, covers_80_error, covers_95_error,
    brier_error``, ``families, cuts, outcomes``. What befalls an indicator befalls all its areas and histories: for
    the errors only families are independent, and a single one has none (nan).
    """
    keys = [name for name in dict.fromkeys((*by, "cut", "family", "horizon", "points")) if name in rows.columns]
    sparse = rows.groupby("cut")["points"].nunique().max() > 1
    if not sparse and "points" not in by:
        keys.remove("points")
    frame = rows.copy()
    events = range(len(PACES))
    squares = [(frame[f"probability_{k}"] - frame[f"happened_{k}"].astype(float)) ** 2 for k in events]
    frame["brier"] = np.mean(squares, axis=0)
    rates = [frame[f"happened_{k}"].astype(float) for k in events]
    frame["base_rate"] = np.mean([(rate.mean() - rate) ** 2 for rate in rates], axis=0)
    others = ["covers_50", "covers_80", "covers_95", "brier", "base_rate"]
    grouped = frame.groupby(keys)
    cells = grouped[list(MEASURES)].mean().div(grouped["unit_of_error"].first(), axis=0).clip(upper=LARGEST_RATIO)
    cells[others] = grouped[others].mean()
    cells["outcomes"] = grouped.size()
    cells = cells.reset_index().assign(all="all")
    groups = [cells[name] for name in by or ("all",)]
    final = cells.groupby(groups)
    means = final[[*MEASURES, *others]].mean()
    means["skill"] = 1.0 - means["brier"] / means["base_rate"]
    errors = scores.clustered_errors(cells[list(SCORES_WITH_ERRORS)], groups, cells["family"])
    means = means.join(errors.add_suffix("_error"))
    means["families"] = final["family"].nunique()
    means["cuts"] = final["cut"].nunique()
    means["outcomes"] = final["outcomes"].sum()
    return means.reset_index(drop=not by)


def origin_days(first: int, today: date) -> list[date]:
    """Return the last day of every year from `first` on that lies before `today`.

    >>> [day.isoformat() for day in origin_days(2024, date(2026, 11, 23))]
    ['2024-12-31', '2025-12-31']
    """
    return [date(year, 12, 31) for year in range(first, today.year)]


class Settled(NamedTuple):
    """One figure that became known after an origin."""

    area_code: str
    key: Key
    figure: Observation


def settled_after(newer: Dataset, area_codes: Sequence[str], day: date) -> list[Settled]:
    """Return the exact, final figures of some areas that became known after a day."""
    return [
        Settled(area, (indicator, scope), figure)
        for area, indicator, scope in sorted(newer.with_data())
        if area in area_codes
        for figure in newer.series(area, indicator, scope).observations
        if figure.status == "final" and not figure.qualifier and figure.available_from > day.isoformat()
    ]


def backtest_plan(
    newer: Dataset,
    plan: Plan,
    area_codes: Sequence[str],
    days: Sequence[date],
    model: Model = "default",
    *,
    draws: int = 1000,
    seed: int = 138,
    indicators: Sequence[str] = (),
) -> pd.DataFrame:
    """Forecast from every origin with what was known then, and score what has come since.

    Parameters
    ----------
    newer :
        Data that settle the forecasts, and of which each origin sees what was known then.
    plan, area_codes :
        Whose indicators, and of which areas. The province is always among them.
    days :
        Origins.
    model, draws, seed :
        As in :func:`toolkit.forecast.make.make_forecasts`.
    indicators :
        Only these; all that have outcomes by default.

    Returns
    -------
    Rows as :func:`score_cuts` gives them, and ``standard, grade, year, outcome, low80, median, high80, known_on,
    dated_by_rule`` (whether the day on which the outcome became known follows a rule, because only a later
    publication is held).
    A series counts as one panel over all origins; horizons count from the last figure that informs a forecast.
    """
    codes = sorted({plan.province_code, *area_codes})
    rows: list[dict[str, object]] = []
    quantiles = []
    for day in days:
        came = [
            item
            for item in settled_after(newer, codes, day)
            if item.figure.year <= day.year + HORIZONS and (not indicators or item.key[0] in indicators)
        ]
        needs: dict[Key, Span] = {}
        for item in came:
            span = Span(min(day.year, item.figure.year), item.figure.year, item.figure.year)
            needs[item.key] = needs.get(item.key, span) | span
        if not needs:
            continue
        made = make_forecasts(newer.known_on(day), plan, area_codes, draws=draws, seed=seed, model=model, only=needs)
        for item in came:
            path = made.path(item.area_code, *item.key)
            if path is not None and path.proxy is None and _foresees(path, item.figure):
                rows.append(_row(item, path, day))
                quantiles.append(path.quantiles(tuple(LEVELS.tolist()))[path.position(item.figure.year)])
    if not rows:
        return pd.DataFrame()
    table = scored(pd.DataFrame(rows), np.stack(quantiles))
    return with_units(table.assign(cut=table.groupby("panel").ngroup()))


def _foresees(path: Path, figure: Observation) -> bool:
    """Say whether the path spoke of that year, still ahead for it, on the standard that it was measured on."""
    inside = int(path.years[0]) <= figure.year <= int(path.years[-1])
    return (
        inside
        and path.evidence.last_year < figure.year
        and path.standards[path.position(figure.year)] == figure.standard
    )


def _row(item: Settled, path: Path, day: date) -> dict[str, object]:
    figure, evidence = item.figure, path.evidence
    low, median, high = (float(value) for value in path.quantiles((0.1, 0.5, 0.9))[path.position(figure.year)])
    own = [known for known in evidence.observations if known.standard == figure.standard] or list(evidence.observations)
    last_year = own[-1].year if own else evidence.last_year
    last = own[-1].value if own else float(np.median(path.at(max(last_year, int(path.years[0])))))
    pace = (own[-1].value - own[0].value) / (own[-1].year - own[0].year) if len({one.year for one in own}) > 1 else 0.0
    return {
        "panel": "/".join(item.key),
        "family": item.key[0],
        "modelled": False,
        "length": evidence.own_points,
        "origin": day.year,
        "unit": item.area_code,
        "horizon": figure.year - evidence.last_year,
        "points": evidence.own_points,
        "standard": figure.standard,
        "grade": evidence.basis,
        "year": figure.year,
        "low80": low,
        "median": median,
        "high80": high,
        "known_on": figure.available_from,
        "dated_by_rule": figure.available_basis == "rule",
        "outcome": figure.value,
        "last": last,
        "moved": pace * (figure.year - last_year),
    }


def reliability_of_events(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the reliability table of all events of a back-test (see :func:`toolkit.evaluate.scores.reliability`)."""
    said, came = (
        np.concatenate([rows[f"{name}_{k}"].to_numpy(dtype=np.float64) for k in range(len(PACES))])
        for name in ("probability", "happened")
    )
    return scores.reliability(said, came)


def draw_scores(figure: Figure, rows: pd.DataFrame, groups: Mapping[str, pd.DataFrame], t: Callable[..., str]) -> None:
    """Draw how honest forecasts were: reliability, positions, and error and coverage by points and horizon.

    Honest probabilities lie on the diagonal, positions of calibrated forecasts are flat (PIT), and the 80 % interval
    covers 80 %, here with standard errors.

    Parameters
    ----------
    figure :
        An empty one.
    rows :
        Of one model.
    groups :
        By ``points`` and ``horizon``: tables with columns ``model, wis, covers_80, covers_80_error`` and that one.
    t :
        Text of a key, such as :meth:`toolkit.base.texts.Texts.t`.
    """
    axes = figure.subplots(2, 3)
    table = reliability_of_events(rows)
    axes[0, 0].plot([0, 1], [0, 1], color="0.7", linewidth=1)
    sizes = 200.0 * table["number"] / table["number"].max() + 10.0
    axes[0, 0].scatter(table["forecast"], table["observed"], s=sizes)
    labels = {"xlabel": t("run.backtest.forecast_probability"), "ylabel": t("run.backtest.observed_frequency")}
    axes[0, 0].set(xlim=(0, 1), ylim=(0, 1), **labels)
    axes[1, 0].hist(rows["position"], bins=20, range=(0, 1), color="0.6", edgecolor="white")
    axes[1, 0].axhline(len(rows) / 20.0, color="0.2", linewidth=1)
    axes[1, 0].set(xlim=(0, 1), xlabel=t("run.backtest.position"), ylabel=t("run.backtest.outcomes"))
    for column, group in enumerate(("points", "horizon"), start=1):
        above, below = axes[:, column]
        for (model, found), marker in zip(groups[group].groupby("model", sort=False), "osD^vP*Xdhp", strict=False):
            style: dict[str, Any] = {"marker": marker, "markersize": 4, "linewidth": 1.2}
            above.plot(found[group], found["wis"], label=str(model), **style)
            error = found["covers_80_error"].fillna(0.0)  # a single indicator has none
            below.errorbar(found[group], found["covers_80"], yerr=error, elinewidth=0.6, **style)
        below.axhline(0.8, color="0.4", linewidth=1, linestyle="--")
        above.set(xlabel=t(f"run.backtest.{group}"), ylabel=t("run.backtest.error"))
        above.set_ylim(bottom=0)
        below.set(xlabel=t(f"run.backtest.{group}"), ylabel=t("run.backtest.cover"), ylim=(0, 1))
        above.legend(frameon=False, fontsize=8)
    for one in axes.flat:
        one.xaxis.label.set_fontsize(8)
        one.yaxis.label.set_fontsize(8)
