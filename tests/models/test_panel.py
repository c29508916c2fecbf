"""Scales and panels refuse what they cannot stand for."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit import models
from toolkit.base.errors import UsageError
from toolkit.models.panel import Jump, Panel, Scale


@given(st.floats(0.0, 100.0))
def test_logit_and_back(value: float) -> None:
    assert float(Scale.percent().from_link(Scale.percent().to_link(value))) == pytest.approx(value, rel=1e-9, abs=1e-9)


@given(st.floats(-1e300, 1e300))
def test_no_link_leaves_its_bounds(linked: float) -> None:
    assert 0 <= float(Scale.percent().from_link(linked)) <= 100
    assert 0 < float(Scale.positive().from_link(linked)) < np.inf


def test_known_logits() -> None:
    np.testing.assert_allclose(Scale.percent().to_link([50.0, 0.0, 100.0]), [0.0, -7.601402, 7.601402], atol=1e-6)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"units": 0}, "at least one unit"),
        ({"unit": [0, 2]}, "0..1"),
        ({"year": [2020]}, "one common length"),
        ({"value": [1.0, np.nan]}, "finite"),
        ({"noise": [0.0, -1.0]}, "finite"),
        ({"segment": [0, 3], "jumps": [Jump(2020, 0, 1, 0.1, 0.1)]}, "segment"),
        ({"origin": 2019}, "2021"),
    ],
)
def test_bad_panels_are_refused(change: dict, words: str) -> None:
    rows = {"units": 2, "unit": [0, 1], "year": [2020, 2021], "value": [1.0, 2.0], "scale": Scale.percent()}
    with pytest.raises(ValueError, match=words):
        Panel.from_rows(**{**rows, **change})


def test_segments_in_the_order_of_time() -> None:
    jumps = [Jump(2021, 1, 2, 0.1, 0.1), Jump(2015, 0, 1, 0.1, 0.1)]
    panel = Panel.from_rows(1, [0], [2016], [3.0], Scale.percent(), segment=[1], jumps=jumps)
    assert panel.segments == (0, 1, 2)


def test_unknown_model_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="damped_ets"):
        models.get("dampd_ets")


def test_import_is_light() -> None:
    code = (
        "import sys, toolkit.models; print([m for m in ('statsmodels', 'sklearn', 'scipy.stats') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert found.strip() == "[]"
