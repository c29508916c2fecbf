"""A plan in memory: targets and stand-ins of one's own, checked as a plan file would be."""

from __future__ import annotations

import pytest

from toolkit.base.errors import UsageError
from toolkit.data.dataset import PROJECT_DATA
from toolkit.plan.load import load_plan


def test_a_changed_target_and_a_new_one() -> None:
    plan = load_plan(folder=PROJECT_DATA)
    assert plan.to_frame()["id"].tolist() == [target.id for target in plan.targets]
    changed = plan.with_target("T30-03", value=5)
    assert changed.to_frame().set_index("id").loc["T30-03", "value"] == 5.0
    assert plan.target("T30-03") != changed.target("T30-03")
    more = plan.with_target("MY-01", like="T30-03", value=5, name_en="Mine")
    assert len(more.targets) == len(plan.targets) + 1
    assert more.target("MY-01").name("en") == "Mine"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"value": "much"}, "value"),
        ({"valeu": 5}, "valeu"),
        ({"due": 2031}, "2031"),
        ({"op": "~"}, "op"),
        ({"like": "T30-99"}, "T30-99"),
    ],
)
def test_what_contradicts_itself_is_refused(changes: dict[str, object], words: str) -> None:
    plan = load_plan(folder=PROJECT_DATA)
    name = "MY-01" if "like" in changes else "T30-03"
    with pytest.raises(UsageError, match=words):
        plan.with_target(name, **changes)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="T30-99"):
        plan.with_target("T30-99", value=1)
    with pytest.raises(UsageError, match="T30-03"):
        plan.with_target("T30-03", like="T30-04a", value=1)


def test_a_stand_in_is_switched() -> None:
    plan = load_plan(folder=PROJECT_DATA)
    without = plan.without_proxy("poverty_dtts_from_all")
    assert "poverty_dtts_from_all" in without.proxies.off
    assert "poverty_dtts_from_all" in without.with_proxy("poverty_dtts_from_all").proxies.on
