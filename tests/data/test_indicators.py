from __future__ import annotations

import csv
import unicodedata
from pathlib import Path

import pytest

from toolkit.base.errors import UsageError
from toolkit.data.dataset import PROJECT_DATA, Dataset
from toolkit.data.indicators import Indicator, read_indicators

VIETNAMESE = frozenset("ăâđêôơưàáảãạèéẻẽẹìíỉĩịòóỏõọùúủũụỳýỷỹỵằắẳẵặầấẩẫậềếểễệồốổỗộờớởỡợừứửữự")


def test_all_that_is_used_is_declared(dataset: Dataset) -> None:
    used = set(dataset.observations["indicator"]) | set(dataset.local_targets["indicator"])
    assert used <= set(dataset.indicators)


def test_units_of_figures_are_those_declared(dataset: Dataset) -> None:
    for frame in (dataset.observations, dataset.local_targets):
        for name, unit in set(zip(frame["indicator"], frame["unit"], strict=True)):
            assert dataset.indicators.get(name).unit == unit


def test_every_text_is_in_both_languages_and_composed(dataset: Dataset) -> None:
    for indicator in dataset.indicators.values():
        texts = [indicator.names, indicator.definition, *(proxy.basis for proxy in indicator.proxies)]
        for text in texts:
            assert text["vi"] == unicodedata.normalize("NFC", text["vi"])
            assert VIETNAMESE & set(text["vi"].casefold())
            assert text["vi"] != text["en"]
        assert indicator.definition["vi"].endswith(".)")  # says whose definition it is


def test_every_published_figure_lies_inside_its_bounds(dataset: Dataset) -> None:
    for row in dataset.observations.itertuples():
        assert dataset.indicators.get(row.indicator).allows(row.value)


@pytest.mark.parametrize(
    ("indicator", "scope", "proxy", "relation", "on"),
    [
        ("poverty_rate", "dtts", "poverty_dtts_from_all", "upper_bound", True),
        ("income_per_capita", "all", "income_all_from_household_income", "equal", True),
        ("income_per_capita", "dtts", "income_dtts_from_household_income", "upper_bound", True),
        ("attended_births_share", "all", "attended_births_all_from_dtts", "lower_bound", True),
        ("communes_with_paved_road_share", "all", "paved_road_all_from_dtts_mn", "lower_bound", True),
        ("villages_with_hard_road_share", "all", "hard_road_all_from_dtts_mn", "lower_bound", True),
        ("households_with_electricity_share", "all", "electricity_all_from_dtts_mn", "lower_bound", True),
        ("new_rural_communes_share", "dtts_mn", "new_rural_dtts_mn_from_all", "equal", False),
        ("labour_productivity_growth", "dtts_mn", "productivity_dtts_mn_from_grdp_growth", "lower_bound", False),
        ("hygienic_water_share", "dtts", "hygienic_water_dtts_from_all", "upper_bound", True),
        ("life_expectancy", "dtts", "life_expectancy_dtts_from_all", "upper_bound", True),
        ("hdi", "dtts_in_dtts_mn", "hdi_dtts_from_all", "upper_bound", True),
        ("trained_labour_share", "dtts", "trained_labour_dtts_from_all", "upper_bound", True),
    ],
)
def test_proxies(indicator: str, scope: str, proxy: str, relation: str, on: bool, dataset: Dataset) -> None:
    found = {item.id: item for item in dataset.indicators.get(indicator).proxies}[proxy]
    assert (found.for_scope, found.relation, found.on_by_default) == (scope, relation, on)


def test_no_proxy_is_declared_beyond_those(dataset: Dataset) -> None:
    assert sum(len(indicator.proxies) for indicator in dataset.indicators.values()) == 13


def test_the_factor_turns_thousand_a_month_into_million_a_year(dataset: Dataset) -> None:
    for proxy in dataset.indicators.get("income_per_capita").proxies:
        assert proxy.transform.kind == "scale"
        assert proxy.transform.factor == pytest.approx(12 / 1000)


def test_the_ethnic_minority_bound_holds_where_both_are_known(dataset: Dataset) -> None:
    """Bình Gia 2018: the minorities' rate by counts lies below the bound that the proxy gives."""
    share = dataset.series("181", "dtts_population_share", "all").observations[0].value
    rate = dataset.series("181", "poverty_rate", "all").observations[0].value
    poor = dataset.series("181", "poor_households", "dtts").observations[0].value
    households = dataset.series("181", "households", "all").observations[0].value
    assert 100 * poor / (households * share / 100) <= 100 * rate / share


def test_an_unknown_indicator_is_refused_with_the_nearest(dataset: Dataset) -> None:
    with pytest.raises(UsageError, match="poverty_rate"):
        dataset.indicators.get("poverty_rat")
    assert "poverty_rat" not in dataset.indicators


def entry(**changes: object) -> dict[str, object]:
    words = {"vi": "tên", "en": "name"}
    return {
        "id": "x", "names": words, "family": "f", "unit": "percent", "units": words, "whole": False, "decimals": 1,
        "lower": 0, "upper": 100, "direction": "up", "link": "logit", "definition": words, "definition_from": "ours",
        **changes,
    }  # fmt: skip


def test_a_complete_entry_is_accepted() -> None:
    assert Indicator.model_validate(entry()).allows(50)


@pytest.mark.parametrize(
    "changes",
    [{"upper": None}, {"link": "log", "lower": None}, {"link": "probit"}, {"decimals": -1}, {"lower": 100}, {"new": 1},
     {"names": {"vi": "tên"}}, {"direction": "left"}, {"proxies": [{"id": "p"}]}],
)  # fmt: skip
def test_a_wrong_entry_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"Indicator"):
        Indicator.model_validate(entry(**changes))


@pytest.mark.parametrize(
    ("content", "count"),
    [("indicators: [", 1), ("units: 2024-13-45", 1), ("[" * 5000, 1), ("- 1\n", 1),
     ("!!python/object/apply:os.system ['true']", 1),
     ("units: {percent: {vi: a, en: b, whole: false}}\nindicators:\n  x: {unit: percent, color: red}\n  y: 3\n", 11),
     ("units:\n  a: {vi: a, en: b, whole: false}\n  a: {vi: a, en: b, whole: true}\n", 1)],
)  # fmt: skip
def test_every_problem_of_the_file_is_told(content: str, count: int, tmp_path: Path) -> None:
    (tmp_path / "indicators.yaml").write_text(content, encoding="utf-8")
    assert len(read_indicators(tmp_path)[1].problems) == count


def test_sources_of_proxies_exist() -> None:
    with (PROJECT_DATA / "sources.csv").open(encoding="utf-8", newline="") as stream:
        known = {record["source_id"] for record in csv.DictReader(stream)}
    indicators, text = read_indicators(PROJECT_DATA)
    for indicator in indicators.values():
        assert {source for proxy in indicator.proxies for source in proxy.source_ids} <= known
    assert text.problems == []
