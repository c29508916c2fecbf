"""The ledger: hubverse columns, and forecasts held against the figures that came."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.conftest import ROOT
from toolkit.attainment.assess import assess_all
from toolkit.base.errors import DataError
from toolkit.data.dataset import Dataset, load
from toolkit.evaluate.ledger import COLUMNS, LEVELS, LONGEST, ledger_text, read_ledger, review
from toolkit.forecast.make import make_forecasts
from toolkit.plan.plan import Plan
from toolkit.scenario.exchange import EVIDENCE

THEN = date(2024, 12, 31)


@pytest.fixture(scope="module")
def ledger(real_plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Return the ledger of the province as of the end of 2024."""
    dataset = load(ROOT / "data", as_of=THEN)
    forecasts = make_forecasts(dataset, real_plan, ["20"], draws=200)
    answers = assess_all(real_plan, [dataset.areas.get("20")], dataset, forecasts)
    path = tmp_path_factory.mktemp("ledger") / "ledger.csv"
    paths = [forecasts.paths[key] for key in forecasts.keys_of("20") if key[3]]
    found = [(source, source.quantiles(LEVELS)) for source in paths]
    path.write_text(ledger_text(forecasts, found, answers, head=True), encoding="utf-8")
    return read_ledger(path)


def test_columns_are_those_of_the_hubverse_and_values_are_sound(ledger: pd.DataFrame) -> None:
    assert tuple(ledger.columns) == COLUMNS
    assert set(ledger["reference_date"]) == {"2024-12-31"}
    assert set(ledger["location"]) == {"20"}
    assert ledger["horizon"].max() <= LONGEST
    quantiles = ledger[ledger["output_type"] == "quantile"]
    for _, group in quantiles.groupby(["target", "standard", "target_end_date"]):
        assert [float(level) for level in group["output_type_id"]] == list(LEVELS)
        assert (np.diff(group["value"]) >= 0).all()
    chances = ledger[ledger["output_type"] == "pmf"]
    assert len(chances) > 0
    sums = chances.groupby(["target", "target_end_date"])["value"].sum()
    assert np.allclose(sums, 1, atol=1e-5)


def test_horizons_count_from_the_reference_date_and_rows_say_what_they_rest_on(ledger: pd.DataFrame) -> None:
    ends = [f"{2024 + horizon}-12-31" for horizon in ledger["horizon"]]
    assert ledger["target_end_date"].tolist() == ends
    assert (ledger["horizon"] >= 0).all()
    assert set(ledger["as_of"]) == {THEN.isoformat()}
    assert (ledger[list(EVIDENCE)] != "").all().all()
    assert set(ledger[ledger["target"] == "poverty_rate/dtts"]["grade"].str[1:]) == {"·D"}


def test_a_ledger_of_earlier_runs_is_read(ledger: pd.DataFrame, tmp_path: Path, real_data: Dataset) -> None:
    earlier = ledger.drop(columns=[*EVIDENCE, "as_of"])
    earlier.to_csv(tmp_path / "ledger.csv", index=False)
    read = read_ledger(tmp_path / "ledger.csv")
    assert set(read["as_of"]) == {"2024-12-31"}
    assert len(review(read, real_data, {}).figures) == len(review(ledger, real_data, {}).figures)


def test_only_what_was_not_known_is_forecast(ledger: pd.DataFrame) -> None:
    rates = ledger[ledger["target"] == "poverty_rate/all"]
    assert rates["target_end_date"].min() == "2024-12-31"  # the review of 2024 came in January 2025


def test_figures_that_came_settle_the_forecasts_of_them(ledger: pd.DataFrame, real_data: Dataset) -> None:
    found = review(ledger, real_data, {("20", "T30-01"): True})
    rows = found.figures[found.figures["target"] == "poverty_rate/all"].set_index("target_end_date")
    assert rows.loc["2024-12-31", "observed"] == 3.36
    assert rows.loc["2025-12-31", "observed"] == 2.32
    row = rows.loc["2025-12-31"]
    assert row["inside80"] == (row["low80"] <= 2.32 <= row["high80"])
    assert found.summary()["figures"] == len(found.figures)


def test_interval_scores_equal_an_independent_sum_of_pinball_losses(ledger: pd.DataFrame, real_data: Dataset) -> None:
    found = review(ledger, real_data, {})
    row = found.figures[found.figures["target"] == "poverty_rate/all"].iloc[-1]
    group = ledger[(ledger["target"] == row["target"]) & (ledger["target_end_date"] == row["target_end_date"])]
    levels, values = group["output_type_id"].astype(float).to_numpy(), group["value"].to_numpy()
    error = row["observed"] - values
    pinball = np.maximum(levels * error, (levels - 1) * error)
    assert row["interval_score"] == pytest.approx(2 * pinball.mean(), rel=1e-9)


def test_a_settled_target_gets_its_brier_score_and_the_rest_stays_open(
    ledger: pd.DataFrame, real_data: Dataset
) -> None:
    chances = ledger[(ledger["output_type"] == "pmf") & (ledger["output_type_id"] == "met")]
    target, chance = chances.iloc[0]["target"], chances.iloc[0]["value"]
    found = review(ledger, real_data, {("20", target): False})
    assert list(found.verdicts["target"]) == [target]
    assert found.verdicts["brier"].iloc[0] == pytest.approx(chance**2)


def test_every_entry_is_final_or_reported_or_due_or_not_due(ledger: pd.DataFrame, real_data: Dataset) -> None:
    dues = ledger[ledger["output_type"] == "pmf"].groupby("target")["target_end_date"].first()
    past, ahead = (dues.index[dues <= "2026-11-23"], dues.index[dues > "2026-11-23"])
    none = review(ledger, real_data, {}).counts
    found = review(ledger, real_data, {}, {("20", past[0]), ("20", ahead[0])}).counts
    entries = ledger.groupby(["target", "standard", "target_end_date", "horizon"]).ngroups
    assert sum(none.values()) == sum(found.values()) == entries
    assert found == {**none, "reported": none["reported"] + 1, "due": none["due"] - 1}  # what is not due stays that
    assert none["final"] == len(review(ledger, real_data, {}).figures) > 0
    assert (
        none["not_due"]
        == ledger[ledger["target_end_date"] > "2026-11-23"]
        .groupby(["target", "standard", "target_end_date", "horizon"])
        .ngroups
    )
    reported = [figure._replace(status="reported") for figure in real_data.figures]
    later = review(ledger, replace(real_data, figures=tuple(reported)), {})
    assert (later.counts["final"], later.counts["reported"]) == (0, none["final"] + none["reported"])
    assert later.figures.empty


def test_nothing_counts_that_was_known_before(ledger: pd.DataFrame, real_data: Dataset) -> None:
    later = ledger.assign(as_of="2026-12-31")
    assert review(later, real_data, {}).figures.empty
    assert review(later, replace(real_data), {}).summary()["interval_score"] is None


@pytest.mark.parametrize("content", [None, "a,b\n1,2\n"])
def test_a_damaged_ledger_is_refused_in_words(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "ledger.csv").write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=r"ledger\.csv"):
        read_ledger(tmp_path / "ledger.csv")
