"""Proper scores and calibration, on quantiles, draws and event probabilities."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit.models.panel import BoolArray, FloatArray


def weighted_interval_score(quantiles: npt.ArrayLike, levels: npt.ArrayLike, observed: npt.ArrayLike) -> FloatArray:
    """Return the weighted interval score of central intervals and the median.

    Source: Bracher, Ray, Gneiting and Reich (2021), equation 1: with K intervals of nominal
    1 - alpha_k, (|y - median| / 2 + sum alpha_k / 2 * IS_k) / (K + 1/2). By their section 2.2 that is twice the mean
    pinball loss, which is how it is computed. It is no CRPS, and tends to it as equally spaced levels grow dense.

    Parameters
    ----------
    quantiles :
        Shape (..., Q).
    levels :
        Shape (Q,): probabilities, symmetric around 0.5, which is one of them.
    observed :
        Shape (...).

    Raises
    ------
    ValueError
        If the levels are not symmetric around a median of 0.5.

    Examples
    --------
    >>> float(weighted_interval_score([1.0, 2.0, 4.0], [0.25, 0.5, 0.75], 3.0))
    0.8333333333333334
    """
    q, tau = np.asarray(quantiles, dtype=np.float64), np.asarray(levels, dtype=np.float64)
    if tau.size % 2 == 0 or not np.allclose(tau + tau[::-1], 1.0):
        raise ValueError("the levels have to be symmetric around 0.5")
    gap = np.asarray(observed, dtype=np.float64)[..., None] - q
    return np.asarray(2.0 * np.mean(np.where(gap >= 0, tau, tau - 1.0) * gap, axis=-1))


def absolute_error(quantiles: npt.ArrayLike, levels: npt.ArrayLike, observed: npt.ArrayLike) -> FloatArray:
    """Return the absolute error of the median."""
    tau = np.asarray(levels, dtype=np.float64)
    middle = np.asarray(quantiles, dtype=np.float64)[..., int(np.abs(tau - 0.5).argmin())]
    return np.asarray(np.abs(np.asarray(observed, dtype=np.float64) - middle))


def covered(quantiles: npt.ArrayLike, levels: npt.ArrayLike, observed: npt.ArrayLike, share: float) -> BoolArray:
    """Tell whether the central interval of nominal ``share`` holds the observed value (its ends included)."""
    q, tau = np.asarray(quantiles, dtype=np.float64), np.asarray(levels, dtype=np.float64)
    low, high = ((int(np.abs(tau - level).argmin())) for level in ((1.0 - share) / 2.0, (1.0 + share) / 2.0))
    y = np.asarray(observed, dtype=np.float64)
    return np.asarray((y >= q[..., low] - 1e-9) & (y <= q[..., high] + 1e-9))


def probability_at_most(quantiles: npt.ArrayLike, levels: npt.ArrayLike, threshold: npt.ArrayLike) -> FloatArray:
    """Return the probability of values at or below a threshold, linear between quantiles, 0 and 1 outside."""
    q, tau = np.asarray(quantiles, dtype=np.float64), np.asarray(levels, dtype=np.float64)
    x = np.broadcast_to(np.asarray(threshold, dtype=np.float64), q.shape[:-1])
    # equal quantiles, such as several at a bound, are spread out by less than a number's last digits
    apart = q + np.arange(tau.size) * 1e-12
    found = [
        np.interp(v, row, tau, left=0.0, right=1.0)
        for v, row in zip(x.ravel(), apart.reshape(-1, tau.size), strict=True)
    ]
    return np.array(found).reshape(x.shape)


def brier_score(probability: npt.ArrayLike, happened: npt.ArrayLike) -> FloatArray:
    """Return squared differences between probabilities and events (0 or 1)."""
    p, e = np.asarray(probability, dtype=np.float64), np.asarray(happened, dtype=np.float64)
    return np.asarray((p - e) ** 2)


def reliability(probability: npt.ArrayLike, happened: npt.ArrayLike, *, bins: int = 10) -> pd.DataFrame:
    """Return, by bin of the probability, mean forecast, observed frequency and number.

    Examples
    --------
    >>> reliability([0.1, 0.2, 0.9], [0, 1, 1], bins=2)["observed"].tolist()
    [0.5, 1.0]
    """
    p = np.asarray(probability, dtype=np.float64).ravel()
    number = np.clip((p * bins).astype(np.int64), 0, bins - 1)
    table = pd.DataFrame({"bin": number, "p": p, "e": np.asarray(happened, dtype=np.float64).ravel()})
    return table.groupby("bin").agg(forecast=("p", "mean"), observed=("e", "mean"), number=("p", "size")).reset_index()


def clustered_errors(scores: pd.DataFrame, groups: list[pd.Series], clusters: pd.Series) -> pd.DataFrame:
    """Return standard errors of the means of columns, by group; nan for a group of a single cluster.

    Only clusters are taken for independent: the variance is that of an ordinary regression on a constant with
    clustered errors. Source: Liang and Zeger (1986), with the usual correction c / (c - 1) for c clusters.

    Parameters
    ----------
    scores :
        One row an observation.
    groups, clusters :
        Columns as long as ``scores``; at least one group.

    Examples
    --------
    >>> scores, group = pd.DataFrame({"a": [1.0, 1.0, 4.0]}), [pd.Series(["all"] * 3, name="group")]
    >>> clustered_errors(scores, group, pd.Series(["x", "x", "y"])).round(3).to_dict("list")
    {'a': [1.333]}
    """
    away = scores - scores.groupby(groups).transform("mean")
    sums = away.groupby([*groups, clusters.rename("cluster")]).sum()
    squares = (sums**2).groupby(level=list(range(len(groups))))
    count = squares.size()
    correction = (count / (count - 1)).where(count > 1)
    return (squares.sum().mul(correction, axis=0) ** 0.5).div(scores.groupby(groups).size(), axis=0)
