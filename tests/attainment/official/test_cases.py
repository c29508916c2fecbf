"""The 82 conformance cases: other systems' verdicts as published, or computed from their published rules.

``cases.json`` keeps inputs, expected numbers and classes, and the source of each. Cases that document a defect of
the other system are marked, and tested as what we do in its place.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from toolkit.attainment.official import destatis, escap, eurostat, fpem, growth, opensdg, sdsn, unsd, who, worldbank

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "cases.json").read_text(encoding="utf-8"))
BY_ID = {case["id"]: case for case in CASES}
MODULES = (destatis, escap, eurostat, fpem, opensdg, sdsn, unsd, who, worldbank)


def given(case: dict[str, Any]) -> dict[str, Any]:
    """Return a case's inputs as Python arguments."""
    made = dict(case["inputs"])
    for name in ("path", "before"):
        if name in made:
            made[name] = {int(year): value for year, value in made[name].items()}
    return made


def call(name: str, **inputs: Any) -> Any:
    (found,) = [getattr(module, name) for module in MODULES if name in vars(module)]
    return found(**inputs)


def result_of(case: dict[str, Any], **options: Any) -> Any:
    inputs = given(case) | options
    match case["id"]:
        case "OSDG-17":
            return opensdg.opensdg_aggregate([result_of(BY_ID[one]) for one in inputs["of"]])
        case "UNSD22-06":
            direction = inputs.pop("direction")
            rate = growth.cagr(inputs["first"], inputs["last"], inputs["last_year"] - inputs["first_year"])
            return unsd.unsd_2022_growth(rate, direction)
        case "WB-05":
            inputs["proxy"] = worldbank.proxy_in_survey_year(*inputs["proxy"])
        case "WHO-08":
            return [call("dip_recover", **(inputs | {"year": year})) for year in inputs["year"]]
        case "WHO-09":
            return [
                [call("back_on_path", **(inputs | {"year": year, "recovery": start})) for year in inputs["year"]]
                for start in inputs["recovery"]
            ]
    return call(case["function"], **inputs)


def test_all_cases_are_here_with_their_sources() -> None:
    assert len(BY_ID) == 82
    assert all((case["source"] and case["expected"]) or case["class"] for case in CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))
def test_case(case: dict[str, Any]) -> None:
    result = result_of(case)
    expected = case["expected"]
    if "result" in expected:
        np.testing.assert_allclose(np.array(result), np.array(expected["result"]), rtol=1e-6)
    else:
        for name, value in expected.items():
            found = getattr(result, name)
            # scores and C are printed to six digits; the worked classes rest on the ratio alone
            assert found == pytest.approx(value, rel=2e-5, abs=2e-6), name
    if case["class"]:
        verdict = result.verdict
        assert verdict[0] == case["class"] if case["id"].startswith("UNSD23") else verdict == case["class"]
    if "compatible" in case:
        assert result_of(case, compatible=True) == pytest.approx(case["compatible"]["result"])


def test_defects_of_other_systems_are_marked() -> None:
    marked = [case["id"] for case in CASES if case.get("defect")]
    assert marked == ["OSDG-08", "OSDG-14", "UNSD22-05", "WHO-01", "WHO-02"]


def test_no_growth_rate_leads_through_zero() -> None:
    for first, last, years in ((0.0, 2.0, 5), (2.0, -1.0, 5), (2.0, 3.0, 0)):
        with pytest.raises(ValueError, match=r"growth|rate"):
            growth.cagr(first, last, years)


def test_a_line_through_points_on_a_line_is_that_line() -> None:
    assert escap.weighted_line([2015, 2017, 2022], [20.0, 18.0, 13.0], 2030) == pytest.approx(5.0)
