"""What goes with faster progress across a panel, and which trajectories are alike: exploration, never a verdict.

Both say what stands beside what in the past of some units. Neither says why, and nothing here enters a forecast.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from toolkit.base.errors import UsageError
from toolkit.base.texts import say
from toolkit.models.panel import FloatArray, Scale

FEWEST_UNITS = 12
PENALTIES = tuple(float(penalty) for penalty in np.logspace(-2, 4, 25))
RESAMPLES = 400


@dataclass(frozen=True)
class Drivers:
    """Which starting conditions go with faster progress.

    Attributes
    ----------
    table :
        One row a condition: `effect` (change of the yearly pace, on the link scale, that goes with one standard
        deviation more), `low` and `high` (90 % interval from resampling whole units), `sign_kept` (share of the
        resamples with the same sign).
    penalty :
        Ridge penalty, chosen by leaving one unit out.
    explained :
        1 − squared error of predicting each unit from the others / of predicting it by the others' mean. Near or
        below 0: the conditions tell nothing about a unit that was not seen.
    units :
        Number of units.
    """

    table: pd.DataFrame
    penalty: float
    explained: float
    units: int


@dataclass(frozen=True)
class Typology:
    """Units whose trajectories are alike.

    Attributes
    ----------
    groups :
        Group number by unit, 0 the one with the fastest rise.
    centres :
        One row a group: mean level, yearly pace and roughness on the link scale, and how many units.
    silhouette :
        How well the groups stand apart, −1..1; below 0.25 they hardly do.
    stability :
        Mean adjusted Rand index against groups made without one unit each: 1 when no unit decides them.
    """

    groups: pd.Series
    centres: pd.DataFrame
    silhouette: float
    stability: float


def paces(wide: pd.DataFrame, scale: Scale) -> pd.Series:
    """Return each unit's yearly pace on the link scale: the slope of a line through its points.

    Parameters
    ----------
    wide :
        Units in rows, years in columns, missing values allowed; units with fewer than three points are left out.
    """
    return features(wide, scale)["pace"]


def features(wide: pd.DataFrame, scale: Scale) -> pd.DataFrame:
    """Return level, pace and roughness (residual standard deviation) of each unit on the link scale."""
    rows = {}
    for unit, values in wide.iterrows():
        known = values.dropna()
        if len(known) < 3:
            continue
        x = np.asarray(known.index, dtype=np.float64)
        y = scale.to_link(known.to_numpy(dtype=np.float64))
        slope, constant = np.polyfit(x - x.mean(), y, 1)
        rough = float(np.std(y - constant - slope * (x - x.mean())))
        rows[unit] = {"level": float(constant), "pace": float(slope), "roughness": rough}
    return pd.DataFrame.from_dict(rows, orient="index", columns=["level", "pace", "roughness"])


def drivers(pace: pd.Series, conditions: pd.DataFrame, *, seed: int = 138) -> Drivers:
    """Return which starting conditions go with faster progress, by ridge regression.

    Parameters
    ----------
    pace :
        Yearly pace by unit, as :func:`paces` returns it.
    conditions :
        Starting conditions by unit, numeric; units that lack one are left out.
    seed :
        Of the resampling.

    Raises
    ------
    UsageError
        For fewer than :data:`FEWEST_UNITS` complete units, or a condition that does not vary.
    """
    complete = conditions.dropna().join(pace.rename("pace"), how="inner").dropna()
    varying = bool((complete[list(conditions.columns)].std() > 0).all()) if len(complete) > 1 else False
    if len(complete) < FEWEST_UNITS or not varying:
        raise UsageError(say("scenario.few_units", count=len(complete)), say("scenario.few_units.remedy"))
    x = complete[list(conditions.columns)].to_numpy(dtype=np.float64)
    y = complete["pace"].to_numpy(dtype=np.float64)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    errors = [float(np.mean((y - left_out(x, y, penalty)) ** 2)) for penalty in PENALTIES]
    penalty = PENALTIES[int(np.argmin(errors))]
    count = len(y)
    others = (y.sum() - y) / (count - 1)
    random = np.random.Generator(np.random.PCG64(seed))
    again = np.array(
        [coefficients(x[pick], y[pick], penalty) for pick in random.integers(0, count, (RESAMPLES, count))]
    )
    effect = coefficients(x, y, penalty)
    table = pd.DataFrame(
        {
            "effect": effect,
            "low": np.quantile(again, 0.05, axis=0),
            "high": np.quantile(again, 0.95, axis=0),
            "sign_kept": np.mean(np.sign(again) == np.sign(effect), axis=0),
        },
        index=list(conditions.columns),
    )
    explained = 1.0 - min(errors) / float(np.mean((y - others) ** 2))
    return Drivers(table, penalty, explained, count)


def coefficients(x: FloatArray, y: FloatArray, penalty: float) -> FloatArray:
    """Return ridge coefficients with an unpenalised constant, shape (K,)."""
    from sklearn.linear_model import Ridge

    return np.asarray(Ridge(alpha=penalty).fit(x, y).coef_, dtype=np.float64)


def left_out(x: FloatArray, y: FloatArray, penalty: float) -> FloatArray:
    """Return the prediction of each unit from all others, shape (N,): exact, from the hat matrix.

    With a constant that is not penalised, y − ŷ₍₋ᵢ₎ = (y − ŷ) / (1 − hᵢ) (Hastie et al., Elements, 7.10).
    """
    count = len(y)
    full = np.column_stack([np.ones(count), x])
    weight = penalty * np.eye(full.shape[1])
    weight[0, 0] = 0.0
    hat = full @ np.linalg.solve(full.T @ full + weight, full.T)
    return np.asarray(y - (y - hat @ y) / (1.0 - np.diag(hat)), dtype=np.float64)


def typology(wide: pd.DataFrame, scale: Scale, *, groups: int = 3, seed: int = 138) -> Typology:
    """Group units by level and pace on the link scale (k-means on standardised features).

    Raises
    ------
    UsageError
        For fewer than :data:`FEWEST_UNITS` units with three points.
    """
    from sklearn.metrics import adjusted_rand_score, silhouette_score

    found = features(wide, scale)
    if len(found) < FEWEST_UNITS:
        raise UsageError(say("scenario.few_units", count=len(found)), say("scenario.few_units.remedy"))
    x = found[["level", "pace"]].to_numpy(dtype=np.float64)
    x = (x - x.mean(axis=0)) / np.maximum(x.std(axis=0), 1e-12)
    labels = _clusters(x, groups, seed)
    agreement = []
    for unit in range(len(x)):
        kept = np.arange(len(x)) != unit
        agreement.append(adjusted_rand_score(labels[kept], _clusters(x[kept], groups, seed)))
    order = found.groupby(labels)["pace"].mean().sort_values(ascending=False).index
    named = pd.Series(labels, index=found.index, name="group").map({old: new for new, old in enumerate(order)})
    centres = found.groupby(named).mean()
    centres["units"] = named.value_counts().sort_index()
    return Typology(named, centres, float(silhouette_score(x, labels)), float(np.mean(agreement)))


def _clusters(x: FloatArray, groups: int, seed: int) -> np.ndarray:
    from sklearn.cluster import KMeans

    return np.asarray(KMeans(n_clusters=groups, n_init=5, random_state=seed).fit_predict(x))
