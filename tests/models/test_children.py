"""Units that follow a parent, changes of standard in the past, and how little the draws themselves err."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.models.panel import Jump, Panel, Paths, Scale
from toolkit.models.panel_model import PanelModel
from toolkit.models.sampling import normals

PERCENT = Scale.percent()


def follow(children: Panel, parent: Panel, years: range, draws: int = 1000, seed: int = 0) -> Paths:
    """Return draws of children of a parent."""
    every = range(min([years[0], *parent.year.tolist(), *children.year.tolist()]), years[-1] + 1)
    above = PanelModel().paths(parent, every, draws=draws, seed=seed)
    return PanelModel().paths(children, years, draws=draws, seed=seed + 1, parent=above)


def one(values: list[float], scale: Scale, last: int = 2020) -> Panel:
    """Return a panel of one unit with a value a year."""
    return Panel.from_rows(1, [0] * len(values), range(last + 1 - len(values), last + 1), values, scale)


# -- tails


@pytest.mark.parametrize("seen", [{}, {0: 3.0}, {0: 0.5, 1: 30.0, 2: 1.0}, {0: 1e-6, 1: 5.0, 2: 400.0, 3: 0.01}])
def test_no_unit_is_drawn_a_hundred_times_above_all_that_was_seen(seen: dict[int, float]) -> None:
    """A parent of 0.4 a year once gave a 99 % point of 646."""
    children = Panel.from_rows(6, list(seen), [2020] * len(seen), list(seen.values()), Scale.positive(), origin=2020)
    found = follow(children, one([0.7, 0.3, 0.5, 0.4], Scale.positive()), range(2021, 2029))
    largest = max([0.7, *seen.values()])
    assert np.quantile(found.values, 0.99, axis=0).max() < 100 * largest
    assert np.quantile(found.values, 0.9, axis=0).max() > 0.2


def test_an_unseen_unit_is_as_uncertain_as_the_units_spread() -> None:
    """Its deviation spreads as those of the others, in every year alike."""
    deviations = np.array([-0.8, -0.5, 0.1, 0.4, 0.9, -0.2])
    values = PERCENT.from_link(-1.0 + deviations)
    children = Panel.from_rows(8, range(6), [2020] * 6, values, PERCENT, origin=2020)
    above = PanelModel().paths(one([27.0, 26.9, 27.0, 26.8, 26.9], PERCENT), range(2015, 2041), draws=2000)
    found = PanelModel().paths(children, range(2021, 2041), draws=2000, parent=above)
    apart = (found.latent - above.latent[:, :, -20:]).std(axis=0)
    np.testing.assert_allclose(apart[6:], deviations.std(), rtol=0.35)
    width = np.subtract(*np.quantile(found.latent[:, 6] - above.latent[:, 0, -20:], [0.9, 0.1], axis=0))
    assert width[-1] == pytest.approx(width[0], rel=0.1)
    assert apart[0, 0] < 0.5 * apart[6, 0]


def test_units_far_below_their_parent_keep_their_own_size() -> None:
    """A parent may be the sum of its units: several units far from it move the centre, one hardly does."""
    parent = one([1000.0, 1010, 1020, 1030], Scale.positive())
    medians = []
    for values in ([100.0, 80, 120, 95, 110], [700.0]):
        panel = Panel.from_rows(6, range(len(values)), [2020] * len(values), values, Scale.positive(), origin=2020)
        medians.append(np.median(follow(panel, parent, range(2021, 2022)).values[:, 5, 0]))
    assert 80 < medians[0] < 200
    assert medians[1] > 880


# -- changes of standard


NOISE = 0.05
UNSURE = Jump(2016, 0, 1, 0.5, 0.6)


def crossing(units: int, noise: float) -> Panel:
    """Return units that fall, and jump when the standard changes in 2016; each has figures on both sides of a gap."""
    rows = [
        (unit, year, -1.2 + 0.4 * unit - 0.1 * (year - 2011) + (0.4 if year >= 2016 else 0.0), int(year >= 2016))
        for unit in range(units)
        for year in (2011, 2012, 2020)
    ]
    unit, year, linked, segment = zip(*rows, strict=True)
    return Panel.from_rows(
        units, unit, year, PERCENT.from_link(linked), PERCENT,
        noise=[noise] * len(unit), segment=segment, jumps=[UNSURE], origin=2020,
    )  # fmt: skip


@pytest.mark.parametrize("units", [1, 4])
@pytest.mark.parametrize("follows", [False, True])
def test_a_figure_on_its_own_standard_has_its_own_noise_and_no_jump(units: int, follows: bool) -> None:
    """The jump is unsure (0.1 and more on the link scale); the figures before it are not."""
    panel, years = crossing(units, NOISE), range(2010, 2022)
    segments = [int(year >= 2016) for year in years]
    above = PanelModel().paths(crossing(1, 0.0), years, draws=1500, segments=segments) if follows else None
    found = PanelModel().paths(panel, years, draws=1500, segments=segments, parent=above)
    assert found.offsets[:, 1].std() > 0.1
    linked = PERCENT.to_link(found.values)
    for unit, year, value in zip(panel.unit, panel.year, panel.value, strict=True):
        drawn = linked[:, unit, years.index(year)]
        assert drawn.std() < 1.45 * NOISE  # with the jump it were more than twice the noise
        assert drawn.mean() == pytest.approx(float(PERCENT.to_link(value)), abs=NOISE)


@pytest.mark.parametrize("units", [1, 4])
def test_levels_of_draws_pass_through_figures_on_both_standards(units: int) -> None:
    panel, years = crossing(units, 0.0), range(2011, 2021)
    found = PanelModel().paths(panel, years, draws=1500)
    for unit, year, value, segment in zip(panel.unit, panel.year, panel.value, panel.segment, strict=True):
        level = found.latent[:, unit, years.index(year)] + found.offsets[:, segment]
        assert np.sqrt(np.mean((level - float(PERCENT.to_link(value))) ** 2)) < 0.12


# -- simulated truth


def test_intervals_of_simulated_children_hold_what_they_promise() -> None:
    """Deviations of known spread, steps of known size: units with no, one and three figures, four years on."""
    random, hits = np.random.default_rng(11), {0: [0, 0], 1: [0, 0], 3: [0, 0]}
    for _ in range(25):
        path = -0.5 + np.cumsum(random.normal(-0.08, 0.08, 14))
        level = random.normal(0.2, 0.6, 12)[:, None] + np.cumsum(random.normal(0, 0.07, (12, 14)), axis=1)
        values = PERCENT.from_link(path + level)
        parent = one(PERCENT.from_link(path[:10]).tolist(), PERCENT)
        points = [0, 0, 0, 0, 1, 1, 1, 1, 3, 3, 3, 3]
        cells = [(unit, 10 - back) for unit, count in enumerate(points) for back in range(1, count + 1)]
        children = Panel.from_rows(
            12, [u for u, _ in cells], [2011 + t for _, t in cells], [values[u, t] for u, t in cells], PERCENT,
            origin=2020,
        )  # fmt: skip
        low, high = np.quantile(follow(children, parent, range(2024, 2025), 400).values[..., 0], [0.1, 0.9], axis=0)
        for unit, count in enumerate(points):
            hits[count][0] += int(low[unit] <= values[unit, 13] <= high[unit])
            hits[count][1] += 1
    for inside, of in hits.values():
        assert 0.7 <= inside / of <= 0.93


def test_units_of_a_panel_have_the_same_draws_whichever_others_are_drawn() -> None:
    random = np.random.default_rng(4)
    cells = [(unit, 2010 + year) for unit in range(9) for year in range(8)]
    values = PERCENT.from_link(-1.0 + 0.1 * random.standard_normal(len(cells)).cumsum())
    panel = Panel.from_rows(9, [u for u, _ in cells], [y for _, y in cells], values.tolist(), PERCENT)
    model, years = PanelModel(), range(2008, 2022)
    every = model.paths(panel, years, draws=100, seed=3)
    some = np.array([7, 2])
    few = model.paths(panel, years, draws=100, seed=3, rows=some)
    np.testing.assert_array_equal(few.values, every.values[:, some])
    np.testing.assert_array_equal(few.latent, every.latent[:, some])


# -- simulation error


def test_random_numbers_are_even_over_the_draws() -> None:
    found = normals(3, 4, 1, (5, 2, 200))
    assert found.shape == (5, 2, 200, 4)
    np.testing.assert_allclose(
        np.sort(found, axis=2), np.broadcast_to(np.sort(found[:1, :1, :, :1], axis=2), found.shape)
    )
    assert abs(np.corrcoef(found[0, 0, :, 0], found[0, 1, :, 0])[0, 1]) < 0.25


@given(st.integers(1, 400), st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_numbers_are_even_in_every_part_of_an_order_too(draws: int, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(draws)
    found = normals(seed, 3, 1, (2, draws), order)
    plain = normals(seed, 3, 1, (2, draws))
    np.testing.assert_array_equal(np.sort(found, axis=1), np.sort(plain, axis=1))
    parts = max(part for part in range(1, int(np.sqrt(draws)) + 1) if draws % part == 0)
    rank = np.argsort(np.argsort(found, axis=1), axis=1)[:, order]  # along the order
    stratum = np.sort(rank.reshape(2, parts, draws // parts, 3) // parts, axis=2)
    np.testing.assert_array_equal(stratum, np.broadcast_to(np.arange(draws // parts)[:, None], stratum.shape))


def test_units_that_are_even_along_one_order_stay_independent() -> None:
    found = normals(3, 6, 1, (4, 5000), np.random.default_rng(1).permutation(5000))
    assert np.abs(np.corrcoef(np.moveaxis(found, 1, -1).reshape(-1, 5000)) - np.eye(24)).max() < 0.06


def test_a_sum_with_the_parent_errs_less_than_with_free_numbers() -> None:
    parent = np.random.default_rng(0).permutation(normals(1, 1, 1, (5000,))[:, 0])
    order = np.argsort(parent)
    shares = {
        name: [((parent + normals(seed, 1, 2, (5000,), given)[:, 0]) > 1.0).mean() for seed in range(40)]
        for name, given in (("even", order), ("free", None))
    }
    assert np.std(shares["even"]) < 0.4 * np.std(shares["free"])
    np.testing.assert_allclose(np.mean(shares["even"]), 0.23975, atol=0.0005)  # P(a normal of variance 2 > 1)
