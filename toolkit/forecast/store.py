"""The artefact of a run: all paths in memory, and the same in a folder that notebooks read."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path as FilePath
from typing import Any

import numpy as np

from toolkit.base.errors import DataError
from toolkit.base.files import write_atomic
from toolkit.base.texts import say
from toolkit.forecast.paths import Break, Evidence, FloatArray, Observation, Path, PeriodAverage, ProxyUse

PathKey = tuple[str, str, str, bool]
"""(area, indicator, scope, across future breaks)"""
INDEX = "index.json"


@dataclass(frozen=True)
class Forecasts:
    """Joint draws of everything a plan asks about, in all areas of a run.

    Attributes
    ----------
    paths :
        By area, indicator, scope and whether future changes of standard are crossed; an entry that does not
        cross them stands only where that makes a difference.
    seed, draw_count, as_of, model_name :
        How they were made.
    simulated :
        True when the data were simulated.
    """

    paths: Mapping[PathKey, Path]
    seed: int
    draw_count: int
    as_of: date
    model_name: str
    simulated: bool = False

    def path(self, area_code: str, indicator: str, scope: str, *, across_breaks: bool = True) -> Path | None:
        """Return the path of an indicator in an area: own, borrowed or through a proxy that is switched on.

        Parameters
        ----------
        area_code, indicator, scope :
            What is wanted.
        across_breaks :
            True: on the standard in force in each year, future ones included (what will be measured).
            False: the same draws on the standard of today.

        Returns
        -------
        Path or None
            None when neither the area nor a parent nor a proxy gives any evidence.
        """
        crossing = self.paths.get((area_code, indicator, scope, True))
        return crossing if across_breaks else self.paths.get((area_code, indicator, scope, False), crossing)

    def areas(self) -> list[str]:
        """Return the codes of all areas that have a path."""
        return sorted({key[0] for key in self.paths})


def save(forecasts: Forecasts, folder: FilePath) -> FilePath:
    """Write forecasts to `folder`: one file of draws an area and an index. The index comes last.

    Draws are kept as 32-bit numbers, published figures in full (see :func:`compact`).
    """
    entries: list[dict[str, Any]] = []
    for code in forecasts.areas():
        arrays: dict[str, Any] = {}
        for key, path in forecasts.paths.items():
            if key[0] == code:
                name = f"a{len(entries):05d}"
                arrays[name] = path.draws.astype(np.float32)
                if path.weights is not None:
                    arrays[f"{name}w"] = path.weights
                entries.append({"key": list(key), "array": name, "path": describe(path)})
        stream = io.BytesIO()
        np.savez(stream, **arrays)
        write_atomic(folder / f"{code}.npz", stream.getvalue())
    record = {
        "seed": forecasts.seed,
        "draw_count": forecasts.draw_count,
        "as_of": forecasts.as_of.isoformat(),
        "model_name": forecasts.model_name,
        "simulated": forecasts.simulated,
        "paths": entries,
    }
    return write_atomic(folder / INDEX, json.dumps(record, ensure_ascii=False, indent=1))


def load(folder: FilePath, area_codes: set[str] | None = None) -> Forecasts:
    """Read forecasts back.

    Parameters
    ----------
    folder :
        As given to :func:`save`.
    area_codes :
        Read only these areas; all by default.

    Raises
    ------
    DataError
        If the folder holds no complete set of forecasts.
    """
    try:
        record = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        paths: dict[PathKey, Path] = {}
        for code in sorted({entry["key"][0] for entry in record["paths"]} & (area_codes or _codes(record))):
            with np.load(folder / f"{code}.npz", allow_pickle=False) as arrays:
                for entry in record["paths"]:
                    if entry["key"][0] == code:
                        area, indicator, scope, across = entry["key"]
                        paths[area, indicator, scope, across] = _path(entry, arrays)
    except (OSError, ValueError, KeyError) as error:
        raise DataError(
            say("forecast.no_store", folder=folder, error=error), remedy=say("forecast.no_store.remedy")
        ) from error
    return Forecasts(
        paths=paths,
        seed=record["seed"],
        draw_count=record["draw_count"],
        as_of=date.fromisoformat(record["as_of"]),
        model_name=record["model_name"],
        simulated=record["simulated"],
    )


def describe(path: Path) -> dict[str, Any]:
    """Return everything of a path but its draws, as plain JSON types."""
    return {
        "unit": path.unit,
        "years": [int(path.years[0]), int(path.years[-1])],
        "fixed": {int(path.years[column]): float(path.draws[0, column]) for column in _fixed(path.draws)},
        "observed": path.observed.astype(int).tolist(),
        "final": path.final.astype(int).tolist(),
        "standards": list(path.standards),
        "breaks": [asdict(change) for change in path.breaks],
        "evidence": asdict(path.evidence),
        "proxy": asdict(path.proxy) if path.proxy else None,
        "period_averages": [asdict(average) for average in path.period_averages],
    }


def compact(draws: FloatArray) -> FloatArray:
    """Round draws to 32-bit numbers, but leave years in which all draws agree (published figures) exact.

    What is computed from forecasts in memory and from their stored form is then the same to the last digit.
    """
    largest = float(np.finfo(np.float32).max)  # a far tail of an unbounded quantity must stay a number
    rounded = np.clip(draws, -largest, largest).astype(np.float32).astype(np.float64)
    fixed = _fixed(draws)
    rounded[:, fixed] = draws[:, fixed]
    return rounded


def _fixed(draws: FloatArray) -> list[int]:
    return [int(column) for column in np.flatnonzero(np.ptp(draws, axis=0) == 0)]


def _codes(record: Mapping[str, Any]) -> set[str]:
    return {entry["key"][0] for entry in record["paths"]}


def _path(entry: Mapping[str, Any], arrays: Mapping[str, Any]) -> Path:
    area, indicator, scope, _ = entry["key"]
    kept = entry["path"]
    observations = tuple(_observation(item) for item in kept["evidence"]["observations"])
    weights = f"{entry['array']}w"
    draws = arrays[entry["array"]].astype(np.float64)
    for year, value in kept["fixed"].items():
        draws[:, int(year) - kept["years"][0]] = value
    return Path(
        area_code=area,
        indicator=indicator,
        scope=scope,
        unit=kept["unit"],
        years=np.arange(kept["years"][0], kept["years"][1] + 1, dtype=np.int64),
        draws=draws,
        observed=np.array(kept["observed"], dtype=bool),
        final=np.array(kept["final"], dtype=bool),
        standards=tuple(kept["standards"]),
        breaks=tuple(Break(**change) for change in kept["breaks"]),
        evidence=Evidence(**{**kept["evidence"], "observations": observations}),
        proxy=ProxyUse(**kept["proxy"]) if kept["proxy"] else None,
        weights=arrays.get(weights),
        period_averages=tuple(PeriodAverage(**average) for average in kept["period_averages"]),
    )


def _observation(item: Mapping[str, Any]) -> Observation:
    return Observation(**{**item, "overruled": tuple(_observation(other) for other in item["overruled"])})
