"""Whole kinds of panels left out: nothing is learned from them, and they are what is scored."""

from __future__ import annotations

import json
import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from toolkit.forecast.any_table import forecast_table
from toolkit.models.panel_model import PanelModel
from workshop import learn, left_out
from workshop.cuts import cut_panels, read_panels

FEW = (
    "gm_extreme_poverty_percent_people_below_3__america",
    "nc_county_crime",
    "us_state_crime_criv",
    "vn_households_using_electricity",
    "vn_poverty_rate_gso",
)


@pytest.fixture(scope="module")
def panels() -> pd.DataFrame:
    return read_panels(learn.FOLDER)


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of five panels, from which two gates are learned quickly."""
    monkeypatch.setattr(learn, "learn", partial(learn.learn, iterations=2))
    monkeypatch.setattr(learn, "REPEATS", 1)
    monkeypatch.setattr(learn, "FOLDS", 2)
    table = pd.read_csv(learn.FOLDER / "panels.csv", dtype=str)
    table[table["panel_id"].isin(FEW)].to_csv(tmp_path / "panels.csv", index=False)
    shutil.copy2(learn.FOLDER / "sources.csv", tmp_path)
    return tmp_path


def test_groups_are_what_their_names_say(panels: pd.DataFrame) -> None:
    found = {group: left_out.panels_of(panels, group) for group in left_out.GROUPS}
    assert len(found["counties"]) == 24
    assert {"nc_county_crime", "us_county_murders__large"} <= found["counties"]
    assert len(found["vietnam"]) == 10
    assert {"vn_poverty_rate_gso", "us_state_poverty__1980"} & found["poverty"]
    assert all("poverty" in panel for panel in found["poverty"])
    assert len(found["modelled"]) == 35
    with pytest.raises(KeyError):
        left_out.panels_of(panels, "magic")


def test_an_unknown_group_is_refused_before_anything_is_learned(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        left_out.main(["counties", "magic"])
    assert "magic; choose from counties" in capsys.readouterr().err


def test_nothing_is_learned_from_what_is_left_out(panels: pd.DataFrame) -> None:
    lessons = learn.lessons_of(panels[panels["panel_id"].isin(FEW)])
    mine = left_out.panels_of(panels, "vietnam")
    rest = lessons.without(mine)
    for cuts, pieces, before in (
        (rest.cuts, rest.pieces, lessons.pieces),
        (rest.alone, rest.alone_pieces, lessons.alone_pieces),
    ):
        assert len(cuts) == len(pieces) < len(before)
        assert mine.isdisjoint({cut.panel_id for cut in cuts})
        assert {id(piece) for piece in pieces} <= {id(piece) for piece in before}
    assert rest.folds == lessons.folds


def test_a_group_is_scored_by_weights_that_never_saw_it(small: Path) -> None:
    out, weights = small / "left_out.csv", small / "weights"
    left_out.main(["vietnam", "--panels", str(small), "--out", str(out), "--weights", str(weights)])
    scores = pd.read_csv(out)
    assert scores["left_out"].unique().tolist() == ["vietnam"]
    assert scores["model"].tolist() == ["default", "no_change", "drift", "ols"]
    assert (scores["outcomes"] == scores["outcomes"][0]).all()
    assert scores["covers_80"].between(0.3, 1.0).all()
    file = weights / "without-vietnam.json"
    provenance = json.loads(file.read_text(encoding="utf-8"))["provenance"]
    assert provenance["made_by"] == "python -m workshop.left_out vietnam"
    kept = {panel for panel in FEW if not panel.startswith("vn_")}
    assert provenance["cuts"] == sum(cut.panel_id in kept for cut in learn.lessons_of(read_panels(small)).cuts)
    history = pd.DataFrame({"panel": "p", "kind": "percent", "unit": list("aabb"), "year": [2020, 2021] * 2})
    history["value"] = [12.0, 11.0, 30.0, 28.0]
    there, here = (forecast_table(history, quantiles=[0.1, 0.9], weights=which)["value"] for which in (file, None))
    assert np.isfinite(there).all()
    assert (there - here).abs().max() > 0.01


def test_all_that_was_left_out_is_scored_together(panels: pd.DataFrame) -> None:
    cuts = cut_panels(panels[panels["panel_id"].isin(FEW)], seed=7)
    groups = {group: left_out.panels_of(panels, group) for group in ("vietnam", "poverty")}
    model = PanelModel()
    rows = [
        left_out.forecasts_of([cut for cut in cuts if cut.panel_id in mine], group, model)
        for group, mine in groups.items()
    ]
    table = left_out.table_of(pd.concat(rows, ignore_index=True))
    assert table["left_out"].unique().tolist() == ["vietnam", "poverty", "all"]
    ours = table[table["model"] == "default"].set_index("left_out")
    for name in ("cuts", "outcomes"):
        assert ours.loc["all", name] == ours.loc[["vietnam", "poverty"], name].sum()
    cells = [group[group["model"] == "default"].groupby("cut")["horizon"].nunique().sum() for group in rows]
    expected = np.average(ours.loc[["vietnam", "poverty"], "covers_80"], weights=cells)
    assert ours.loc["all", "covers_80"] == pytest.approx(expected)


def test_the_committed_table_holds_every_group() -> None:
    scores = pd.read_csv(left_out.TARGET)
    assert scores["left_out"].unique().tolist() == [*left_out.GROUPS, "all"]
    ours = scores[scores["model"] == "default"].set_index("left_out")
    assert ours.loc["all", "cuts"] == ours.loc[list(left_out.GROUPS), "cuts"].sum()
    assert scores.groupby("left_out")["model"].nunique().eq(4).all()
