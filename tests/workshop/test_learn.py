"""Learning: the gradient is right, the weights file is the panels', cuts never see the future."""

from __future__ import annotations

import hashlib
import json
from functools import partial

import numpy as np
import pandas as pd
import pytest
from scipy.special import stdtrit

from toolkit.evaluate.backtest import Cut
from toolkit.models.experts import fit_experts
from toolkit.models.gate import POINTS, from_document, gate_rows, learned, weigh
from toolkit.models.panel import grid_of
from toolkit.models.panel_model import PanelModel
from workshop import learn, objective
from workshop.cuts import cut_panels, level_of, lone_cuts, parent_cuts, read_panels, steady_cuts
from workshop.learn import pieces_of_cuts, to_document
from workshop.objective import flat, loss_and_gradient, unflat
from workshop.record import model_without


@pytest.fixture(scope="module")
def panels() -> pd.DataFrame:
    return read_panels(learn.FOLDER)


@pytest.fixture(scope="module")
def few(panels: pd.DataFrame) -> list[Cut]:
    chosen = ["vn_poverty_rate_gso", "us_state_crime_criv", "gm_extreme_poverty_percent_people_below_3__america"]
    return cut_panels(panels[panels["panel_id"].isin(chosen)], seed=5)


def test_the_gradient_is_the_gradient(few: list[Cut]) -> None:
    problem, like = learn.problem_of(pieces_of_cuts(few[::2], seed=1)), learn.start_of()
    random = np.random.default_rng(2)
    values = problem.start + random.normal(0, 0.2, problem.start.size)
    _, gradient = loss_and_gradient(values, problem, like)
    for position in random.choice(values.size, 30, replace=False):
        step = np.zeros(values.size)
        step[position] = 1e-5
        high, low = (loss_and_gradient(values + sign * step, problem, like)[0] for sign in (1, -1))
        assert gradient[position] == pytest.approx((high - low) / 2e-5, rel=1e-3, abs=1e-6)


def test_rows_are_taken_by_blocks(few: list[Cut], monkeypatch: pytest.MonkeyPatch) -> None:
    """All rows at once, or a few at a time: the same loss and the same gradient."""
    problem, like = learn.problem_of(pieces_of_cuts(few, seed=1)), learn.start_of()
    assert objective.BLOCK >= problem.rows.points.size > 100
    values = problem.start + 0.1
    whole, slope = loss_and_gradient(values, problem, like)
    monkeypatch.setattr(objective, "BLOCK", 37)
    parts, slope_of_parts = loss_and_gradient(values, problem, like)
    assert parts == pytest.approx(whole, rel=1e-12)
    np.testing.assert_allclose(slope_of_parts, slope, rtol=1e-9, atol=1e-12)


def test_learning_lowers_the_loss_and_repeats_itself(few: list[Cut]) -> None:
    problem, like = learn.problem_of(pieces_of_cuts(few, seed=1)), learn.start_of()
    first, second = (learn.learn(problem, iterations=15) for _ in range(2))
    np.testing.assert_array_equal(flat(first), flat(second))
    assert loss_and_gradient(flat(first), problem, like)[0] < loss_and_gradient(problem.start, problem, like)[0]


def test_rough_cuts_count_less_than_smooth_ones(few: list[Cut]) -> None:
    pieces = [piece for piece in pieces_of_cuts(few, seed=1) if piece.outcomes["value"].size]
    families = [piece.family for piece in pieces]
    weight = {one: np.mean([piece.importance for piece in pieces if piece.family == one]) for one in families}
    assert weight["vn_poverty_rate_gso"] > weight["us_state_crime_criv"]
    problem = learn.problem_of(pieces)
    assert problem.outcomes.equal.sum() == pytest.approx(1.0)
    share = np.array([piece.importance for piece in pieces]) / sum(piece.importance for piece in pieces)
    counts = np.cumsum([piece.outcomes["value"].size for piece in pieces])[:-1]
    np.testing.assert_allclose([one.sum() for one in np.split(problem.outcomes.equal, counts)], share)


def test_every_gate_was_learned_without_its_own_fold(few: list[Cut], monkeypatch: pytest.MonkeyPatch) -> None:
    """The calibration record scores a family by the gate of its fold: that one must not have seen it."""
    monkeypatch.setattr(learn, "learn", partial(learn.learn, iterations=5))
    folds = learn.folds_of(cut.family for cut in few)
    monkeypatch.setattr(learn, "FOLDS", len(folds))
    pieces = pieces_of_cuts(few, seed=1)
    in_use, by_fold = learn.calibrated(pieces, folds)
    assert len(by_fold) == len(folds) == 3
    for family, fold in folds.items():
        alone = learn.learn(learn.problem_of([piece for piece in pieces if piece.family != family]))
        np.testing.assert_array_equal(by_fold[fold].common, alone.common)
        np.testing.assert_array_equal(by_fold[fold].widening, in_use.widening)
    np.testing.assert_array_equal(in_use.unit, learn.learn(learn.problem_of(pieces)).unit)


def test_tails_are_those_with_which_intervals_cover_what_they_should() -> None:
    random, points = np.random.default_rng(3), np.repeat([0, 4], 20000)
    errors = np.abs(np.concatenate([2.0 * random.standard_t(3.0, 20000), random.standard_t(8.0, 20000)]))
    found = learn.tails_of(errors, np.ones(errors.size), points)
    for position, here in ((0, points == 0), (4, points == 4)):
        for nominal, wanted in zip(learn.NOMINAL, learn.COVERAGE, strict=True):
            edge = np.exp(found["widening"][position]) * stdtrit(found["freedom"][position], 0.5 + nominal / 2.0)
            assert (errors[here] <= edge).mean() == pytest.approx(wanted, abs=0.01)
    # a number of figures that no indicator left out had is treated as the nearest one
    assert found["widening"][1] == found["widening"][0]
    assert found["freedom"][3] == found["freedom"][4]


def test_few_figures_near_a_bound_are_wider_away_from_it_and_never_towards_it() -> None:
    errors = np.tile(np.concatenate([np.linspace(-1.0, 0.0, 200), np.linspace(0.0, 3.0, 200)]), 4)
    points = np.repeat([POINTS.index(name) for name in ("1_near_0", "1_near_100", "4_near_0", "4")], 400)
    skew = learn.tails_of(errors, np.ones(errors.size), points)["skew"]
    assert skew[POINTS.index("1_near_0")] == pytest.approx(np.log(3.0) / 2.0, abs=0.02)
    assert np.flatnonzero(skew).tolist() == [POINTS.index(f"{number}_near_0") for number in (1, 2, 3)]


@pytest.mark.parametrize(("errors", "wanted"), [((-1.0, 1.0), 0.0), ((1.0, 2.0), 1.0), ((-2.0, -1.0), -1.0)])
def test_skew_is_bounded_even_where_all_errors_are_on_one_side(errors: tuple[float, float], wanted: float) -> None:
    assert learn.skew_of(np.linspace(*errors, 400), np.ones(400)) == pytest.approx(wanted, abs=0.02)


def test_series_of_whole_areas_are_means_of_their_units(panels: pd.DataFrame) -> None:
    some = panels[panels["family"].isin(sorted(set(panels["family"]))[::20])]
    cuts = parent_cuts(some, seed=2)
    assert {cut.length for cut in cuts} == {3, 4, 6, 8, 10}
    for cut in cuts[::5]:
        assert cut.panel.units == 1
        of_year = some[some["panel_id"] == cut.panel_id].groupby("year")["value"]
        for horizon, truth in zip(cut.horizon, cut.truth, strict=True):
            known = of_year.get_group(cut.panel.last_year + horizon)
            assert known.min() - 1e-9 <= truth <= known.max() + 1e-9


def test_lone_series_are_measured_near_bounds_and_never_see_the_future(panels: pd.DataFrame) -> None:
    some = panels[panels["family"].isin(sorted(set(panels["family"]))[::8])]
    cuts = lone_cuts(some, seed=2)
    assert {cut.length for cut in cuts} == {1, 2, 3, 5, 8}
    for cut in cuts:
        assert cut.panel.units == 1
        assert cut.panel.year.size == cut.length
        assert cut.horizon.min() >= 1
        assert 3 <= cut.horizon.max() <= 8
        assert not (cut.modelled and level_of(cut.panel.scale, cut.last[0]).startswith("near"))


def test_there_is_a_gate_for_every_fold_of_the_record() -> None:
    families = read_panels(learn.FOLDER)["family"]
    assert set(learn.folds_of(families).values()) == set(range(learn.FOLDS))
    assert len(learned().panels_by_fold) == len(learned().single_by_fold) == learn.FOLDS


def test_the_record_asks_gates_that_never_saw_a_family() -> None:
    held, in_use = learned(), PanelModel()
    assert in_use.gate_for(2) is held.panels
    assert in_use.gate_for(1) is held.single
    for fold in range(learn.FOLDS):
        model = model_without(fold)
        assert model.gate_for(2) is held.panels_by_fold[fold]
        assert model.gate_for(1) is held.single_by_fold[fold]


def test_documents_keep_the_coefficients() -> None:
    held = learned()
    for weights in (held.panels, held.single, *held.panels_by_fold, *held.single_by_fold):
        np.testing.assert_allclose(flat(from_document(to_document(weights))), flat(weights))
        assert flat(unflat(flat(weights), weights)).tolist() == flat(weights).tolist()


def test_the_weights_file_belongs_to_the_panels() -> None:
    provenance = json.loads(learn.TARGET.read_text(encoding="utf-8"))["provenance"]
    assert provenance["panels_sha256"] == hashlib.sha256((learn.FOLDER / "panels.csv").read_bytes()).hexdigest()


def test_every_panel_has_a_source(panels: pd.DataFrame) -> None:
    sources = pd.read_csv(learn.FOLDER / "sources.csv")
    assert panels["panel_id"].nunique() == len(sources) == sources["panel_id"].nunique()
    told = (learn.FOLDER / "README.md").read_text(encoding="utf-8").splitlines()[2]
    units = panels.groupby("panel_id")["unit"].nunique().sum()
    assert told.startswith(f"{len(sources)} panels of {sources['family'].nunique()} indicators, {units:,} units,")
    assert sources["source"].notna().all()
    counted = panels.groupby("panel_id").agg(units=("unit", "nunique"), first=("year", "min"), last=("year", "max"))
    stated = sources.set_index("panel_id")
    assert (stated["units"] == counted["units"]).all()
    assert (stated["first_year"] == counted["first"]).all()
    assert (stated["last_year"] == counted["last"]).all()


@pytest.mark.parametrize("sparse", [False, True])
def test_cuts_never_see_the_future(panels: pd.DataFrame, sparse: bool) -> None:
    cuts = cut_panels(panels, seed=3, sparse=sparse)
    assert len(cuts) > 100
    for cut in cuts:
        assert cut.panel.year.max() <= cut.panel.last_year
        assert cut.horizon.min() >= 1
        assert cut.horizon.max() <= 8
        counts = np.bincount(cut.panel.unit, minlength=cut.panel.units)
        if sparse:
            assert cut.parent is not None
            assert cut.parent.year.max() == cut.panel.last_year
            assert counts.max() <= 3
            assert (counts == 0).any()
        else:
            assert (counts == cut.length).all()


def test_the_same_seed_cuts_the_same(panels: pd.DataFrame) -> None:
    small = panels[panels["family"] == "vn_poverty_rate_gso"]
    first, second = (cut_panels(small, seed=4) for _ in range(2))
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a.panel.value, b.panel.value)
        np.testing.assert_array_equal(a.truth, b.truth)


def test_rows_of_the_gate_do_not_mix_units(few: list[Cut]) -> None:
    """A unit's row is its own: order of units does not matter."""
    panel = few[0].panel
    scale = grid_of(panel)
    fitted = fit_experts(scale, 8)
    centre, spread = weigh(gate_rows(fitted), learned().panels)
    assert centre.shape == (panel.units * 8,)
    assert (spread > 0).all()
    last = scale.value[:, -1, 0]
    near = np.abs(centre.reshape(panel.units, 8)[:, 0] - last)
    assert np.nanmedian(near) < 0.5


def test_made_up_histories_go_on_steadily_against_all_others() -> None:
    for cut in steady_cuts(6, seed=3):
        assert cut.panel.year.max() == cut.panel.last_year == 0
        at_end, before = (
            cut.panel.scale.to_link(cut.panel.value[cut.panel.year == year]) for year in (0, 1 - cut.length)
        )
        moved = at_end - before
        ahead = cut.panel.scale.to_link(cut.truth)
        assert (np.sign(np.diff(ahead)) == np.sign(moved[0])).all()
        assert (np.sign(moved[1:]) == -np.sign(moved[0])).mean() > 0.9
