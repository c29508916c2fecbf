"""Back-tests: forecasts from past origins, scored by what came. Apart because the workshop scores with it too.

Of any panel (:func:`rolling_origins`, :func:`score_cuts`), and of a plan's own data (:func:`backtest_plan`). There
every origin is a day: data as they were known on that day go through the same engine as a report's, and a figure
that was published later settles the forecast. Plots show how honest the probabilities are, and where in the
distribution outcomes fall; axis labels are passed in, so that they come from the catalogue of texts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

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
MEASURES = ("crps", "wis", "absolute_error")
SMALLEST_ERROR = 1e-9
SCORES_WITH_ERRORS = ("crps", "covers_80", "covers_95", "brier")


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
    """Return one row an outcome: errors, coverage, position in the distribution, events.

    Columns: ``panel, family, modelled, length, origin, unit, horizon, points, naive, unit_of_error, crps, wis,
    absolute_error, covers_50, covers_80, covers_95, position``, and for every pace
    ``probability_k`` and ``happened_k``.
    """
    q = np.sort(quantiles[cut.unit, cut.horizon - 1], axis=-1)
    counts = np.bincount(cut.panel.unit, minlength=cut.panel.units)
    table = pd.DataFrame(
        {
            "panel": cut.panel_id,
            "family": cut.family,
            "modelled": cut.modelled,
            "length": cut.length,
            "origin": cut.panel.last_year,
            "unit": cut.unit,
            "horizon": cut.horizon,
            "points": counts[cut.unit],
            "naive": np.abs(cut.truth - cut.last),
            **scored(q, LEVELS, cut.truth),
        }
    )
    # over all units of the cut, whatever group is looked at later
    table["unit_of_error"] = table.groupby("horizon")["naive"].transform("mean").clip(lower=SMALLEST_ERROR)
    moved = np.float64(pace_of(cut)) * (cut.panel.last_year + cut.horizon - cut.last_year).astype(np.float64)
    return table.assign(**events(q, LEVELS, cut.truth, cut.last, moved))


def scored(q: FloatArray, levels: FloatArray, truth: FloatArray) -> dict[str, FloatArray | np.ndarray]:
    """Return errors, position in the distribution and coverage of outcomes (R,) under quantiles (R, Q)."""
    return {
        "crps": scores.crps_of_quantiles(q, levels, truth),
        "wis": scores.weighted_interval_score(q, levels, truth),
        "absolute_error": scores.absolute_error(q, levels, truth),
        "position": scores.probability_at_most(q, levels, truth),
        **{f"covers_{share}": scores.covered(q, levels, truth, share / 100.0) for share in (50, 80, 95)},
    }


def events(
    q: FloatArray, levels: FloatArray, truth: FloatArray, last: FloatArray, moved: FloatArray
) -> dict[str, np.ndarray]:
    """Return forecast probability and truth of "moved on at k times the pace so far", for every pace.

    Parameters
    ----------
    q, levels, truth :
        Quantiles (R, Q), their levels, and outcomes (R,).
    last, moved :
        Shape (R,): last value known, and how far the pace so far would have led since.
    """
    found: dict[str, np.ndarray] = {}
    for number, pace in enumerate(PACES):
        threshold = last + pace * moved
        at_most = scores.probability_at_most(q, levels, threshold)
        found[f"probability_{number}"] = np.where(moved >= 0, 1.0 - at_most, at_most)
        found[f"happened_{number}"] = np.where(moved >= 0, truth >= threshold, truth <= threshold)
    return found


def score_cuts(cuts: Sequence[Cut], model: Forecaster) -> pd.DataFrame:
    """Forecast and score all cuts; ``cut`` numbers them."""
    tables = [score_cut(cut, forecast_cut(cut, model)).assign(cut=number) for number, cut in enumerate(cuts)]
    return pd.concat(tables, ignore_index=True)


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
    Columns of ``by``, then ``crps, wis, absolute_error`` (relative), ``covers_50, covers_80,
    covers_95, brier, base_rate`` (the Brier score of quoting how often the events came true),
    ``skill`` (against the base rate), standard errors ``crps_error, covers_80_error, covers_95_error,
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


@dataclass(frozen=True)
class Settled:
    """One figure that became known after an origin."""

    area_code: str
    key: Key
    figure: Observation


def origin_days(first: int, today: date) -> list[date]:
    """Return the last day of every year from `first` on that lies before `today`.

    >>> [day.isoformat() for day in origin_days(2024, date(2026, 11, 23))]
    ['2024-12-31', '2025-12-31']
    """
    return [date(year, 12, 31) for year in range(first, today.year)]


def settled_after(newer: Dataset, area_codes: Sequence[str], day: date) -> list[Settled]:
    """Return the exact, final figures of some areas that became known after a day."""
    wanted = set(area_codes)
    return [
        Settled(area, (indicator, scope), figure)
        for area, indicator, scope in sorted(newer.with_data())
        if area in wanted
        for figure in newer.series(area, indicator, scope).observations
        if figure.status == "final" and not figure.qualifier and figure.available_from > day.isoformat()
    ]


def backtest_plan(
    newer: Dataset,
    then: Callable[[date], Dataset],
    plan: Plan,
    area_codes: Sequence[str],
    days: Sequence[date],
    *,
    model: Model = "default",
    draws: int = 1000,
    seed: int = 138,
    indicators: Sequence[str] = (),
) -> pd.DataFrame:
    """Forecast from every origin with what was known then, and score what has come since.

    Parameters
    ----------
    newer :
        Data that settle the forecasts.
    then :
        Returns the data as they were known on a day.
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
    Rows as :func:`score_cuts` gives them, and ``standard, grade, known_on, dated_by_rule``
    (whether the day on which the outcome became known follows a rule, because only a later publication is held).
    A series counts as one panel over all origins; horizons count from the last figure that informs a forecast.
    """
    codes = sorted({plan.province_code, *area_codes})
    rows: list[dict[str, object]] = []
    for day in days:
        came = [
            item
            for item in settled_after(newer, codes, day)
            if item.figure.year <= day.year + HORIZONS and (not indicators or item.key[0] in indicators)
        ]
        needs = _needs(came, day)
        if needs:
            past = then(day)
            made = make_forecasts(past, plan, area_codes, draws=draws, seed=seed, model=model, only=needs)
            rows.extend(_rows(came, made.path, day))
    return _finished(pd.DataFrame(rows))


def _needs(came: Sequence[Settled], day: date) -> dict[Key, Span]:
    needs: dict[Key, Span] = {}
    for item in came:
        span = Span(min(day.year, item.figure.year), item.figure.year, item.figure.year)
        needs[item.key] = needs.get(item.key, span) | span
    return needs


def _rows(
    came: Sequence[Settled], path_of: Callable[[str, str, str], Path | None], day: date
) -> Iterator[dict[str, object]]:
    for item in came:
        path = path_of(item.area_code, *item.key)
        if path is None or path.proxy is not None or not _foresees(path, item.figure):
            continue
        yield _row(item, path, day)


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
    q = np.sort(path.quantiles(tuple(LEVELS.tolist()))[path.position(figure.year)])[None, :]
    own = [known for known in evidence.observations if known.standard == figure.standard] or list(evidence.observations)
    last_year = own[-1].year if own else evidence.last_year
    last = own[-1].value if own else float(np.median(path.at(max(last_year, int(path.years[0])))))
    pace = (own[-1].value - own[0].value) / (own[-1].year - own[0].year) if len({one.year for one in own}) > 1 else 0.0
    truth = np.array([figure.value])
    measured: Mapping[str, np.ndarray] = {
        **scored(q, LEVELS, truth),
        **events(q, LEVELS, truth, np.array([last]), np.array([pace * (figure.year - last_year)])),
    }
    return {
        "panel": "/".join(item.key),
        "family": item.key[0],
        "modelled": False,
        "length": evidence.own_points,
        "origin": day.year,
        "unit": item.area_code,
        "horizon": figure.year - evidence.last_year,
        "points": evidence.own_points,
        "naive": abs(figure.value - last),
        **{name: value[0] for name, value in measured.items()},
        "standard": figure.standard,
        "grade": evidence.basis,
        "known_on": figure.available_from,
        "dated_by_rule": figure.available_basis == "rule",
    }


def _finished(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with panels numbered and the errors of "no change" as units."""
    if table.empty:
        return table
    table["cut"] = table.groupby("panel").ngroup()
    table["unit_of_error"] = table.groupby(["cut", "horizon"])["naive"].transform("mean").clip(lower=SMALLEST_ERROR)
    return table


def reliability_of_events(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the reliability table of all events of a back-test (see :func:`toolkit.evaluate.scores.reliability`)."""
    events = range(len(PACES))
    probability = np.concatenate([rows[f"probability_{k}"].to_numpy(dtype=np.float64) for k in events])
    happened = np.concatenate([rows[f"happened_{k}"].to_numpy(dtype=np.float64) for k in events])
    return scores.reliability(probability, happened)


def reliability_figure(rows: pd.DataFrame, *, forecast_label: str, observed_label: str) -> Figure:
    """Draw forecast probability against observed frequency; honest forecasts lie on the diagonal."""
    from matplotlib.figure import Figure

    table = reliability_of_events(rows)
    figure = Figure(figsize=(4.0, 4.0), layout="constrained")
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    axes.scatter(table["forecast"], table["observed"], s=200.0 * table["number"] / table["number"].max() + 10.0)
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel=forecast_label, ylabel=observed_label)
    return figure


def position_figure(rows: pd.DataFrame, *, position_label: str, count_label: str) -> Figure:
    """Draw a histogram of the outcomes' positions in their forecasts (PIT); calibrated ones are flat."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.0, 3.0), layout="constrained")
    axes = figure.add_subplot()
    axes.hist(rows["position"], bins=20, range=(0, 1), color="0.6", edgecolor="white")
    axes.axhline(len(rows) / 20.0, color="0.2", linewidth=1)
    axes.set(xlim=(0, 1), xlabel=position_label, ylabel=count_label)
    return figure


def by_group_figure(table: pd.DataFrame, group: str, *, group_label: str, error_label: str, cover_label: str) -> Figure:
    """Draw error and 80 % coverage of every model by number of points or horizon, the latter with standard errors.

    Parameters
    ----------
    table :
        Columns ``model, crps, covers_80, covers_80_error`` and the one named by `group`.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    for (model, rows), marker in zip(table.groupby("model", sort=False), "osD^vP*Xdhp", strict=False):
        left.plot(rows[group], rows["crps"], marker=marker, markersize=4, linewidth=1.2, label=str(model))
        error = rows["covers_80_error"].fillna(0.0)  # a single indicator has none
        right.errorbar(
            rows[group], rows["covers_80"], yerr=error, marker=marker, markersize=4, linewidth=1.2, elinewidth=0.6
        )
    right.axhline(0.8, color="0.4", linewidth=1, linestyle="--")
    left.set(xlabel=group_label, ylabel=error_label)
    left.set_ylim(bottom=0)
    right.set(xlabel=group_label, ylabel=cover_label, ylim=(0, 1))
    left.legend(frameon=False, fontsize=8)
    return figure
