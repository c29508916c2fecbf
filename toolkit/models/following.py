"""Units that follow a parent, drawn a few at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from toolkit.models.children import fit_units
from toolkit.models.links import IntArray
from toolkit.models.panel import Forecaster, Panel, Paths
from toolkit.models.panel_model import PanelModel

__all__ = ["Drawing", "followers"]

Drawing = Callable[[IntArray], Paths]
"""From numbers of units to their draws, always the same ones."""


def followers(
    model: Forecaster,
    panel: Panel,
    years: Sequence[int],
    *,
    draws: int,
    parent: Paths,
    seed: int = 0,
    segments: Sequence[int] | None = None,
) -> Drawing:
    """Fit a panel that follows a parent once, and return what draws any of its units.

    The draws are those of ``model.paths`` with the same arguments, however many units are drawn at a time.

    Raises
    ------
    ValueError
        As :meth:`toolkit.models.panel.Forecaster.paths`.
    """
    if isinstance(model, PanelModel):
        asked = np.asarray(years, dtype=np.int64)
        return fit_units(panel, asked, draws, seed, segments, parent).draw
    return model.paths(panel, years, draws=draws, seed=seed, segments=segments, parent=parent).of_units
