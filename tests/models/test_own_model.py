"""A model of one's own: draws or quantiles of an object with fit and predict, inside the bounds, everywhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from toolkit.base.errors import UsageError
from toolkit.models import get
from toolkit.models.panel import Panel, Scale

YEARS = [2023, 2024, 2025]


class Drawing:
    """The last value, and steps that were drawn."""

    def fit(self, panel: pd.DataFrame) -> Drawing:
        self.last = panel.ffill().iloc[-1].to_numpy()
        return self

    def predict(self, horizons: np.ndarray) -> Any:
        noise = np.random.default_rng(1).standard_normal((500, self.last.size, horizons.size))
        return self.last[None, :, None] + 0.3 * noise * np.sqrt(horizons)


class Quantiles(Drawing):
    """The same as quantiles."""

    def predict(self, horizons: np.ndarray) -> Any:
        drawn = super().predict(horizons)
        return {level: np.quantile(drawn, level, axis=0) for level in (0.05, 0.25, 0.5, 0.75, 0.95)}


def panel() -> Panel:
    unit, year = np.array([0, 0, 0, 1, 1]), np.array([2020, 2021, 2022, 2020, 2022])
    return Panel.from_rows(2, unit, year, np.array([10.0, 9.0, 8.0, 40.0, 41.0]), Scale.percent())


@pytest.mark.parametrize("model", [Drawing(), Quantiles()])
def test_its_distribution_is_the_forecast_and_known_years_stay(model: Drawing) -> None:
    found = get(model)
    assert found.name == type(model).__name__
    assert not hasattr(model, "last"), "a copy is fitted, never the model itself"
    middle = found.quantiles(panel(), YEARS, [0.1, 0.5, 0.9])
    assert middle.shape == (2, 3, 3)
    assert (np.diff(middle, axis=2) > 0).all()
    np.testing.assert_allclose(middle[:, 0, 1], [8.0, 41.0], rtol=0.1)
    drawn = found.paths(panel(), [2022, *YEARS], draws=400).values
    assert ((drawn >= 0) & (drawn <= 100)).all()
    np.testing.assert_allclose(np.median(drawn[:, :, 1], axis=0), middle[:, 0, 1], rtol=0.1)


def test_what_cannot_be_used_is_refused_in_words() -> None:
    class Flat(Drawing):
        def predict(self, horizons: np.ndarray) -> Any:
            return np.zeros((2, horizons.size))

    class Broken(Drawing):
        def predict(self, horizons: np.ndarray) -> Any:
            return np.full((10, 2, horizons.size), np.nan)

    with pytest.raises(ValueError, match=r"array \(S, 2, 3\)"):
        get(Flat()).quantiles(panel(), YEARS, [0.5])
    with pytest.raises(ValueError, match="finite"):
        get(Broken()).quantiles(panel(), YEARS, [0.5])
    with pytest.raises(UsageError, match="fit"):
        get(object())  # type: ignore[arg-type]
