"""Areas' own targets."""

from __future__ import annotations

import numpy as np
import pytest

from tests.attainment.house import BINH_GIA, PROVINCE, World, level, path_of, plan_of, target_of, upper_bound
from toolkit.attainment.assess import assess_local

DRAWS = np.repeat(np.linspace(0.0, 10.0, 101)[:, None], 11, axis=1)
PLAN = plan_of(target_of(level("<", 10)))


def row(**changes: object) -> dict[str, object]:
    fields: dict[str, object] = {
        "area_code": "20", "indicator": "share", "scope": "all", "kind": "target", "due": 2030, "op": "<",
        "value": 5.0, "unit": "percent", "standard": "", "source_id": "decision", "note": "own",
    }  # fmt: skip
    return fields | changes


def test_own_targets_are_judged_where_there_is_a_path() -> None:
    world = World(stated=[row()]).put(path_of(DRAWS, 2020, basis="A", last_year=2025))
    [own] = assess_local(PROVINCE, PLAN, world, world)  # type: ignore[arg-type]
    assert own.attainment.probability == pytest.approx(50 / 101)
    assert own.attainment.verdict == "about_as_likely_as_not"
    assert (own.source_id, own.note, own.target.due) == ("decision", "own", 2030)
    assert assess_local(BINH_GIA, PLAN, world, world) == ()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "official_forecast"}, {"due": 2031}, {"due": 2019}, {"op": "="}, {"op": ""}, {"unit": "villages"},
        {"indicator": "unheard_of"}, {"indicator": "houses"}, {"standard": "mdp_2016"}, {"scope": "dtts"},
    ],
)  # fmt: skip
def test_what_cannot_be_judged_is_left_out(changes: dict[str, object]) -> None:
    world = World(stated=[row(**changes)]).put(path_of(DRAWS, 2020, basis="A", last_year=2025))
    assert assess_local(PROVINCE, PLAN, world, world) == ()  # type: ignore[arg-type]


def test_own_targets_are_not_read_through_another_indicator() -> None:
    for indicator, count in (("other", 0), ("share", 1)):
        proxy = upper_bound(indicator, scope="dtts_mn")
        world = World(stated=[row()]).put(path_of(DRAWS, 2020, proxy=proxy, basis="A", last_year=2025))
        assert len(assess_local(PROVINCE, PLAN, world, world)) == count  # type: ignore[arg-type]
