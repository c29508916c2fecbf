"""Nothing is lost on the way: counts and sums were taken from the collected originals, outside the toolkit."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import date
from decimal import Decimal

import pytest

from toolkit.data.dataset import PROJECT_DATA, Dataset, load

OBSERVATIONS = {
    "attended_births_share": (1, "99.5"),
    "child_stunting_rate": (5, "117.4"),
    "child_underweight_rate": (4, "55.3"),
    "communes_with_paved_road_share": (3, "286.3"),
    "dtts_population_share": (7, "628.78"),
    "dtts_share_of_poor_households": (1, "98.66"),
    "extremely_difficult_communes": (3, "221"),
    "extremely_difficult_villages": (3, "1564"),
    "forest_cover": (11, "540.0"),
    "full_immunisation_share": (5, "464.1"),
    "grdp_growth": (8, "55.57"),
    "grdp_growth_period_average": (3, "17.09"),
    "grdp_per_capita": (8, "416.4"),
    "hdi": (1, "0.692"),
    "health_insurance_share": (2, "179.2"),
    "household_income_per_capita": (17, "41860"),
    "households": (5, "447739"),
    "households_in_permanent_house_share": (2, "106.9"),
    "households_in_simple_house_share": (2, "7.4"),
    "households_with_electricity_share": (11, "1007.7"),
    "hygienic_water_share": (3, "228.5"),
    "income_per_capita": (3, "117.35"),
    "infant_mortality_rate": (11, "230.3"),
    "life_expectancy": (7, "505.22"),
    "literacy_15_60_level1": (1, "99.31"),
    "literacy_15_60_level2": (2, "194.42"),
    "literacy_15_plus": (15, "1416.1"),
    "lower_secondary_attendance": (1, "99.01"),
    "makeshift_houses_removed": (1, "6508"),
    "near_poor_households": (6, "100386"),
    "near_poverty_rate": (10, "104.08"),
    "new_rural_communes": (3, "25"),
    "new_rural_communes_share": (2, "129.5"),
    "poor_households": (8, "122195"),
    "poor_or_near_poor_rate": (7, "113.30"),
    "population": (46, "26769076"),
    "poverty_rate": (20, "248.65"),
    "poverty_rate_survey": (18, "254.04"),
    "primary_attendance": (1, "99.5"),
    "trained_labour_certified_share": (15, "237.7"),
    "trained_labour_share": (1, "35"),
    "under5_mortality_rate": (6, "166.4"),
    "villages": (1, "1646"),
    "villages_with_community_house_share": (1, "88.9"),
    "villages_with_hard_road_share": (1, "70"),
}
AREAS_OF_OBSERVATIONS = {
    "20": 193, "VN": 41, "VN-NMM": 15, "180": 10, "185": 8, "181": 8, "184": 4, "186": 3, "189": 2, "178": 2,
    "183": 2, "187": 2, "182": 1, "188": 1,
}  # fmt: skip


DELIVERED_ON = date(2026, 11, 29)
LATER = (("0002.csv", 418, "18610266.678", 842731), ("0003.csv", 20, "3119470.57", 40386),
         ("0004.csv", 4372, "675411.6", 8797427), ("0005.csv", 3, "17.51", 6049),
         ("0006.csv", 1, "45.9", 2025))  # fmt: skip
CORRECTED = 3
"""Rows of earlier deliveries that a later one of the same source corrects."""
CELL = ("area_code", "indicator", "scope", "year", "from_year", "standard", "source_id")
TEXTS = ("area_code", "indicator", "scope", "unit", "standard", "status", "source_id", "qualifier")


def cell(record: dict[str, str]) -> tuple[str, ...]:
    return tuple(record[name] for name in CELL)


def rows(name: str) -> list[dict[str, str]]:
    with (PROJECT_DATA / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def total(records: list[dict[str, str]], column: str) -> Decimal:
    return sum((Decimal(record[column] or 0) for record in records), Decimal(0))


def test_every_observation_is_there_with_its_value() -> None:
    found = rows("observations/0001.csv")
    counts = Counter(record["indicator"] for record in found)
    sums = {name: total([row for row in found if row["indicator"] == name], "value") for name in counts}
    assert {name: (counts[name], sums[name]) for name in counts} == {
        name: (count, Decimal(value)) for name, (count, value) in OBSERVATIONS.items()
    }
    assert (len(found), total(found, "value"), total(found, "year")) == (292, Decimal("27499738.272"), 588790)


def test_observations_keep_source_status_standard_qualifier_and_notes() -> None:
    found = rows("observations/0001.csv")
    assert Counter(record["status"] for record in found) == {"reported": 129, "final": 127, "preliminary": 36}
    assert Counter(record["scope"] for record in found) == {"all": 273, "dtts_mn": 12, "dtts": 7}
    assert Counter(record["available_basis"] for record in found) == {"rule": 242, "published": 50}
    assert Counter(record["area_code"] for record in found) == AREAS_OF_OBSERVATIONS
    qualifiers = Counter(record["qualifier"] for record in found)
    assert qualifiers == {"": 277, "about": 8, "derived": 4, "at_least": 2, "unverified": 1}
    standards = Counter(record["standard"] for record in found)
    assert (standards["mdp_2022"], standards["mdp_2016"], standards["income_2011"], standards[""]) == (33, 16, 4, 156)
    assert sum(len(record["note"]) for record in found) == 13952
    assert [record["from_year"] for record in found if record["from_year"]] == ["2016", "2011", "2021"]


def test_areas_are_complete() -> None:
    found = rows("areas.csv")
    levels = Counter(record["level"] for record in found)
    assert levels == {"commune": 259, "district": 11, "country": 1, "region": 1, "province": 63}
    assert (len(found), total(found, "population_2019"), total(found, "area_km2")) == (
        335,
        2 * 781655,
        Decimal("25222.83"),
    )
    assert sum(int(record["code"]) for record in found if record["code"].isdigit()) == 1637147


def test_crosswalk_is_complete() -> None:
    found = rows("crosswalk_2025.csv")
    assert (len(found), total(found, "old_commune_code"), total(found, "new_commune_code")) == (196, 1236037, 1235503)
    assert Counter(record["share"] for record in found) == {"whole": 192, "part": 4}
    assert total(found, "weight") == 192


@pytest.mark.parametrize(("delivery", "count", "value", "year"), LATER)
def test_later_deliveries_are_complete(delivery: str, count: int, value: str, year: int) -> None:
    found = rows(f"observations/{delivery}")
    assert (len(found), total(found, "value"), total(found, "year")) == (count, Decimal(value), year)


def test_reading_loses_nothing() -> None:
    known = load(as_of=DELIVERED_ON)
    frame = known.observations
    tables = ("0001.csv", *(delivery for delivery, *_ in LATER))
    written = [(name, record) for name in tables for record in rows(f"observations/{name}")]
    last = {cell(record): name for name, record in written}
    counted = [record for name, record in written if last[cell(record)] == name]
    assert len(written) - len(counted) == CORRECTED
    assert len(frame) == len(counted)
    assert frame["value"].sum() == pytest.approx(float(total(counted, "value")))
    weak = set(known.sources.index[known.sources["class"] == "weak"])
    said = [{**record, "qualifier": "unverified"} if record["source_id"] in weak else record for record in counted]
    read = Counter(map(tuple, frame[list(TEXTS)].to_numpy().tolist()))
    assert read == Counter(tuple(record[name] for name in TEXTS) for record in said)
    assert len(known.sources) == len(rows("sources.csv"))
    assert len(known.local_targets) == len(rows("local_targets.csv"))


def test_every_figure_is_in_exactly_one_place_of_its_series(dataset: Dataset) -> None:
    frame = dataset.observations
    keys = set(zip(frame["area_code"], frame["indicator"], frame["scope"], strict=True))
    every = [dataset.series(*key) for key in keys]
    figures = [one for series in every for one in (*series.observations, *series.overruled, *series.unverified)]
    delivered = set(zip(frame["delivery"], frame["row"], frame["value"], strict=True))  # computed ones differ in value
    count = sum((figure.delivery, figure.row, figure.value) in delivered for figure in figures)
    count += sum(len(series.period_averages) for series in every)
    assert count == len(frame)
    assert sum(len(series.unverified) for series in every) == (frame["qualifier"] == "unverified").sum()


def test_no_figure_of_a_weak_source_is_used() -> None:
    known = load(as_of=DELIVERED_ON)
    weak = set(known.sources.index[known.sources["class"] == "weak"])
    figures = known.observations[known.observations["source_id"].isin(weak)]
    assert len(figures) > 30
    for key in {(row.area_code, row.indicator, row.scope) for row in figures.itertuples()}:
        series = known.series(*key)
        used = [*series.observations, *series.overruled, *series.period_averages]
        assert not weak & {figure.source_id for figure in used}
