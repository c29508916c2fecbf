"""Scores, back-tests and their plots, and the ledger of a run."""

from __future__ import annotations
