"""Every kind of rule against brute force over random draws, and the settled cases."""

from __future__ import annotations

import math
import operator
from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.attainment.house import figure, level, normal, path_of, target_of
from toolkit.attainment.pace import year_reached
from toolkit.data.observations import PeriodAverage
from toolkit.forecast.paths import Path
from toolkit.plan.judgement import Case, Judgement
from toolkit.plan.predicates import Printed, probability, usable_averages

OPERATORS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
ops = st.sampled_from(list(OPERATORS))
seeds = st.integers(0, 10_000)
PRINTED = Printed(1, None, None)


def judged(rule: dict[str, object], path: Path, benchmark: Path | None = None, due: int = 2030) -> Judgement:
    name = "share"
    answer = target_of(rule, name, due).rule.judge(Case(due, path, PRINTED, benchmark))
    assert not answer.missing
    return answer


@given(seeds, ops, st.floats(40, 60))
def test_level_against_loops(seed: int, op: str, value: float) -> None:
    path = path_of(normal(seed, (30, 6)), 2025)
    answer = judged(level(op, value), path)
    assert answer.met.tolist() == [OPERATORS[op](draw[5], value) for draw in path.draws]
    assert answer.decided is None
    assert np.array_equal(answer.quantity, path.draws[:, 5])


@given(seeds, ops, st.floats(0.8, 1.2))
def test_ratio_to_base_against_loops(seed: int, op: str, value: float) -> None:
    path = path_of(normal(seed, (30, 11)), 2020)
    answer = judged({"kind": "ratio_to_base", "op": op, "value": value, "base_year": 2020}, path)
    assert answer.met.tolist() == [OPERATORS[op](draw[10] / draw[0], value) for draw in path.draws]
    assert [note.key for note in answer.notes] == ["attainment.note.base_unobserved"]


def two_bounds(seed: int, draws: int, known: tuple[int, ...]) -> tuple[Path, Path]:
    """Return a lower bound with figures of some of the years 2026 to 2029, and an upper one without."""
    low = path_of(normal(seed, (draws, 4)), 2026, figures=[figure(year, 50.0) for year in known])
    return low, replace(low, draws=low.draws + np.abs(normal(seed + 1, (draws, 4))), observed=np.zeros(4, bool))


def changes_refuted(op: str, value: float, measured_in: str, low: Path, high: Path) -> Judgement | None:
    rule = {"kind": "annual_change", "op": op, "value": value, "from": 2027, "to": 2029, "measured_in": measured_in}
    return target_of(rule, "share", 2029).rule.refuted(Case(2029, high, PRINTED), low)


@given(seeds, ops, st.floats(-40, 40), st.sampled_from(["percentage_points", "percent"]))
def test_between_two_bounds_a_change_is_refuted_only_if_no_values_between_them_meet_it(
    seed: int, op: str, value: float, measured_in: str
) -> None:
    low, high = two_bounds(seed, 4, known=(2027, 2028))
    answer = changes_refuted(op, value, measured_in, low, high)
    ends = [(a, b) for first, last in zip(low.draws, high.draws, strict=True)
            for a in (first[1], last[1]) for b in (first[2], last[2])]  # fmt: skip
    changes = [100 * (b - a) / a if measured_in == "percent" else b - a for a, b in ends]
    assert (answer is None) == any(OPERATORS[op](change, value) for change in changes)


@pytest.mark.parametrize(("stray", "refuted"), [(0, True), (1, True), (9, True), (10, False), (500, False)])
def test_no_single_draw_decides_whether_two_bounds_refute(stray: int, refuted: bool) -> None:
    """Of a thousand draws some are strays that fall far enough: a fall of 3 points is refuted if hardly any does."""
    still = path_of(np.full((1000, 4), 20.0), 2026, figures=[figure(year, 20.0) for year in (2027, 2028)])
    moved = still.draws.copy()
    moved[:stray, 1] = 25.0
    known = replace(still, draws=moved)
    found = [
        changes_refuted("<=", -3.0, "percentage_points", known, replace(known, observed=np.zeros(4, bool))),
        target_of({"kind": "average", "op": ">=", "value": 21.0, "from": 2027, "to": 2029}, "share", 2029).rule.refuted(
            Case(2029, known, PRINTED), still
        ),
    ]
    assert [answer is not None for answer in found] == [refuted, refuted]
    assert all(answer is None or probability(answer.met, None) == stray / 1000 for answer in found)


@given(seeds, ops, st.floats(-15, 15), st.sampled_from(["percentage_points", "percent"]))
def test_between_two_bounds_a_mean_change_lies_where_every_way_along_them_does(
    seed: int, op: str, value: float, measured_in: str
) -> None:
    low, high = two_bounds(seed, 1, known=(2026, 2029))
    answer = changes_refuted(op, value, measured_in, low, high)
    means = []
    for way in product(*zip(low.draws[0], high.draws[0], strict=True)):
        changes = [100 * (b - a) / a if measured_in == "percent" else b - a for a, b in pairwise(way)]
        means.append(sum(changes) / 3)
    assert (answer is None) == any(OPERATORS[op](mean, value) for mean in means)
    if answer is not None:
        fields = next(note.fields for note in answer.notes if note.key == "attainment.note.between")
        assert (fields["start"], fields["end"]) == (pytest.approx(min(means)), pytest.approx(max(means)))
        assert answer.met_average is not None
        assert not answer.met_average.any()


@given(seeds, ops, st.floats(30, 70))
def test_between_two_bounds_a_mean_is_refuted_only_if_it_is_at_both(seed: int, op: str, value: float) -> None:
    low = path_of(normal(seed, (3, 4)), 2026)
    high = replace(low, draws=low.draws + np.abs(normal(seed + 1, (3, 4))))
    rule = {"kind": "average", "op": op, "value": value, "from": 2027, "to": 2029}
    answer = target_of(rule, "share", 2029).rule.refuted(Case(2029, high, PRINTED), low)
    means = [draw[1:].mean() for path in (low, high) for draw in path.draws]
    assert (answer is None) == any(OPERATORS[op](mean, value) for mean in means)


@given(seeds, ops, st.floats(-8, 8), st.sampled_from(["percentage_points", "percent"]))
def test_annual_change_against_loops(seed: int, op: str, value: float, measured_in: str) -> None:
    path = path_of(normal(seed, (30, 5)), 2026)
    rule = {"kind": "annual_change", "op": op, "value": value, "from": 2027, "to": 2030, "measured_in": measured_in}
    answer = judged(rule, path)
    for number, draw in enumerate(path.draws):
        changes = [draw[i] - draw[i - 1] for i in range(1, 5)]
        if measured_in == "percent":
            changes = [100 * change / draw[i] for i, change in enumerate(changes)]
        assert answer.met[number] == all(OPERATORS[op](change, value) for change in changes)
        assert answer.quantity[number] == pytest.approx(min(changes) if op[0] == ">" else max(changes))
        assert answer.met_average is not None
        assert answer.met_average[number] == OPERATORS[op](sum(changes) / 4, value)
        assert [bool(met[number]) for _, met in answer.by_year] == [OPERATORS[op](change, value) for change in changes]
    assert [year for year, _ in answer.by_year] == [2027, 2028, 2029, 2030]


@given(seeds, ops, st.floats(40, 60))
def test_each_year_against_loops(seed: int, op: str, value: float) -> None:
    path = path_of(normal(seed, (30, 4)), 2027)
    answer = judged({"kind": "each_year", "op": op, "value": value, "from": 2028, "to": 2030}, path)
    assert answer.met.tolist() == [all(OPERATORS[op](x, value) for x in draw[1:]) for draw in path.draws]


@given(seeds, ops, st.floats(3, 7), st.booleans(), st.booleans())
def test_average_against_loops(seed: int, op: str, value: float, compounds: bool, with_mean: bool) -> None:
    averages = [PeriodAverage(2021, 2025, 7.1, "preliminary", "plan")] if with_mean else []
    path = path_of(normal(seed, (30, 10), 5, 2), 2021, averages=averages)
    rule = {"kind": "average", "op": op, "value": value, "from": 2021, "to": 2030, "compounds": compounds}
    answer = judged(rule, path)
    for number, draw in enumerate(path.draws):
        years = [7.1] * 5 + list(draw[5:]) if with_mean else list(draw)
        mean = 100 * (math.prod(1 + x / 100 for x in years) ** 0.1 - 1) if compounds else sum(years) / 10
        assert answer.quantity[number] == pytest.approx(mean)
        assert answer.met[number] == OPERATORS[op](mean, value)
    assert len(answer.notes) == with_mean


@given(seeds, ops, st.floats(0.8, 1.2), st.floats(0, 0.2))
def test_ratio_to_a_benchmark_is_taken_within_each_draw(seed: int, op: str, value: float, tolerance: float) -> None:
    draws, other = normal(seed, (30, 2)), normal(seed + 1, (30, 3))
    path, benchmark = path_of(draws, 2029), path_of(other, 2028, area="VN")
    rule = {
        "kind": "ratio_to", "op": op, "value": value, "tolerance": tolerance,
        "benchmark": {"indicator": "share", "area": "country", "scope": "all"},
    }  # fmt: skip
    answer = judged(rule, path, benchmark)
    softened = value - tolerance if op[0] == ">" else value + tolerance
    assert answer.met.tolist() == [
        OPERATORS[op](a / b, softened) for a, b in zip(draws[:, 1], other[:, 2], strict=True)
    ]


def test_joint_draws_are_not_marginals() -> None:
    common = normal(1, (4000, 1), 50, 10)
    path, benchmark = path_of(common * 0.51, 2030), path_of(common, 2030, area="VN")
    rule = {
        "kind": "ratio_to", "op": ">=", "value": 0.5,
        "benchmark": {"indicator": "share", "area": "country", "scope": "all"},
    }  # fmt: skip
    assert probability(judged(rule, path, benchmark).met, None) == 1.0  # although the two spreads overlap widely


def test_normal_draws_have_the_normal_probability() -> None:
    path = path_of(normal(7, (200_000, 1), 12.0, 3.0), 2030)
    share = probability(judged(level("<", 10.0), path).met, None)
    exact = 0.5 * (1 + math.erf((10.0 - 12.0) / 3.0 / math.sqrt(2)))
    assert share == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / 200_000))


def test_independent_years_multiply() -> None:
    path = path_of(normal(8, (100_000, 3), 5.0, 1.0), 2028)
    rule = {"kind": "each_year", "op": ">=", "value": 4.0, "from": 2028, "to": 2030}
    one = 0.5 * (1 + math.erf(1.0 / math.sqrt(2)))
    assert probability(judged(rule, path).met, None) == pytest.approx(one**3, abs=0.006)


def test_weights_count() -> None:
    weights = np.array([0.7, 0.1, 0.2, 0.0])
    path = path_of(np.array([[1.0], [20.0], [5.0], [2.0]]), 2030, weights=weights)
    answer = judged(level("<", 10), path)
    assert probability(answer.met, answer.weights) == pytest.approx(0.9)


STANDARDS = ["mdp_2016", "mdp_2022", "mdp_2022", "mdp_2022"]


def test_changes_across_a_break_are_left_out_and_named() -> None:
    path = path_of(np.array([[20.0, 30.0, 26.0, 22.0]]), 2020, standards=STANDARDS)
    rule = {
        "kind": "annual_change",
        "op": "<=",
        "value": -3.0,
        "from": 2021,
        "to": 2023,
        "measured_in": "percentage_points",
    }
    answer = judged(rule, path, due=2023)
    assert [year for year, _ in answer.by_year] == [2022, 2023]
    assert answer.met.tolist() == [True]
    [note] = answer.notes
    assert note.key == "attainment.note.change_across_break"
    assert dict(note.fields) == {"year": 2021, "before": "mdp_2016", "after": "mdp_2022"}


def test_years_before_the_path_are_named() -> None:
    path = path_of(np.array([[30.0, 26.0]]), 2022)
    rule = {
        "kind": "annual_change",
        "op": "<=",
        "value": -3.0,
        "from": 2021,
        "to": 2023,
        "measured_in": "percentage_points",
    }
    answer = judged(rule, path, due=2023)
    assert [year for year, _ in answer.by_year] == [2023]
    assert [note.fields["year"] for note in answer.notes] == [2021, 2022]


def test_what_no_path_reaches_is_refused() -> None:
    path = path_of(normal(1, (5, 3)), 2024)
    for rule in (
        level("<", 10),
        {"kind": "ratio_to_base", "op": ">", "value": 1.5, "base_year": 2024},
        {"kind": "each_year", "op": ">", "value": 3, "from": 2025, "to": 2030},
        {"kind": "average", "op": ">", "value": 3, "from": 2025, "to": 2030},
        {"kind": "annual_change", "op": "<", "value": 0, "from": 2028, "to": 2030, "measured_in": "percent"},
    ):
        answer = target_of(rule).rule.judge(Case(2030, path, PRINTED))
        assert not answer.met.size
        assert answer.missing


def test_a_ratio_needs_its_base_on_the_same_standard() -> None:
    path = path_of(normal(1, (5, 4)), 2020, standards=STANDARDS)
    rule = target_of({"kind": "ratio_to_base", "op": ">", "value": 1.5, "base_year": 2020}, due=2023).rule
    answer = rule.judge(Case(2023, path, PRINTED))
    assert not answer.met.size
    assert answer.missing[0].key == "attainment.missing.base_on_standard"


FLOW = {"kind": "each_year", "op": ">=", "value": 3.0, "from": 2021, "to": 2023}


@pytest.mark.parametrize(
    ("rule", "figures", "decided"),
    [
        (level(">=", 90), [figure(2023, 91.0)], True),
        (level(">=", 90), [figure(2023, 89.0)], False),
        (level(">=", 90), [figure(2023, 91.0, status="reported")], None),
        (level(">=", 90), [figure(2023, 91.0, qualifier="about")], None),
        (level(">=", 90), [figure(2022, 91.0)], None),
        (FLOW, [figure(year, 4.0) for year in (2021, 2022, 2023)], True),
        (FLOW, [figure(2021, 4.0), figure(2022, 4.0)], None),
        (FLOW, [figure(2022, 2.0)], False),  # one year that failed settles it
        (
            {"kind": "ratio_to_base", "op": ">", "value": 1.5, "base_year": 2021},
            [figure(2021, 10.0), figure(2023, 16.0)],
            True,
        ),
        ({"kind": "ratio_to_base", "op": ">", "value": 1.5, "base_year": 2021}, [figure(2023, 16.0)], None),
        (
            {
                "kind": "annual_change",
                "op": "<=",
                "value": -3.0,
                "from": 2022,
                "to": 2023,
                "measured_in": "percentage_points",
            },
            [figure(2021, 12.1), figure(2022, 9.1), figure(2023, 6.1)],
            True,
        ),
        (
            {
                "kind": "annual_change",
                "op": "<=",
                "value": -3.0,
                "from": 2022,
                "to": 2023,
                "measured_in": "percentage_points",
            },
            [figure(2021, 12.1), figure(2022, 10.0)],
            False,
        ),
        (
            {"kind": "average", "op": ">=", "value": 6.0, "from": 2022, "to": 2023},
            [figure(2022, 7.0), figure(2023, 6.0)],
            True,
        ),
        ({"kind": "average", "op": ">=", "value": 6.0, "from": 2022, "to": 2023}, [figure(2023, 6.0)], None),
    ],
)
def test_only_final_exact_figures_settle(rule: dict[str, object], figures: list, decided: bool | None) -> None:
    path = path_of(normal(3, (50, 3), 50, 20), 2021, figures=figures)
    assert judged(rule, path, due=2023).decided is decided


@pytest.mark.parametrize(("status", "decided"), [("final", True), ("preliminary", None)])
def test_a_published_mean_settles_only_when_final(status: str, decided: bool | None) -> None:
    path = path_of(normal(3, (50, 2), 5, 1), 2021, averages=[PeriodAverage(2021, 2022, 7.1, status, "plan")])
    rule = {"kind": "average", "op": ">=", "value": 6.0, "from": 2021, "to": 2022, "compounds": True}
    assert judged(rule, path, due=2022).decided is decided


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.integers(2018, 2030), st.integers(1, 6), st.sampled_from(["final", "reported", "preliminary"])),
        max_size=6,
    )
)
def test_published_means_never_overlap(entries: list[tuple[int, int, str]]) -> None:
    averages = [PeriodAverage(first, first + span - 1, 5.0, status, "s") for first, span, status in entries]
    chosen = usable_averages(averages, 2021, 2030)
    covered = [year for block in chosen for year in range(block.from_year, block.to_year + 1)]
    assert len(covered) == len(set(covered))
    assert all(2021 <= year <= 2030 for year in covered)
    left_out = [a for a in averages if a not in chosen and a.from_year >= 2021 and a.to_year <= 2030]
    assert all(set(range(a.from_year, a.to_year + 1)) & set(covered) for a in left_out)
    if any(a.status == "final" and a.from_year >= 2021 and a.to_year <= 2030 for a in averages):
        assert any(a.status == "final" for a in chosen)


def reached(rule: dict[str, object], path: Path, first: int) -> int | None:
    return year_reached(target_of(rule).rule, Case(2025, path, PRINTED), path, first)


def test_the_year_reached_is_the_first_as_likely_as_not() -> None:
    draws = np.tile(np.array([12.0, 11.0, 9.0, 8.0, 11.0, 7.0]), (10, 1))
    path = path_of(draws, 2020)
    assert reached(level("<", 10), path, 2020) == 2022
    assert reached(level("<", 10), path, 2024) == 2025
    assert reached(level("<", 5), path, 2020) is None
    assert reached(FLOW, path, 2020) is None
    half = {"kind": "ratio_to_base", "op": "<=", "value": 0.75, "base_year": 2020}
    assert reached(half, path, 2020) == 2022
