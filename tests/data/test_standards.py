from __future__ import annotations

import math
from datetime import date

import pytest

from toolkit.data.dataset import Dataset

REVIEW = ["income_2006", "income_2011", "mdp_2016", "mdp_2022", "mdp_2027", "mdp_2033", "mdp_2038", "mdp_2044"]


def logit(percent: float) -> float:
    return math.log(percent / (100 - percent))


def test_chains_run_side_by_side(dataset: Dataset) -> None:
    standards = dataset.standards
    assert [standard.id for standard in standards.of("poverty_rate")] == REVIEW
    assert {standard.chain for standard in standards.of("poverty_rate")} == {"household_review"}
    assert [standard.id for standard in standards.of("poverty_rate_survey")] == [
        "survey_2006",
        "survey_2010",
        "survey_mdp",
    ]
    for indicator in ("households_with_electricity_share", "income_per_capita"):
        chains = [standard.chain for standard in standards.of(indicator)]
        assert len(chains) == len(set(chains)) == 2
        assert standards.neighbours(indicator) == ()
    assert standards.of("hdi") == ()


@pytest.mark.parametrize(
    ("year", "expected"),
    [(2005, None), (2006, "income_2006"), (2010, "income_2011"), (2014, "income_2011"), (2015, "mdp_2016"),
     (2020, "mdp_2016"), (2021, "mdp_2022"), (2026, "mdp_2022"), (2027, "mdp_2027"), (2045, "mdp_2044")],
)  # fmt: skip
def test_the_newest_standard_that_had_begun_is_in_force(year: int, expected: str | None, dataset: Dataset) -> None:
    found = dataset.standards.in_force("poverty_rate", "household_review", year)
    assert (found.id if found else None) == expected


def test_every_change_inside_a_chain_is_declared_once_for_each_indicator(dataset: Dataset) -> None:
    standards = dataset.standards
    declared = [(name, item.before, item.after) for item in standards.breaks for name in item.indicators]
    assert len(declared) == len(set(declared))
    wanted = {
        (indicator, before.id, after.id)
        for indicator in dataset.indicators
        for before, after in standards.neighbours(indicator)
    }
    assert set(declared) == wanted
    assert all(item.year == standards.get(item.after).first_year for item in standards.breaks)


def test_a_double_count_gives_the_jump_of_2015_and_the_nation_agrees(dataset: Dataset) -> None:
    counts = dataset.overlaps.to_dict("records")
    jumps = {row["source_id"]: logit(row["value_to"]) - logit(row["value_from"]) for row in counts}
    link = dataset.standards.link("income_2011", "mdp_2016", "poverty_rate")
    assert link is not None
    (source,) = link.source_ids
    assert link.jump_mean == pytest.approx(jumps.pop(source), abs=0.005)
    assert link.measured
    assert link.jump_mean is not None
    assert link.jump_sd is not None
    assert [abs(jump - link.jump_mean) < 2 * link.jump_sd for jump in jumps.values()] == [True]


def test_priors_say_what_is_known(dataset: Dataset) -> None:
    standards = dataset.standards
    survey = standards.link("survey_2006", "survey_2010")
    review, recent = (
        standards.link(*pair, "poverty_rate") for pair in (("mdp_2016", "mdp_2022"), ("mdp_2022", "mdp_2027"))
    )
    assert survey is not None
    assert review is not None
    assert recent is not None
    assert (survey.jump_mean, survey.jump_sd, survey.measured) == (0.37, 0.20, True)
    assert not review.measured
    assert not recent.measured
    assert review.jump_sd is not None
    assert survey.jump_sd is not None
    assert review.jump_sd >= 2 * survey.jump_sd
    assert recent.jump_skew is not None
    assert recent.jump_skew > 0
    assert "2027" in recent.basis("vi")
    assert "2027" in recent.basis("en")


def test_forest_and_population_priors_follow_from_the_figures(dataset: Dataset) -> None:
    forest = {figure.year: figure.value for figure in dataset.series("20", "forest_cover", "all").observations}
    step = logit(forest[2015]) - logit(forest[2014]) - (logit(forest[2014]) - logit(forest[2008])) / 6
    link = dataset.standards.link("inventory_before_2015", "inventory_2015")
    assert link is not None
    assert link.jump_mean is not None
    assert link.jump_sd is not None
    assert abs(step - link.jump_mean) < link.jump_sd
    people = {2015: 757_900, 2018: 790_500, 2019: 782_800}
    expected = math.log(people[2019] / people[2018]) - math.log(people[2018] / people[2015]) / 3
    rebased = dataset.standards.link("census_2009_based", "census_2019_based")
    assert rebased is not None
    assert rebased.jump_mean == pytest.approx(expected, abs=0.0005)


def test_lists_of_difficult_units_cannot_be_compared(dataset: Dataset) -> None:
    for pair in (("list_2016", "list_2021"), ("list_2021", "list_2026")):
        link = dataset.standards.link(*pair)
        assert link is not None
        assert (link.comparable, link.jump_mean, link.jump_sd) == (False, None, None)


def test_the_rule_of_publication_is_the_one_that_the_data_follow(dataset: Dataset) -> None:
    frame = dataset.observations
    ruled = frame[frame["available_basis"] == "rule"]
    assert len(ruled) == 242
    days = [dataset.standards.published(row.standard, row.year).isoformat() for row in ruled.itertuples()]
    assert days == ruled["available_from"].tolist()
    assert dataset.standards.published("mdp_2022", 2025) == date(2026, 1, 31)
    assert dataset.standards.published("", 2025) == date(2026, 6, 30)
