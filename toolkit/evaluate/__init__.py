"""Scores, origins, calibration, and learning the model's weights from real panels."""

from __future__ import annotations
