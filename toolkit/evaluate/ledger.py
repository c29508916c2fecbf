"""The ledger of a run: every forecast in the columns of the hubverse, and how it fared when figures came.

https://docs.hubverse.io/en/latest/user-guide/model-output.html (``output_type`` quantile and pmf)
"""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path as FilePath
from typing import IO

import pandas as pd

from toolkit.attainment.attainment import Attainment
from toolkit.base.errors import DataError
from toolkit.base.texts import say
from toolkit.data.dataset import Dataset
from toolkit.data.observations import Observation
from toolkit.evaluate.scores import brier_score, covered, weighted_interval_score
from toolkit.forecast.paths import Path
from toolkit.forecast.store import Forecasts
from toolkit.models.panel import FloatArray
from toolkit.scenario.exchange import EVIDENCE, HUBVERSE_LEVELS, evidence_of, reference_date

COLUMNS = (
    "model_id", "reference_date", "target", "standard", "horizon", "location", "target_end_date",
    "output_type", "output_type_id", "value", *EVIDENCE, "as_of",
)  # fmt: skip
"""`as_of` is the day on which what the forecasts rest on was known; `reference_date` the end of that year."""
LEVELS = HUBVERSE_LEVELS
LONGEST = 8
"""Years ahead; beyond that no horizon was ever tested, and no forecast is entered."""
MET, NOT_MET = "met", "not_met"
CAME = ("final", "reported", "due", "not_due")


def ledger_text(
    forecasts: Forecasts, paths: Iterable[tuple[Path, FloatArray]], answers: Iterable[Attainment], *, head: bool = False
) -> str:
    """Return what the ledger of a run says of one area.

    Parameters
    ----------
    forecasts :
        Of the run.
    paths :
        Of the area, future changes of standard crossed, and of each its quantiles, shape (T, :data:`LEVELS`).
    answers :
        Of the area.
    head :
        Whether the names of the columns go before.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    if head:
        writer.writerow(COLUMNS)
    run = (f"langson_toolkit-{forecasts.model_name}", reference_date(forecasts.as_of).isoformat())
    known = forecasts.as_of.isoformat()
    for source, found in sorted(paths, key=lambda pair: (pair[0].indicator, pair[0].scope)):
        writer.writerows((*run, *row, known) for row in _quantile_rows(source, found, forecasts.as_of))
    for answer in answers:
        writer.writerows((*run, *row, known) for row in _chance_rows(answer, forecasts.as_of))
    return stream.getvalue()


def _quantile_rows(source: Path, found: FloatArray, as_of: date) -> Iterator[tuple[object, ...]]:
    for column, year in enumerate(int(year) for year in source.years):
        ahead = max(source.evidence.last_year + 1, as_of.year) <= year <= as_of.year + LONGEST
        if source.observed[column] or not ahead:
            continue
        for level, value in zip(LEVELS, found[column].tolist(), strict=True):
            yield (
                f"{source.indicator}/{source.scope}", source.standards[column], year - as_of.year, source.area_code,
                f"{year}-12-31", "quantile", f"{level:g}", f"{value:.6g}", *evidence_of(source).values(),
            )  # fmt: skip


def _chance_rows(answer: Attainment, as_of: date) -> Iterator[tuple[object, ...]]:
    exact = answer.outcome == "probability" and answer.bound == "exact" and answer.probability is not None
    if not exact or not as_of.year <= answer.due <= as_of.year + LONGEST:
        return
    chance = float(answer.probability or 0.0)
    for outcome, value in ((MET, chance), (NOT_MET, 1 - chance)):
        yield (
            answer.target_id, "", answer.due - as_of.year, answer.area_code, f"{answer.due}-12-31",
            "pmf", outcome, f"{value:.6g}", answer.grade, answer.bound, answer.proxy or "none",
        )  # fmt: skip


LARGEST = 1 << 30
"""Bytes that a ledger may unfold to."""


@contextmanager
def open_ledger(stream: IO[bytes]) -> Iterator[IO[bytes]]:
    """Give what the text of a ledger is written to, in an archive on `stream`; equal texts give equal bytes."""
    part = zipfile.ZipInfo("ledger.csv")
    part.compress_type = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(stream, "w") as archive, archive.open(part, "w", force_zip64=True) as ledger:
        yield ledger


def read_ledger(path: FilePath) -> pd.DataFrame:
    """Read a ledger, as CSV or archived, codes and levels as texts.

    Raises
    ------
    DataError
        If it is missing or damaged, or a forecast in it is not whole.
    """
    try:
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                if sum(part.file_size for part in archive.infolist()) > LARGEST:
                    raise ValueError(say("run.not_plain.file"))
        table = pd.read_csv(path, dtype=dict.fromkeys(COLUMNS, str), keep_default_na=False)
        if "as_of" not in table:  # an earlier ledger, which did not say what its forecasts rest on
            table = table.assign(**dict.fromkeys(EVIDENCE, ""), as_of=table["reference_date"])
        table = table[list(COLUMNS)].assign(value=table["value"].astype(float), horizon=table["horizon"].astype(int))
        if not _is_whole(table):
            raise ValueError(say("run.review.bad_ledger"))
        return table
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise DataError(say("run.no_ledger", file=path, error=error), remedy=say("forecast.no_store.remedy")) from error


ENTRY = ["as_of", "location", "target", "standard", "target_end_date", "horizon"]
"""Columns that together name one forecast."""


def _is_whole(table: pd.DataFrame) -> bool:
    """Say whether every forecast has its levels or its two outcomes, each with a number, and days that are days."""
    of_series = table["target"].str.fullmatch("[^/]+/[^/]+") == (table["output_type"] == "quantile")
    days = table["as_of"].str.fullmatch(r"\d{4}-\d\d-\d\d") & table["target_end_date"].str.fullmatch(r"\d{4}-12-31")
    kinds = {("quantile", *sorted(f"{level:g}" for level in LEVELS)), ("pmf", *sorted((MET, NOT_MET)))}
    found = (
        table.groupby([*ENTRY, "output_type"])["output_type_id"].agg(lambda ids: " ".join(sorted(ids))).reset_index()
    )
    pairs = zip(found["output_type"], found["output_type_id"], strict=True)
    whole = {(kind, *ids.split(" ")) for kind, ids in pairs} <= kinds
    return whole and bool((of_series & days & table["value"].between(-1e300, 1e300)).all())


@dataclass(frozen=True)
class Review:
    """Past forecasts held against what came.

    Attributes
    ----------
    figures :
        One row a forecast figure that has come: ``location, target, standard, target_end_date, horizon, median,
        low80, high80, observed, available_from, interval_score, inside80, inside95``.
    verdicts :
        One row a target that has been settled: ``location, target, target_end_date, probability, met, brier``.
    counts :
        Number of entries by what came of them: ``final`` (these are scored), ``reported`` (a figure that is not final),
        ``due`` (none, though the year is over), ``not_due``.
    """

    figures: pd.DataFrame
    verdicts: pd.DataFrame
    counts: Mapping[str, int]

    def summary(self) -> dict[str, float | int | None]:
        """Return counts and mean scores; None where nothing has come yet."""
        figures, verdicts = self.figures, self.verdicts
        scores = {name: _mean(figures, name) for name in ("interval_score", "inside80", "inside95")}
        settled = {"verdicts": len(verdicts), "brier": _mean(verdicts, "brier")}
        return {"figures": len(figures), **scores, **settled, **self.counts}


def review(
    ledger: pd.DataFrame,
    newer: Dataset,
    settled: Mapping[tuple[str, str], bool],
    reported: Collection[tuple[str, str]] = (),
) -> Review:
    """Settle the entries of a ledger by data that became known after it.

    Parameters
    ----------
    ledger :
        As :func:`read_ledger` returns it.
    newer :
        Data as known on a later day. Only final, exact figures on the standard that was forecast count, and only
        those published after the day as of which the ledger's forecasts were made.
    settled :
        Whether a target is met, by (area, target), where a final figure of the newer data settles it.
    reported :
        Targets, by (area, target), for whose due year there is a figure that is not final.
    """
    figures, verdicts = [], []
    counts: dict[str, int] = dict.fromkeys(CAME, 0)
    for values, group in ledger.groupby(ENTRY, sort=True):
        known, area, target, standard, end, horizon = (str(value) for value in values)
        place: dict[str, object] = {"location": area, "target": target, "target_end_date": end, "horizon": int(horizon)}
        came = "due" if end <= newer.as_of.isoformat() else "not_due"
        if group["output_type"].iloc[0] == "pmf":
            if (area, target) in settled:
                chance = float(group.loc[group["output_type_id"] == MET, "value"].iloc[0])
                met = settled[area, target]
                verdicts.append({**place, "probability": chance, "met": met, "brier": float(brier_score(chance, met))})
                came = "final"
            elif came == "due" and (area, target) in reported:
                came = "reported"
        else:
            later = _figures_since(newer, area, target, standard, int(end[:4]), known)
            final = next((figure for figure in later if figure.status == "final" and not figure.qualifier), None)
            if final is not None:
                figures.append({**place, "standard": standard, **_scored(group, final)})
            came = "final" if final is not None else "reported" if later else came
        counts[came] += 1
    return Review(pd.DataFrame(figures, columns=[*FIGURES]), pd.DataFrame(verdicts, columns=[*VERDICTS]), counts)


FIGURES = (
    "location", "target", "standard", "target_end_date", "horizon", "median", "low80", "high80", "observed",
    "available_from", "interval_score", "inside80", "inside95",
)  # fmt: skip
VERDICTS = ("location", "target", "target_end_date", "horizon", "probability", "met", "brier")


def _mean(table: pd.DataFrame, column: str) -> float | None:
    return float(table[column].mean()) if len(table) else None


def _figures_since(newer: Dataset, area: str, target: str, standard: str, year: int, known: str) -> list[Observation]:
    """Return the figures of a forecast's year, on its standard, that became known after it was made."""
    indicator, scope = target.split("/")
    found = newer.series(area, indicator, scope).observations
    return [item for item in found if (item.year, item.standard) == (year, standard) and item.available_from > known]


def _scored(group: pd.DataFrame, came: Observation) -> dict[str, object]:
    ordered = group.assign(level=group["output_type_id"].astype(float)).sort_values("level")
    levels, values = ordered["level"].to_numpy(), ordered["value"].to_numpy()
    by_level = dict(zip(levels, values, strict=True))
    return {
        "median": by_level[0.5],
        "low80": by_level[0.1],
        "high80": by_level[0.9],
        "observed": came.value,
        "available_from": came.available_from,
        "interval_score": float(weighted_interval_score(values, levels, came.value)),
        "inside80": bool(covered(values, levels, came.value, 0.8)),
        "inside95": bool(covered(values, levels, came.value, 0.95)),
    }
