"""Verdicts, bounds, orientation, milestones, parts, localities, paces and notes: one answer at a time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.attainment.house import (
    BAC_SON,
    BINH_GIA,
    HOUSES,
    SHARE,
    World,
    figure,
    level,
    normal,
    path_of,
    target_of,
    upper_bound,
)
from toolkit.attainment.attainment import Attainment, likelihood, verdict_of
from toolkit.data.observations import Series
from toolkit.forecast.paths import ProxyUse

YEARS = 11  # 2020..2030


def shares(met: float, draws: int = 1000) -> np.ndarray:
    """Draws for 2020..2030 of which a share `met` lies below 10 in every year."""
    return np.repeat(np.where(np.arange(draws) < met * draws, 5.0, 20.0)[:, None], YEARS, axis=1)


def keys(answer: Attainment) -> set[str]:
    return {note.key.removeprefix("attainment.") for note in (*answer.notes, *answer.missing)}


@pytest.mark.parametrize(
    ("probability", "word"),
    [
        (1.0, "very_likely"), (0.9, "very_likely"), (0.899, "likely"), (0.66, "likely"),
        (0.659, "about_as_likely_as_not"), (0.331, "about_as_likely_as_not"), (0.33, "unlikely"),
        (0.101, "unlikely"), (0.1, "very_unlikely"), (0.0, "very_unlikely"),
    ],
)  # fmt: skip
def test_the_words_of_the_scale(probability: float, word: str) -> None:
    assert likelihood(probability) == word
    assert verdict_of(probability, "exact", 8) == word
    assert verdict_of(probability, "exact", 9) == "outlook"
    through_a_bound = f"at_least_{word}" if word in ("very_likely", "likely") else "not_decided_by_bound"
    assert verdict_of(probability, "at_least", 0) == through_a_bound


@pytest.mark.parametrize("relation", ["equal", "upper_bound", "lower_bound"])
@pytest.mark.parametrize("op", ["<", "<=", ">", ">="])
def test_a_bound_answers_one_way_only(relation: str, op: str) -> None:
    world = World().put(path_of(shares(0.7), 2020, proxy=upper_bound(relation=relation), basis="A", last_year=2025))
    answer = world.ask(target_of(level(op, 10)))
    answers = relation == "equal" or (relation == "upper_bound") == op.startswith("<")
    assert (answer.outcome == "probability") is answers
    assert (answer.grade, answer.proxy) == ("A·D", "stand_in")
    if answers:
        assert answer.bound == ("exact" if relation == "equal" else "at_least")
        assert answer.probability == pytest.approx(0.7 if op.startswith("<") else 0.3)
        assert "missing.direct" in keys(answer)
    else:
        assert answer.probability is None
        assert answer.verdict == "cannot_be_assessed"
        assert answer.expected is None
        assert {"missing.instead_of_bound", f"note.bound.{relation}"} <= keys(answer)


@pytest.mark.parametrize(
    "rule",
    [
        {"kind": "ratio_to_base", "op": "<", "value": 1.5, "base_year": 2020},
        {"kind": "annual_change", "op": "<=", "value": -3.0, "from": 2021, "to": 2030, "measured_in": "percent"},
        {
            "kind": "ratio_to", "op": "<", "value": 3.0,
            "benchmark": {"indicator": "other", "area": "same", "scope": "all"},
        },
    ],
)  # fmt: skip
def test_changes_and_ratios_do_not_go_through_a_bound(rule: dict[str, object]) -> None:
    world = World().put(
        path_of(shares(0.7), 2020, proxy=upper_bound(), basis="A", last_year=2025),
        path_of(shares(0.5), 2020, name="other", basis="A", last_year=2025),
    )
    assert world.ask(target_of(rule)).outcome == "cannot_assess"


@pytest.mark.parametrize("kind", ["each_year", "average"])
def test_values_of_years_and_their_mean_lie_on_the_side_of_their_bound(kind: str) -> None:
    world = World().put(path_of(shares(0.7), 2020, proxy=upper_bound(), basis="A", last_year=2025))
    for op, outcome, bound in (("<", "probability", "at_least"), (">", "cannot_assess", "exact")):
        answer = world.ask(target_of({"kind": kind, "op": op, "value": 3.0, "from": 2021, "to": 2030}))
        assert (answer.outcome, answer.bound) == (outcome, bound)


def test_a_benchmark_through_a_bound_answers_nothing() -> None:
    rule = {
        "kind": "ratio_to", "op": ">", "value": 0.5,
        "benchmark": {"indicator": "other", "area": "country", "scope": "all"},
    }  # fmt: skip
    own = path_of(shares(0.7), 2020, basis="A", last_year=2025)
    for relation, outcome in (("upper_bound", "cannot_assess"), ("equal", "probability")):
        proxy = upper_bound("houses", relation=relation)
        other = path_of(shares(0.5), 2020, name="other", area="VN", proxy=proxy, basis="B", last_year=2024)
        answer = World().put(own, other).ask(target_of(rule))
        assert answer.outcome == outcome
        assert answer.grade == "B·D"
    assert answer.horizon == 6  # from the older of the two newest figures
    assert answer.unit == "times"
    lone = World().put(own).ask(target_of(rule))
    assert lone.outcome == "cannot_assess"
    assert [dict(note.fields)["area"] for note in lone.missing] == ["VN"]


def test_low_bounds_and_far_horizons_get_no_likelihood_word() -> None:
    low = path_of(shares(0.2), 2020, proxy=upper_bound(), basis="C", last_year=2025)
    answer = World().put(low).ask(target_of(level("<", 10)))
    assert (answer.outcome, answer.verdict, answer.probability) == ("probability", "not_decided_by_bound", 0.2)
    far = path_of(shares(0.95), 2020, basis="A", last_year=2021)
    answer = World().put(far).ask(target_of(level("<", 10)))
    assert (answer.outcome, answer.verdict, answer.horizon) == ("probability", "outlook", 9)
    assert "note.outlook" in keys(answer)


def test_settled_targets() -> None:
    figures = [figure(2025, 9.9)]
    met = World().put(path_of(shares(0.5), 2020, figures=figures)).ask(target_of(level("<", 10), due=2025))
    assert (met.outcome, met.verdict, met.probability, met.grade) == ("settled", "met", 1.0, "B")
    assert (met.last_value, met.last_year, met.last_source, met.horizon) == (9.9, 2025, "decision", 0)
    missed = (
        World().put(path_of(shares(0.5), 2020, figures=[figure(2025, 10.0)])).ask(target_of(level("<", 10), due=2025))
    )
    assert (missed.outcome, missed.verdict, missed.probability) == ("settled", "not_met", 0.0)
    stand_in = path_of(shares(1.0), 2020, figures=figures, proxy=upper_bound(relation="equal"))
    assert World().put(stand_in).ask(target_of(level("<", 10), due=2025)).outcome == "probability"
    estimated = (
        World().put(path_of(shares(0.5), 2020, figures=[figure(2024, 9.9)])).ask(target_of(level("<", 10), due=2025))
    )
    assert estimated.outcome == "probability"
    assert {"note.estimated", "missing.final"} <= keys(estimated)


def test_levels_at_a_bound_are_met_by_rounding() -> None:
    draws = np.tile(np.array([[99.94], [99.96]]), (500, YEARS))
    answer = World().put(path_of(draws, 2020, basis="A", last_year=2025)).ask(target_of(level(">=", 100)))
    assert answer.probability == 0.5
    houses = np.tile(np.array([[0.4], [3.0]]), (500, YEARS))
    answer = (
        World()
        .put(path_of(houses, 2020, name="houses", basis="A", last_year=2025))
        .ask(target_of(level("<=", 0, wording="basically", tolerance=3), "houses"))
    )
    assert HOUSES.decimals == 0
    assert (answer.probability, answer.probability_basically) == (0.5, 1.0)


def test_stretch_values_are_judged_beside() -> None:
    answer = (
        World()
        .put(path_of(normal(1, (5000, YEARS), 40, 5), 2020, basis="A", last_year=2025))
        .ask(target_of(level(">=", 35, stretch=40)))
    )
    assert answer.probability == pytest.approx(0.841, abs=0.02)
    assert answer.probability_stretch == pytest.approx(0.5, abs=0.03)
    assert answer.monte_carlo_error == pytest.approx((0.841 * 0.159 / 5000) ** 0.5, rel=0.1)
    assert answer.effective_draws == 5000
    assert (answer.expected, answer.low, answer.high) == pytest.approx((40, 33.6, 46.4), abs=0.4)


def test_without_a_path_nothing_is_said_but_what_is_missing() -> None:
    held = Series("20", "share", "all", (figure(2019, 35.0, standard="other_kind"),), (), (figure(2018, 30.0),))
    other = Series("20", "share", "dtts", (figure(2019, 35.0),))
    answer = World().hold(held, other).ask(target_of(level("<", 10)))
    assert (answer.outcome, answer.verdict, answer.grade, answer.probability) == (
        "cannot_assess", "cannot_be_assessed", "N", None,
    )  # fmt: skip
    assert keys(answer) == {"missing.series", "note.not_comparable", "note.other_scope", "note.unverified"}
    assert answer.last_value == 35.0
    assert dict(answer.missing[0].fields) == {"indicator": "share", "scope": "all", "area": "20"}


def test_province_targets_are_orientation_below_the_province() -> None:
    own = path_of(shares(0.9), 2020, area="181", figures=[figure(2024, 12.0)])
    target = target_of(level("<", 10), level="province")
    answer = World().put(own).ask(target, BINH_GIA)
    assert (answer.outcome, answer.verdict, answer.probability) == ("orientation", "orientation", None)
    assert (answer.expected, answer.last_value, answer.probability_stretch) == (5.0, 12.0, None)
    nothing = World().ask(target, BINH_GIA)
    assert (nothing.outcome, nothing.grade, nothing.expected) == ("orientation", "N", None)
    assert nothing.missing
    assert World().put(path_of(shares(0.9), 2020, basis="A", last_year=2025)).ask(target).outcome == "probability"


def test_milestones_have_a_status_and_never_a_probability() -> None:
    rows = pd.DataFrame(
        [
            {
                "target_id": "T1",
                "status": "done",
                "evidence_vi": "QĐ 1",
                "evidence_en": "Decision 1",
                "source_id": "decision",
                "as_of": "",
                "note": "",
            }
        ]
    )
    target = target_of({"kind": "milestone"}, unit="milestone")
    answer = World(milestones=rows).ask(target)
    assert (answer.outcome, answer.verdict, answer.probability, answer.grade, answer.unit) == (
        "milestone", "milestone", None, "", "",
    )  # fmt: skip
    assert keys(answer) == {"note.milestone.done", "note.milestone_evidence"}
    assert keys(World().ask(target)) == {"note.milestone.unknown", "missing.milestone"}


@pytest.mark.parametrize(("part_known", "whole_known"), [(False, False), (True, False), (False, True)])
def test_parts_never_exceed_their_wholes(part_known: bool, whole_known: bool) -> None:
    whole = path_of(normal(1, (500, YEARS), 70, 10), 2020, figures=[figure(2030, 70.0)] if whole_known else ())
    part = path_of(
        normal(2, (500, YEARS), 70, 10), 2020, name="other", figures=[figure(2030, 75.0)] if part_known else ()
    )
    whole_target = target_of(level(">=", 60), id="T1")
    part_target = target_of(level(">=", 60), "other", id="T2", part_of="T1", one_denominator=True, share_of="everybody")
    world = World().put(whole, part)
    upper = world.ask(whole_target, others=[part_target])
    lower = world.ask(part_target, others=[whole_target])
    assert upper.expected is not None
    assert lower.expected is not None
    assert upper.high is not None
    assert lower.high is not None
    assert lower.expected <= upper.expected
    assert lower.high <= upper.high
    if part_known:
        assert (lower.expected, upper.low) == (75.0, 75.0)
    if whole_known:
        assert (upper.expected, lower.high) == (70.0, 70.0)
    alone = world.ask(part_target.model_copy(update={"one_denominator": False}), others=[whole_target])
    assert alone.high is not None
    assert whole_known is False or alone.high > 70.0


def test_contradicting_published_parts_are_named() -> None:
    world = World().put(
        path_of(shares(1), 2020, figures=[figure(2030, 70.0)]),
        path_of(shares(1), 2020, name="other", figures=[figure(2030, 75.0)]),
    )
    whole = target_of(level(">=", 60), id="T1")
    part = target_of(level(">=", 60), "other", id="T2", part_of="T1", one_denominator=True, share_of="everybody")
    assert "note.part_above_whole" in keys(world.ask(whole, others=[part]))
    assert world.ask(part, others=[whole]).expected == 75.0


def test_the_break_ahead_is_answered_both_ways() -> None:
    standards = ["mdp_2022"] * 7 + ["mdp_2027"] * 4
    figures = [figure(2024, 6.0, standard="mdp_2022"), figure(2025, 5.0, standard="mdp_2022")]
    crossing = path_of(shares(0.4), 2020, figures=figures, standards=standards)
    staying = path_of(shares(0.8), 2020, figures=figures, standards=["mdp_2022"] * YEARS)
    answer = World().put(crossing).put(staying, across=False).ask(target_of(level("<", 10)))
    assert (answer.probability, answer.probability_same_standard) == (0.4, 0.8)
    assert {"note.break_ahead.unmeasured", "note.pace_on_standard", "note.hold"} <= keys(answer)
    assert (answer.required_pace, answer.recent_pace, answer.recent_pace_years) == (0.0, -1.0, (2024, 2025))
    assert World().put(staying).ask(target_of(level("<", 10))).probability_same_standard is None


def test_paces_are_counted_on_the_scale_of_the_indicator() -> None:
    points = path_of(shares(0.5), 2020, figures=[figure(2021, 22.0), figure(2024, 16.0)])
    answer = World().put(points).ask(target_of(level("<", 10)))
    assert (answer.required_pace, answer.recent_pace, answer.pace_unit) == (-1.0, -2.0, "percentage_points_per_year")
    income = path_of(
        normal(1, (50, YEARS), 60, 1), 2020, name="income", figures=[figure(2020, 40.0), figure(2025, 50.0)]
    )
    rule = {"kind": "ratio_to_base", "op": ">", "value": 1.5, "base_year": 2020}
    answer = World().put(income).ask(target_of(rule, "income"))
    assert answer.required_pace == pytest.approx(100 * ((60 / 50) ** 0.2 - 1))
    assert answer.recent_pace == pytest.approx(100 * ((50 / 40) ** 0.2 - 1))
    assert answer.pace_unit == "percent_per_year"
    houses = path_of(shares(0.5), 2020, name="houses", figures=[figure(2025, 500.0)])
    answer = World().put(houses).ask(target_of(level("<=", 0), "houses"))
    assert (answer.required_pace, answer.pace_unit) == (-100.0, "households_per_year")
    borrowed = path_of(shares(0.5) + 10, 2020, area="181", last_year=2025)
    answer = World().put(borrowed).ask(target_of(level("<", 10)), BINH_GIA)
    assert answer.required_pace == pytest.approx((10 - answer.expected) / 5 if answer.expected else 0)
    assert {"note.pace_from_estimate", "note.borrowed", "missing.own"} <= keys(answer)
    past = path_of(shares(0.5), 2020, figures=[figure(2025, 16.0, status="reported")])
    assert World().put(past).ask(target_of(level("<", 10), due=2025)).required_pace is None


def test_the_years_left_of_an_average() -> None:
    figures = [figure(year, 7.0) for year in range(2021, 2026)]
    growth = path_of(normal(1, (50, YEARS), 6, 1), 2020, name="growth", figures=figures)
    rule = {"kind": "average", "op": ">=", "value": 6.0, "from": 2021, "to": 2030, "compounds": True, "stretch": 6.5}
    answer = World().put(growth).ask(target_of(rule, "growth", unit="percent_per_year"))
    assert answer.required_pace == pytest.approx(100 * (1.06**10 / 1.07**5) ** 0.2 - 100)
    assert (answer.recent_pace, answer.recent_pace_years) == (pytest.approx(7.0), (2021, 2025))
    assert answer.probability_stretch is not None
    assert answer.probability is not None
    assert answer.probability_stretch <= answer.probability


def test_peers_are_other_areas_on_one_standard() -> None:
    own = path_of(shares(0.5), 2020, figures=[figure(2025, 20.0)])  # needs -2 a year over five years
    peers = [
        Series("181", "share", "all", (figure(2015, 30.0), figure(2020, 15.0), figure(2021, 60.0, standard="new"))),
        Series("185", "share", "all", (figure(2015, 30.0), figure(2020, 25.0), figure(2016, 28.0))),
        Series("20", "share", "all", (figure(2015, 90.0), figure(2020, 10.0))),  # its own past is no peer
        Series("VN", "share", "dtts", (figure(2015, 90.0), figure(2020, 10.0))),  # nor is another scope
    ]
    answer = World().put(own).hold(*peers).ask(target_of(level("<", 10)))
    # -3 kept by 181; 185 has -1 (2015 to 2020) and -0.75 (2016 to 2020)
    assert (answer.required_pace, answer.peers_count) == (-2.0, 3)
    assert answer.peers_pace_share == pytest.approx(1 / 3)
    assert World().put(own).ask(target_of(level("<", 10))).peers_pace_share is None


def test_yearly_rules_tell_each_year_and_the_mean() -> None:
    draws = np.tile(np.array([[20.0, 16.0, 14.0], [20.0, 16.0, 12.0]]), (500, 1))
    rule = {
        "kind": "annual_change",
        "op": "<=",
        "value": -3.0,
        "from": 2021,
        "to": 2022,
        "measured_in": "percentage_points",
    }
    answer = World().put(path_of(draws, 2020, basis="A", last_year=2020)).ask(target_of(rule, due=2022))
    assert answer.years_met == ((2021, 1.0), (2022, 0.5))
    assert (answer.probability, answer.probability_average) == (0.5, 1.0)
    assert (answer.expected, answer.unit) == (-3.0, "percentage_points")
    assert answer.required_pace == -3.0


PARITY = {
    "kind": "ratio_to", "op": ">=", "value": 1.0, "tolerance": 0.05,
    "benchmark": {"indicator": "other", "area": "same", "scope": "all"},
}  # fmt: skip


def test_a_target_for_every_locality() -> None:
    target = target_of(PARITY, each_area=True)
    ones = np.ones((1000, YEARS))
    half = np.where(np.arange(1000) < 600, 1.0, 0.5)[:, None] * ones
    third = np.where(np.arange(1000) >= 400, 0.97, 0.5)[:, None] * ones
    world = World()
    for area, draws in (("181", half), ("185", third)):
        world.put(
            path_of(draws, 2020, area=area, last_year=2025),
            path_of(ones, 2020, name="other", area=area, last_year=2025),
        )
    answer = world.ask(target)
    assert (answer.probability, answer.areas_met) == (pytest.approx(0.2), (2, 2))  # jointly, not 0.6 x 0.6
    assert answer.outcome == "probability"
    district = world.ask(target, BAC_SON)
    assert (district.probability, district.areas_met) == (0.6, None)
    assert [dict(note.fields)["probability"] for note in district.notes if note.key.endswith("tolerance")] == [0.0]
    del world.paths["185", "other", "all", True]
    lacking = world.ask(target)
    assert (lacking.outcome, lacking.areas_met) == ("cannot_assess", (1, 2))
    assert [note.fields["areas"] for note in lacking.missing if "areas" in note.fields] == [("185",)]


def test_conflicts_and_doubts_are_carried() -> None:
    loser = figure(2025, 3.0, status="preliminary", source_id="press")
    last = figure(2025, 2.32, overruled=(loser,), status="reported", qualifier="about")
    path = path_of(shares(0.5), 2020, figures=[figure(2024, 3.36), last])
    answer = World().put(path).ask(target_of(level("<", 10)))
    assert answer.overruled == (loser,)
    assert {"note.overruled", "note.not_final", "note.qualified"} <= keys(answer)
    assert (answer.last_status, answer.last_qualifier) == ("reported", "about")


def test_stand_ins_show_their_own_figure() -> None:
    proxy = ProxyUse("stand_in", "other", "all", "upper_bound", unknown_share=True, share_note="83.91 (2019)")
    path = path_of(shares(0.5), 2020, scope="dtts", figures=[figure(2025, 2.32)], proxy=proxy)
    answer = World().put(path).ask(target_of(level("<", 10), scope="dtts"))
    assert (answer.last_value, answer.last_indicator, answer.last_scope, answer.last_unit) == (
        2.32, "other", "all", SHARE.unit,
    )  # fmt: skip
    assert {"note.proxy.upper_bound", "note.share_used", "note.share_unknown"} <= keys(answer)


def test_one_sided_figures_show_how_many_draws_are_left() -> None:
    weights = np.zeros(1000)
    weights[:100] = 0.01
    path = path_of(shares(0.5), 2020, basis="A", last_year=2025, weights=weights)
    answer = World().put(path).ask(target_of(level("<", 10)))
    assert (answer.probability, answer.effective_draws) == (pytest.approx(1.0), pytest.approx(100.0))
    assert {"note.reweighted", "note.few_draws"} <= keys(answer)


def test_who_borrows_through_a_bound_says_no_more_than_the_lender() -> None:
    own = path_of(shares(0.5), 2020, proxy=upper_bound(), basis="A", last_year=2025)
    borrowed = path_of(shares(0.95), 2020, area="181", proxy=upper_bound(), basis="C", last_year=2025)
    world = World().put(own, borrowed)
    answer = world.ask(target_of(level("<", 10)), BINH_GIA)
    assert (answer.probability, answer.verdict) == (0.95, "not_decided_by_bound")
    surer = world.put(path_of(shares(0.7), 2020, proxy=upper_bound(), basis="A", last_year=2025))
    assert surer.ask(target_of(level("<", 10)), BINH_GIA).verdict == "at_least_likely"
    alone = World().put(borrowed, path_of(shares(0.5), 2020, basis="A", last_year=2025))
    assert alone.ask(target_of(level("<", 10)), BINH_GIA).verdict == "not_decided_by_bound"


@pytest.mark.parametrize(
    ("share", "relation", "said"),
    [(0.67, "equal", True), (0.72, "equal", False), (0.10, "equal", True), (0.10, "upper_bound", False),
     (0.67, "upper_bound", True), (1.0, "equal", False)],
)  # fmt: skip
def test_a_probability_on_a_limit_between_two_words_says_so(share: float, relation: str, said: bool) -> None:
    draws = shares(share, 2000)
    answer = (
        World()
        .put(path_of(draws, 2020, proxy=upper_bound(relation=relation), basis="A", last_year=2025))
        .ask(target_of(level("<", 10)))
    )
    assert ("note.near_limit" in keys(answer)) is said
    far = path_of(draws, 2020, basis="A", last_year=2020)
    assert "note.near_limit" not in keys(World().put(far).ask(target_of(level("<", 10))))


def test_a_borrowers_word_that_hangs_on_the_lenders_probability_says_so() -> None:
    borrowed = path_of(shares(0.80, 2000), 2020, area="181", proxy=upper_bound(), basis="C", last_year=2025)
    for share, said in ((0.67, True), (0.73, False)):
        lender = path_of(shares(share, 2000), 2020, proxy=upper_bound(), basis="A", last_year=2025)
        answer = World().put(borrowed, lender).ask(target_of(level("<", 10)), BINH_GIA)
        assert ("note.near_limit" in keys(answer)) is said


def test_a_pace_seen_through_a_bound_says_so() -> None:
    draws = np.tile(np.linspace(30, 5, YEARS), (100, 1))
    for relation, said in (("equal", False), ("upper_bound", True)):
        path = path_of(draws, 2020, proxy=upper_bound(relation=relation), figures=[figure(2020, 30), figure(2024, 20)])
        answer = World().put(path).ask(target_of(level("<", 10)))
        assert answer.recent_pace is not None
        assert ("note.pace_of_bound.upper_bound" in keys(answer)) is said


def test_an_area_silent_for_years_says_since_when_and_on_whom_it_leans() -> None:
    def leans(year: int, parent: str) -> bool:
        path = path_of(shares(0.7), 2020, area="181", figures=[figure(year, 12)], last_year=2025)
        path = replace(path, evidence=replace(path.evidence, parent_code=parent))
        answer = World().put(path).ask(target_of(level("<", 10)), BINH_GIA)
        return any(note.key.endswith(".leans") and note.fields["year"] == year for note in answer.notes)

    assert leans(2020, "20")
    assert not leans(2021, "20")
    assert not leans(2020, "")
