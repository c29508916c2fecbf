"""What every model has to keep, whatever the data."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toolkit import models
from toolkit.models.panel import Jump, Panel, Paths, Scale

LEVELS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
QUICK = ("no_change", "drift", "ols")


@st.composite
def panels(draw: st.DrawFn) -> Panel:
    scale = draw(st.sampled_from([Scale.percent(), Scale.positive(), Scale.real()]))
    units = draw(st.integers(1, 4))
    cells = draw(st.lists(st.tuples(st.integers(0, units - 1), st.integers(2008, 2020)), unique=True, max_size=14))
    low, high = {"logit": (0.0, 100.0), "log": (0.0, 1e9), "identity": (-1e6, 1e6)}[scale.link]
    values = [draw(st.floats(low, high)) for _ in cells]
    return Panel.from_rows(units, [u for u, _ in cells], [y for _, y in cells], values, scale, origin=2020)


def width(panel: Panel, quantiles: np.ndarray) -> np.ndarray:
    linked = np.log(quantiles) if panel.scale.link == "log" else panel.scale.to_link(quantiles)
    return linked[..., LEVELS.index(0.9)] - linked[..., LEVELS.index(0.1)]


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(panel=panels())
def test_quantiles_are_ordered_bounded_wide_and_never_narrow(panel: Panel) -> None:
    found = models.get("default").quantiles(panel, range(2021, 2029), LEVELS)
    assert found.shape == (panel.units, 8, len(LEVELS))
    assert np.isfinite(found).all()
    assert (np.diff(found, axis=-1) >= 0).all()
    if panel.scale.link == "logit":
        assert found.min() >= 0
        assert found.max() <= 100
    if panel.scale.link == "log":
        assert found.min() > 0
    inside = ((found > 1e-6) & (found < 100 - 1e-6)).all() if panel.scale.link == "logit" else True
    if inside and np.abs(found).max() < 1e100 and (panel.scale.link != "log" or found.min() > 1e-100):
        widths = width(panel, found)
        assert (widths > 0).all()
        # far out the printed values carry too few digits to tell
        assert (np.diff(widths, axis=1) >= -1e-5 * (1.0 + widths.max())).all()


@pytest.mark.parametrize("name", ["default", *QUICK])
@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(panel=panels())
def test_paths_keep_observed_cells_and_bounds(name: str, panel: Panel) -> None:
    years = list(range(2006, 2025))
    found = models.get(name).paths(panel, years, draws=60)
    assert found.values.shape == (60, panel.units, len(years))
    assert np.isfinite(found.latent).all()
    for unit, year, value in zip(panel.unit, panel.year, panel.value, strict=True):
        assert (found.values[:, unit, years.index(year)] == value).all()
    if panel.scale.link == "logit":
        assert found.values.min() >= 0
        assert found.values.max() <= 100


@pytest.mark.parametrize("value", [0.0, 12.0, 100.0])
def test_constant_series_has_positive_width(value: float) -> None:
    panel = Panel.from_rows(2, [0] * 5 + [1] * 5, list(range(2015, 2020)) * 2, [value] * 10, Scale.percent())
    found = models.get("default").paths(panel, range(2020, 2028), draws=500)
    low, high = np.quantile(found.values, [0.1, 0.9], axis=0)
    assert (high > low).all()
    quantiles = models.get("default").quantiles(panel, range(2020, 2028), LEVELS)
    # at a bound the far quantiles are the bound itself
    assert (quantiles[..., -2] > quantiles[..., 1]).all()
    assert (np.diff(quantiles, axis=-1) >= 0).all()


def declining(units: int, points: int, slope: float, level: float = 0.0) -> Panel:
    noise = np.random.default_rng(5).normal(0, 0.08, (units, points))
    linked = level + np.linspace(-1, 1, units)[:, None] + slope * np.arange(points) + noise
    values = Scale.percent().from_link(linked)
    return Panel.from_rows(
        units,
        np.repeat(np.arange(units), points),
        np.tile(np.arange(2021 - points, 2021), units),
        values.ravel(),
        Scale.percent(),
    )


def test_a_unit_moves_to_its_group_as_its_data_thin_out() -> None:
    """Ten units fall, one rises: the fewer points the rising one has, the nearer its forecast is to the group's."""
    group = declining(10, 8, -0.2)
    changes = []
    for points in (8, 4, 2, 1):
        years = np.arange(2021 - points, 2021)
        rising = Scale.percent().from_link(0.25 * (years - 2020))
        panel = Panel.from_rows(
            11,
            np.append(group.unit, np.full(points, 10)),
            np.append(group.year, years),
            np.append(group.value, rising),
            Scale.percent(),
        )
        median = models.get("default").quantiles(panel, [2025], [0.5])[10, 0, 0]
        changes.append(float(Scale.percent().to_link(median)))
    # never away from the group by more than its earlier, lower value pulls down the level of a unit with two points
    assert (np.diff(changes) < 0.15).all()
    assert changes[-1] < -0.3 < 0 < changes[0]


def test_same_seed_same_bytes_in_another_process() -> None:
    code = (
        "import hashlib, numpy as np; from toolkit import models; from toolkit.models.panel import Panel, Scale;"
        "p = Panel.from_rows(3, [0,0,0,1,1], [2017,2018,2021,2020,2021], [22.,19,12.2,30,28], Scale.percent());"
        "f = models.get('default').paths(p, range(2015, 2031), draws=200, seed=7);"
        "print(hashlib.sha256(f.values.tobytes() + f.latent.tobytes()).hexdigest())"
    )
    command = [sys.executable, "-c", code]
    found = {subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(2)}
    assert len(found) == 1
    assert len(found.pop().strip()) == 64


def test_paths_and_quantiles_agree() -> None:
    panel = declining(6, 6, -0.1)
    years = range(2021, 2029)
    found = np.moveaxis(
        np.quantile(models.get("default").paths(panel, years, draws=8000).values, LEVELS, axis=0), 0, -1
    )
    closed = models.get("default").quantiles(panel, years, LEVELS)
    gap = np.abs(Scale.percent().to_link(found) - Scale.percent().to_link(closed))
    assert gap.max() < 0.08 * width(panel, closed).max()


def test_years_asked_do_not_change_the_draws() -> None:
    panel = declining(3, 5, -0.1)
    model = models.get("default")
    all_years = model.paths(panel, range(2010, 2036), draws=100)
    some = model.paths(panel, [2030, 2024], draws=100)
    np.testing.assert_allclose(some.values[:, :, 0], all_years.values[:, :, 20], rtol=1e-12)
    np.testing.assert_allclose(some.values[:, :, 1], all_years.values[:, :, 14], rtol=1e-12)


def test_children_follow_the_draws_of_their_parent() -> None:
    model = models.get("default")
    parent_panel = Panel.from_rows(1, [0] * 5, range(2016, 2021), [30.0, 27, 24, 22, 20], Scale.percent())
    parent = model.paths(parent_panel, range(2014, 2031), draws=1500)
    children = Panel.from_rows(3, [0, 0, 1], [2018, 2020, 2019], [40.0, 35, 12], Scale.percent(), origin=2020)
    found = model.paths(children, range(2021, 2031), draws=1500, parent=parent)
    for unit in range(3):
        ranks = [np.argsort(np.argsort(one[:, -1])) for one in (found.latent[:, unit], parent.latent[:, 0])]
        together = np.corrcoef(ranks)[0, 1]
        assert together > (0.2 if unit < 2 else 0.1)
    spread = np.std(Scale.percent().to_link(found.values[:, :, 0]), axis=0)
    assert spread[2] > spread[1] > spread[0]  # no point, one older point, a point at the origin


def test_parent_has_to_cover_the_years_and_draws() -> None:
    model = models.get("default")
    parent_panel = Panel.from_rows(1, [0, 0], [2018, 2020], [30.0, 27], Scale.percent())
    parent = model.paths(parent_panel, range(2018, 2025), draws=50)
    children = Panel.from_rows(1, [0], [2017], [40.0], Scale.percent(), origin=2020)
    with pytest.raises(ValueError, match="2017"):
        model.paths(children, [2021], draws=50, parent=parent)
    with pytest.raises(ValueError, match="draws"):
        model.paths(parent_panel, [2021], draws=51, parent=parent)


JUMP = Jump(2021, 0, 1, 0.37, 0.3, skew=1.0)


def across_the_break(jumped: float) -> Panel:
    """Four units that fall 0.15 a year and jump when the standard changes in 2021."""
    rows = [
        (unit, year, 1.0 - 0.3 * unit - 0.15 * (year - 2015) + (jumped if year >= 2021 else 0.0), int(year >= 2021))
        for unit in range(4)
        for year in (2015, 2016, 2017, 2018, 2019, 2020, 2021, 2022, 2023)
    ]
    unit, year, linked, segment = zip(*rows, strict=True)
    return Panel.from_rows(
        4, unit, year, Scale.percent().from_link(linked), Scale.percent(), segment=segment, jumps=[JUMP]
    )


@pytest.mark.parametrize("jumped", [0.1, 0.6])
def test_past_jumps_are_estimated(jumped: float) -> None:
    found = models.get("default").paths(across_the_break(jumped), [2024], draws=800)
    assert found.offsets[:, 1].mean() == pytest.approx(jumped, abs=0.06)
    assert found.offsets[:, 1].std() < 0.1


def test_future_jump_alone_separates_with_and_without() -> None:
    panel = Panel.from_rows(
        2,
        [0, 0, 0, 1, 1],
        [2022, 2023, 2025, 2024, 2025],
        [9.0, 6, 2.3, 12, 10],
        Scale.percent(),
        jumps=[Jump(2027, 0, 1, 0.4, 0.35, skew=1.0)],
    )
    model = models.get("default")
    years = [2026, 2027, 2030]
    without = model.paths(panel, years, draws=400, segments=[0, 0, 0])
    across = model.paths(panel, years, draws=400, segments=[0, 1, 1])
    np.testing.assert_array_equal(without.latent, across.latent)
    np.testing.assert_array_equal(without.values[:, :, 0], across.values[:, :, 0])
    linked = [Scale.percent().to_link(found.values) for found in (across, without)]
    gap = linked[0] - linked[1]
    inside = (across.values > 0.1) & (without.values > 0.1) & (across.values < 99.8)
    expected = np.broadcast_to(across.offsets[:, 1][:, None, None], gap.shape)
    late = np.broadcast_to(np.array([False, True, True]), gap.shape)
    np.testing.assert_allclose(gap[inside & late], expected[inside & late], atol=1e-8)
    assert np.quantile(across.offsets[:, 1], 0.95) - 0.4 > 1.5 * (0.4 - np.quantile(across.offsets[:, 1], 0.05))


def test_children_share_their_parents_offsets() -> None:
    model = models.get("default")
    jumps = [Jump(2027, 0, 1, 0.4, 0.35)]
    province = Panel.from_rows(1, [0, 0], [2023, 2025], [6.0, 4], Scale.percent(), jumps=jumps)
    parent = model.paths(province, range(2023, 2031), draws=100)
    child = Panel.from_rows(1, [0], [2025], [9.0], Scale.percent(), jumps=jumps)
    found = model.paths(child, [2030], draws=100, seed=99, parent=parent)
    np.testing.assert_array_equal(found.offsets, parent.offsets)


def test_two_standards_in_one_year() -> None:
    """A double count tells the jump directly."""
    panel = Panel.from_rows(
        2,
        [0, 0, 0, 1, 1],
        [2018, 2020, 2020, 2020, 2020],
        [12.0, 9.0, 15.0, 20.0, 30.0],
        Scale.percent(),
        segment=[0, 0, 1, 0, 1],
        jumps=[Jump(2020, 0, 1, 0.3, 0.5)],
    )
    model = models.get("default")
    old = model.paths(panel, [2020], draws=500, segments=[0])
    new = model.paths(panel, [2020], draws=500, segments=[1])
    assert (old.values[:, 0, 0] == 9.0).all()
    assert (new.values[:, 0, 0] == 15.0).all()
    assert new.offsets[:, 1].mean() == pytest.approx(0.56, abs=0.08)


def test_noisy_observation_is_drawn_around() -> None:
    panel = Panel.from_rows(
        1, [0] * 4, [2017, 2018, 2019, 2020], [20.0, 19, 18, 30], Scale.percent(), noise=[0, 0, 0, 0.5]
    )
    found: Paths = models.get("default").paths(panel, [2019, 2020], draws=1000)
    assert (found.values[:, 0, 0] == 18.0).all()
    assert found.values[:, 0, 1].std() > 0.3
    assert 16 < np.median(found.values[:, 0, 1]) < 29  # pulled from 30 towards the path


def test_degenerate_panels() -> None:
    model = models.get("default")
    gap = Panel.from_rows(1, [0, 0], [2005, 2016], [30.0, 10], Scale.percent())
    nothing = Panel.from_rows(2, [], [], [], Scale.percent(), origin=2020)
    one = Panel.from_rows(1, [0], [2020], [5.0], Scale.positive())
    flat = Panel.from_rows(2, [0, 0, 1, 1], [2019, 2020] * 2, [0.0] * 4, Scale.real())
    for panel in (gap, nothing, one, flat):
        found = model.paths(panel, range(2000, 2031), draws=50)
        assert np.isfinite(found.values).all()
        last = panel.last_year
        assert np.isfinite(model.quantiles(panel, range(last + 1, last + 9), LEVELS)).all()
