"""Plots of a back-test: how honest the probabilities are, and where in the distribution outcomes fall.

Axis labels are passed in, so that they come from the catalogue of texts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from toolkit.evaluate.backtest import PACES
from toolkit.evaluate.scores import reliability

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["by_group_figure", "position_figure", "reliability_figure", "reliability_of_events"]


def reliability_of_events(rows: pd.DataFrame, *, bins: int = 10) -> pd.DataFrame:
    """Return the reliability table of all events of a back-test (see :func:`toolkit.evaluate.scores.reliability`)."""
    events = range(len(PACES))
    probability = np.concatenate([rows[f"probability_{k}"].to_numpy(dtype=np.float64) for k in events])
    happened = np.concatenate([rows[f"happened_{k}"].to_numpy(dtype=np.float64) for k in events])
    return reliability(probability, happened, bins=bins)


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
