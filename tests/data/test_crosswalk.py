from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.base.errors import DataError
from toolkit.data.areas import Crosswalk, Link
from toolkit.data.dataset import Dataset, load
from toolkit.data.folder import PROJECT_DATA

CROSSWALK = load(PROJECT_DATA).crosswalk
SPLIT = {"06622", "06625"}
OLD = sorted({link.old_commune_code for link in CROSSWALK.links} - SPLIT)


def test_every_old_and_new_commune_is_in_it(dataset: Dataset) -> None:
    old = {area.code for area in dataset.areas.all("commune", date(2025, 6, 30))}
    new = {area.code for area in dataset.areas.all("commune", date(2025, 7, 1))}
    assert {link.old_commune_code for link in CROSSWALK.links} == old
    assert {link.new_commune_code for link in CROSSWALK.links} == new
    for link in CROSSWALK.links:
        assert dataset.areas.get(link.old_commune_code, date(2025, 6, 30)).parent_code == link.old_district_code


def test_only_two_communes_were_split_and_four_span_two_districts(dataset: Dataset) -> None:
    assert {link.old_commune_code for link in CROSSWALK.links if not link.whole} == SPLIT
    new = dict.fromkeys(link.new_commune_code for link in CROSSWALK.links)
    spanning = {code for code in new if len(CROSSWALK.former_districts(code)) > 1}
    names = {dataset.areas.get(code).short_name for code in spanning}
    assert names == {"Đông Kinh", "Kỳ Lừa", "Khánh Khê", "Tân Đoàn"}
    assert CROSSWALK.former_districts("06286") == ("183", "184")
    assert CROSSWALK.former_districts("99999") == ()


@given(st.dictionaries(st.sampled_from(OLD), st.integers(0, 10_000), min_size=1))
def test_counts_are_neither_lost_nor_doubled(counts: dict[str, int]) -> None:
    converted = CROSSWALK.counts_to_new(counts)
    assert sum(item.value for item in converted) == sum(counts.values())
    for item in converted:
        parts = {link.old_commune_code for link in CROSSWALK.old_of(item.code)}
        assert set(item.missing) == parts - set(counts)
        assert item.coverage == pytest.approx(float(Fraction(len(parts & set(counts)), len(parts))))


@given(st.dictionaries(st.sampled_from(OLD), st.floats(0, 100), min_size=1))
def test_rates_stay_between_those_they_are_made_of(rates: dict[str, float]) -> None:
    sizes = dict.fromkeys([*OLD, *SPLIT], 250.0)
    touched = {link.new_commune_code for link in CROSSWALK.links if link.old_commune_code in SPLIT}
    fine = {
        code: rate
        for code, rate in rates.items()
        if not touched & {link.new_commune_code for link in CROSSWALK.new_of(code)}
    }
    for item in CROSSWALK.rates_to_new(fine, sizes):
        given_rates = [
            rates[link.old_commune_code] for link in CROSSWALK.old_of(item.code) if link.old_commune_code in rates
        ]
        assert min(given_rates) - 1e-9 <= item.value <= max(given_rates) + 1e-9


@pytest.mark.parametrize("code", sorted(SPLIT))
def test_a_split_commune_is_refused_with_the_rows_that_lack_a_weight(code: str) -> None:
    with pytest.raises(DataError) as caught:
        CROSSWALK.counts_to_new({"05971": 10, code: 100})
    assert {(problem.file, problem.column) for problem in caught.value.problems} == {("crosswalk_2025.csv", "weight")}
    assert {problem.row for problem in caught.value.problems} == {
        link.row for link in CROSSWALK.links if link.old_commune_code == code
    }
    assert code in str(caught.value)


def test_rates_need_denominators_of_every_part() -> None:
    with pytest.raises(DataError, match="denominator"):
        CROSSWALK.rates_to_new({"05977": 5.0}, {"05977": 1000})


def test_weights_are_used_where_they_are_known() -> None:
    links = [
        Link("1", "a", "X", whole=False, weight=0.25, row=2),
        Link("1", "a", "Y", whole=False, weight=0.75, row=3),
        Link("1", "b", "Y", whole=True, weight=1.0, row=4),
    ]
    small = Crosswalk(links)
    assert {item.code: item.value for item in small.counts_to_new({"a": 100, "b": 10})} == {"X": 25, "Y": 85}
    rates = small.rates_to_new({"a": 10.0, "b": 50.0}, {"a": 100, "b": 25})
    assert {item.code: item.value for item in rates} == {"X": 10.0, "Y": pytest.approx(20.0)}


def test_new_communes_add_up_to_districts_unless_shared() -> None:
    inside = CROSSWALK.communes_of_district("181")
    (whole,) = CROSSWALK.counts_to_districts(dict.fromkeys(inside, 2.0))
    assert (whole.code, whole.value, whole.coverage, whole.missing) == ("181", 2.0 * len(inside), 1.0, ())
    (part,) = CROSSWALK.counts_to_districts({inside[0]: 2.0})
    assert (part.coverage, part.missing) == (1 / len(inside), inside[1:])
    with pytest.raises(DataError, match="06286"):
        CROSSWALK.counts_to_districts({"06286": 5.0})


def test_unknown_codes_are_refused() -> None:
    for convert in (CROSSWALK.counts_to_new, CROSSWALK.counts_to_districts):
        with pytest.raises(DataError, match="181"):
            convert({"181": 1.0})
