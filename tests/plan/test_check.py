"""Plans held against the data they speak of."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolkit.data.dataset import Dataset, load
from toolkit.plan.load import check_plan

PLAN = Path(__file__).parents[2] / "data" / "plans" / "langson-138.yaml"


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return load()


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLKIT_LANG", "en")


def test_the_plan_of_lang_son_fits_its_data(dataset: Dataset) -> None:
    assert check_plan(PLAN, dataset) == []


@pytest.mark.parametrize(
    ("old", "new", "column", "words"),
    [
        ("indicator: forest_cover,", "indicator: forest_covr,", "T30-26: indicator", "no indicator “forest_covr”"),
        ("indicator: forest_cover, scope: all, unit: percent", "indicator: forest_cover, scope: all, unit: villages",
         "T30-26: unit", "differs from the indicator's percent"),
        ("value: 67}", "value: 167}", "T30-26: rule.value", "167 lies outside"),
        ("indicator: dtts_population_share, area: same", "indicator: dtts_share, area: same",
         "T25-28: rule.benchmark.indicator", "no indicator “dtts_share”"),
        ("area: same", 'area: "99"', "T25-28: rule.benchmark.area", "no area “99”"),
        ("- hdi_dtts_from_all", "- hdi_from_all", "plan: proxies.on.9", "no stand-in “hdi_from_all”"),
        ('province_code: "20"', 'province_code: "99"', "plan: province_code", "no area “99”"),
        ("op: \">=\", value: 67", "op: \"=>\", value: 67", "T30-26: rule.op", "not one of the choices"),
    ],
)  # fmt: skip
def test_what_the_data_do_not_know_is_named(
    old: str, new: str, column: str, words: str, dataset: Dataset, tmp_path: Path
) -> None:
    text = PLAN.read_text(encoding="utf-8")
    assert old in text
    broken = tmp_path / "broken.yaml"
    broken.write_text(text.replace(old, new, 1), encoding="utf-8")
    [problem] = check_plan(broken, dataset)
    assert problem.column == column
    assert words in problem.problem
    assert new.split(",", maxsplit=1)[0].strip("- ") in broken.read_text(encoding="utf-8").splitlines()[problem.row - 1]
