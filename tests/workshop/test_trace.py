"""The way of one answer through the house."""

from __future__ import annotations

from workshop.trace import functions_on_the_way


def test_one_answer_passes_at_most_45_modules() -> None:
    passed = functions_on_the_way()
    assert {"toolkit.data.tables", "toolkit.models.panel_model", "toolkit.plan.rules"} <= set(passed)
    assert len(passed) <= 45, sorted(passed)
