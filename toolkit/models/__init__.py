"""Forecasts of short panels: arrays in, joint draws out. Knows no areas and no plans."""

from __future__ import annotations

from toolkit.models.following import Drawing, followers
from toolkit.models.panel import Forecaster, Jump, Panel, Paths, Scale
from toolkit.models.registry import NAMES, default, get

__all__ = ["NAMES", "Drawing", "Forecaster", "Jump", "Panel", "Paths", "Scale", "default", "followers", "get"]
