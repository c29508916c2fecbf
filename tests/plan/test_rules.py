"""Predicates on draws against brute-force loops, and numbers worked by hand."""

from __future__ import annotations

import math
import operator
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from toolkit.plan.predicates import (
    Printed,
    level_met,
    mean_growth,
    pace,
    pace_kind,
    part_below_whole,
    quantiles,
    ratio,
    ratio_threshold,
    required_mean,
    satisfies,
    worst,
    yearly_changes,
)

OPERATORS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
ops = st.sampled_from(list(OPERATORS))
tenths = st.integers(-2000, 2000).map(lambda number: number / 10)


def matrix(low: float, high: float, *, years: int | None = None) -> st.SearchStrategy[np.ndarray]:
    shape = st.tuples(st.integers(1, 6), st.just(years) if years else st.integers(2, 6))
    return shape.flatmap(lambda s: hnp.arrays(np.float64, s, elements=st.floats(low, high, allow_subnormal=False)))


@given(st.lists(tenths, min_size=1, max_size=8), ops, tenths)
def test_compare_is_exact_for_printed_decimals(values: list[float], op: str, threshold: float) -> None:
    exact = [OPERATORS[op](round(value * 10), round(threshold * 10)) for value in values]
    assert satisfies(np.array(values), op, threshold).tolist() == exact


@given(st.integers(-500, 500), st.integers(-500, 500), ops, st.integers(-50, 50))
def test_differences_of_printed_decimals_compare_like_decimals(now: int, before: int, op: str, fall: int) -> None:
    change = np.array([now / 10 - before / 10])
    assert bool(satisfies(change, op, fall / 10)[0]) == OPERATORS[op](now - before, fall)


def test_nan_meets_nothing() -> None:
    assert not any(satisfies(np.array([np.nan]), op, 0.0)[0] for op in OPERATORS)


@given(st.integers(0, 1000), st.integers(0, 2), ops)
def test_a_bound_is_met_when_the_value_rounds_to_it(per_mille: int, decimals: int, op: str) -> None:
    value = Fraction(per_mille, 10) + Fraction(1, 40)  # never on a rounding edge
    step = Fraction(1, 10**decimals)
    rounded = math.floor(value / step + Fraction(1, 2)) * step
    printed = Printed(decimals, 0.0, 100.0)
    assert level_met(np.array([float(value)]), ">=", 100.0, printed)[0] == (rounded >= 100)
    assert level_met(np.array([float(value)]), "<=", 0.0, printed)[0] == (rounded <= 0)
    assert level_met(np.array([float(value)]), op, 55.0, printed)[0] == OPERATORS[op](value, 55)


@pytest.mark.parametrize(
    ("value", "op", "threshold", "printed", "met"),
    [
        (99.95, ">=", 100.0, Printed(1), True),  # half rounds up
        (99.9499, ">=", 100.0, Printed(1), False),
        (99.6, ">=", 100.0, Printed(0), True),
        (0.05, "<=", 0.0, Printed(1), False),  # half rounds up, away from zero
        (0.0499, "<=", 0.0, Printed(1), True),
        (0.4, "<=", 0.0, Printed(0, 0.0, None), True),  # 0.4 of a house is none
        (99.95, ">", 100.0, Printed(1), False),  # above a bound is impossible
        (99.94, ">=", 99.95, Printed(1), False),  # no bound, no rounding
        (99.95, ">=", 100.0, Printed(1, 0.0, None), False),  # an open indicator has no bound at 100
    ],
)
def test_rounding_at_bounds(value: float, op: str, threshold: float, printed: Printed, met: bool) -> None:
    assert bool(level_met(np.array([value]), op, threshold, printed)[0]) is met


@given(matrix(-50, 50))
def test_yearly_changes_against_loops(values: np.ndarray) -> None:
    changes = yearly_changes(values, "percentage_points")
    relative = yearly_changes(values, "percent")
    for draw in range(values.shape[0]):
        for year in range(1, values.shape[1]):
            before, now = values[draw, year - 1], values[draw, year]
            assert changes[draw, year - 1] == now - before
            if before == 0:
                assert np.isnan(relative[draw, year - 1])
            else:
                assert relative[draw, year - 1] == pytest.approx(float(100 * (now - before)) / float(before))


@given(matrix(-50, 50), ops, tenths)
def test_worst_year_decides_every_year(values: np.ndarray, op: str, threshold: float) -> None:
    loops = [all(bool(satisfies(np.array([value]), op, threshold)[0]) for value in draw) for draw in values]
    assert satisfies(worst(values, op), op, threshold).tolist() == loops


@given(matrix(-99, 60), st.booleans(), st.data())
def test_means_against_loops(values: np.ndarray, compounds: bool, data: st.DataObject) -> None:
    years = data.draw(st.lists(st.integers(1, 5), min_size=values.shape[1], max_size=values.shape[1]))
    means = mean_growth(values, years, compounds=compounds)
    for draw, mean in zip(values, means, strict=True):
        spread = [value for value, count in zip(draw, years, strict=True) for _ in range(count)]
        if compounds:
            level = 1.0
            for value in spread:
                level *= 1 + value / 100
            expected = 100 * (level ** (1 / len(spread)) - 1)
        else:
            expected = sum(spread) / len(spread)
        assert mean == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_a_total_loss_stays_lost() -> None:
    assert mean_growth(np.array([[-100.0, 50.0], [-150.0, 0.0]]), [1, 1], compounds=True).tolist() == [-100.0, -100.0]


@given(matrix(0, 100, years=2), st.booleans(), st.booleans())
def test_parts_never_exceed_wholes_unless_both_are_published(
    values: np.ndarray, part_known: bool, whole_known: bool
) -> None:
    part, whole = part_below_whole(values[:, 0], values[:, 1], part_known=part_known, whole_known=whole_known)
    if part_known and whole_known:
        assert np.array_equal(part, values[:, 0])
        assert np.array_equal(whole, values[:, 1])
    else:
        assert (part <= whole).all()
    if part_known:
        assert np.array_equal(part, values[:, 0])
    if whole_known or not part_known:
        assert np.array_equal(whole, values[:, 1])


def test_ratios() -> None:
    assert ratio(np.array([3.0, 1.0]), np.array([2.0, 0.0])).tolist()[0] == 1.5
    assert np.isnan(ratio(np.array([1.0]), np.array([0.0]))[0])
    assert [ratio_threshold(1.0, op, 0.05) for op in (">=", ">", "<=", "<")] == [0.95, 0.95, 1.05, 1.05]


@given(st.floats(1, 1000), st.floats(1, 1000), st.integers(1, 30))
def test_a_pace_kept_leads_to_the_end(start: float, end: float, years: int) -> None:
    points, percent = pace(start, end, years, "points"), pace(start, end, years, "percent")
    assert start + points * years == pytest.approx(end)
    level = start
    for _ in range(years):
        level *= 1 + percent / 100
    assert level == pytest.approx(end)


def test_published_paces() -> None:
    assert pace(1.0, 1.5, 5, "percent") == pytest.approx(8.447, abs=5e-4)  # 1.5 times in five years
    assert pace(12.2, 2.32, 4, "points") == pytest.approx(-2.47)  # Lạng Sơn's poverty rate, 2021 to 2025
    assert [pace_kind("log", 3.0, 0.0), pace_kind("log", 3.0, 1.0), pace_kind("logit", 3.0, 1.0)] == [
        "points",
        "percent",
        "points",
    ]
    with pytest.raises(ValueError, match="take time"):
        pace(1.0, 2.0, 0, "points")
    with pytest.raises(ValueError, match="no relative pace"):
        pace(0.0, 2.0, 1, "percent")


@given(st.floats(-20, 20), st.integers(1, 9), st.floats(-20, 20), st.booleans())
def test_the_required_mean_reaches_the_target(known: float, count: int, target: float, compounds: bool) -> None:
    rest = required_mean([(known, count)], target, 10, compounds=compounds)
    assert rest is not None
    if rest > -99:
        whole = mean_growth(np.array([[known, rest]]), [count, 10 - count], compounds=compounds)
        assert whole[0] == pytest.approx(target, abs=1e-6)


def test_no_year_left_needs_nothing() -> None:
    assert required_mean([(7.0, 10)], 6.0, 10, compounds=True) is None
    assert required_mean([(-100.0, 5)], 6.0, 10, compounds=True) is None


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=9), st.data())
def test_a_weighted_quantile_is_the_first_value_that_enough_draws_reach(values: list[int], data: st.DataObject) -> None:
    counts = data.draw(st.lists(st.integers(0, 4), min_size=len(values), max_size=len(values)).filter(any))
    weights = np.array(counts) / sum(counts)
    repeated = sorted(value for value, count in zip(values, counts, strict=True) for _ in range(count))
    for percent in (10, 50, 90, 100):
        [found] = quantiles(np.array(values, dtype=float), weights, (percent / 100,))
        assert found == repeated[max(-(-percent * len(repeated) // 100) - 1, 0)]


def test_quantiles_of_nothing_do_not_exist() -> None:
    assert quantiles(np.array([np.nan, np.inf]), None, (0.5,)) == (None,)
    assert quantiles(np.array([np.nan, 2.0]), np.array([1.0, 0.0]), (0.5,)) == (None,)
    assert quantiles(np.array([3.0, np.nan, 1.0]), None, (0.5,)) == (2.0,)
