"""Areas' own targets, and lines that history wrote."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from tests.attainment.house import BINH_GIA, PROVINCE, World, figure, level, path_of, plan_of, target_of, upper_bound
from toolkit.attainment.hindcast import hindcasts
from toolkit.attainment.local import assess_local
from toolkit.data.observations import Series

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


def past(**changes: object) -> World:
    figures = [figure(2022, 8.0, standard="mdp"), figure(2023, 6.03, standard="mdp")]
    options: dict[str, object] = {"figures": figures, "standards": ["mdp"] * 11}
    return World(as_of=date(2024, 12, 31)).put(path_of(DRAWS, 2020, **(options | changes)))  # type: ignore[arg-type]


def today(**changes: object) -> World:
    world = World(
        stated=[row(kind="official_forecast", due=2025, op="", value=1.36, standard="mdp", source_id="press")]
    )
    fields: dict[str, object] = {"standard": "mdp", "source_id": "review"}
    return world.hold(Series("20", "share", "all", (figure(2025, 2.32, **(fields | changes)),)))


def test_a_line_that_history_wrote() -> None:
    [line] = hindcasts(today(), past())  # type: ignore[arg-type]
    assert (line.year, line.as_of, line.last_year, line.last_value) == (2025, date(2024, 12, 31), 2023, 6.03)
    assert (line.median, line.low, line.high) == (5.0, 1.0, 9.0)
    assert (line.official_forecast, line.official_source) == (1.36, "press")
    assert (line.outcome, line.outcome_source, line.inside_80) == (2.32, "review", True)
    [outside] = hindcasts(today(), past(figures=[figure(2023, 6.0, standard="mdp")]))  # type: ignore[arg-type]
    assert outside.inside_80
    [missed] = hindcasts(today(), World(as_of=date(2024, 12, 31)).put(narrow()))  # type: ignore[arg-type]
    assert not missed.inside_80


def narrow() -> object:
    return path_of(3 + DRAWS / 100, 2020, figures=[figure(2023, 6.0, standard="mdp")], standards=["mdp"] * 11)


@pytest.mark.parametrize("changes", [{"status": "preliminary"}, {"year": 2024}, {"standard": "other"}])
def test_without_a_final_outcome_there_is_no_line(changes: dict[str, object]) -> None:
    fields = {"year": 2025, "value": 2.32, "standard": "mdp"} | changes
    world = today()
    world.hold(Series("20", "share", "all", (figure(**fields),)))  # type: ignore[arg-type]
    assert hindcasts(world, past()) == ()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [
        {"figures": [figure(2025, 2.32, standard="mdp")]},  # known by then
        {"figures": ()},  # no figure of its own
        {"proxy": upper_bound()},
        {"standards": ["mdp"] * 5 + ["new"] * 6},  # measured otherwise later
    ],
)
def test_what_was_no_forecast_then_gives_no_line(changes: dict[str, object]) -> None:
    assert hindcasts(today(), past(**changes)) == ()  # type: ignore[arg-type]
