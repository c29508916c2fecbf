"""All forecasts of a run: in memory, and the same in a folder that notebooks read.

Draws are stored as 32-bit numbers, every column once, packed by planes of bytes.
"""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from toolkit.base.errors import DataError
from toolkit.base.files import write_atomic
from toolkit.base.texts import Tabular, say
from toolkit.data.observations import Observation, PeriodAverage
from toolkit.forecast.paths import Break, Evidence, Path, ProxyUse
from toolkit.models.panel import FloatArray

if TYPE_CHECKING:
    import pandas as pd

PathKey = tuple[str, str, str, bool]
"""(area, indicator, scope, across future breaks)"""
Each = Callable[..., Iterable[Any]]
"""Like :func:`map`."""
INDEX = "index.json"
AREAS_HELD = 16
"""So many areas are held in memory at a time, those used last: a province and its districts, not 700 communes."""


@dataclass(frozen=True, repr=False)
class Forecasts(Tabular):
    """Joint draws of everything a plan asks about, in all areas of a run.

    Attributes
    ----------
    paths :
        By area, indicator, scope and whether future changes of standard are crossed; an entry that does not
        cross them stands only where that makes a difference.
    seed, draw_count, as_of, model_name :
        How they were made.
    """

    paths: Mapping[PathKey, Path]
    seed: int
    draw_count: int
    as_of: date
    model_name: str

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

    def to_frame(self) -> pd.DataFrame:
        """Return which paths there are, one row each."""
        import pandas as pd

        return pd.DataFrame(list(self.paths), columns=["area_code", "indicator", "scope", "across_breaks"])

    def areas(self) -> list[str]:
        """Return the codes of all areas that have a path."""
        if isinstance(self.paths, StoredPaths):
            return self.paths.areas()
        return sorted({key[0] for key in self.paths})

    def keys_of(self, area_code: str) -> list[PathKey]:
        """Return the keys of all paths of one area."""
        if isinstance(self.paths, StoredPaths):
            return self.paths.keys_of(area_code)
        return [key for key in self.paths if key[0] == area_code]


class StoredPaths(Mapping[PathKey, Path]):
    """Paths in a folder, read area by area when they are asked for: a notebook about one area reads few of many.

    Parameters
    ----------
    folder :
        As given to :class:`Store`.
    area_codes :
        Areas whose paths there are.
    """

    def __init__(self, folder: FilePath, area_codes: Sequence[str]) -> None:
        self._folder = folder
        self._codes = frozenset(area_codes)
        self._read: dict[str, dict[PathKey, Path]] = {}

    def areas(self) -> list[str]:
        """Return the codes of all areas."""
        return sorted(self._codes)

    def keys_of(self, area_code: str) -> list[PathKey]:
        """Return the keys of all paths of one area."""
        return list(self._area(area_code))

    def __getitem__(self, key: PathKey) -> Path:
        return self._area(key[0])[key]

    def __iter__(self) -> Iterator[PathKey]:
        return (key for code in self.areas() for key in self._area(code))

    def __len__(self) -> int:
        return sum(len(self._area(code)) for code in self._codes)

    def _area(self, code: str) -> dict[PathKey, Path]:
        if code not in self._codes:
            return {}
        read = self._read.pop(code, None) or _read_area(self._folder, code)
        self._read[code] = read  # the one used last stands last
        if len(self._read) > AREAS_HELD:
            del self._read[next(iter(self._read))]
        return read


class Store:
    """Writes forecasts to a folder, a few areas at a time; only :meth:`close` makes them complete.

    For each area there is one file of draws (see :func:`packed`) and one of what they mean.

    Parameters
    ----------
    folder :
        What an earlier run left there counts no more from now on.
    """

    def __init__(self, folder: FilePath) -> None:
        self._folder = folder
        self._codes: set[str] = set()
        (folder / INDEX).unlink(missing_ok=True)

    def add(self, paths: Mapping[PathKey, Path], each: Each = map) -> None:
        """Write all paths of some areas; ``each`` may spread them over threads."""
        by_area: dict[str, dict[PathKey, Path]] = {}
        for key, path in paths.items():
            by_area.setdefault(key[0], {})[key] = path
        self._codes |= set(each(self._write, by_area.values()))

    def _write(self, held: Mapping[PathKey, Path]) -> str:
        """Write all paths of one area, and return its code."""
        code = next(iter(held))[0]
        arrays, columns = packed([path.draws for path in held.values()])
        entries = []
        for number, ((key, path), places) in enumerate(zip(held.items(), columns, strict=True)):
            if path.weights is not None:
                arrays[f"w{number}"] = path.weights
            entries.append({"key": list(key), "columns": places, "path": _described(path)})
        stream = io.BytesIO()
        np.savez(stream, **arrays)  # type: ignore[arg-type]  # names of arrays, not options
        write_atomic(self._folder / f"{code}.npz", stream.getvalue())
        write_atomic(self._folder / f"{code}.json", json.dumps(entries, ensure_ascii=False, separators=(",", ":")))
        return code

    def opened(self) -> StoredPaths:
        """Return the paths written so far."""
        return StoredPaths(self._folder, sorted(self._codes))


def close(forecasts: Forecasts, folder: FilePath) -> FilePath:
    """Write the index, without which a folder holds no complete forecasts."""
    record = {
        "seed": forecasts.seed,
        "draw_count": forecasts.draw_count,
        "as_of": forecasts.as_of.isoformat(),
        "model_name": forecasts.model_name,
        "areas": forecasts.areas(),
    }
    return write_atomic(folder / INDEX, json.dumps(record, ensure_ascii=False, indent=1))


def open_forecasts(folder: FilePath) -> Forecasts:
    """Open stored forecasts; each area's paths are read when they are first asked for.

    Parameters
    ----------
    folder :
        As given to :class:`Store`.

    Raises
    ------
    DataError
        If the folder holds no complete set of forecasts; when an area is asked for, if its files are damaged.
    """
    try:
        record = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        codes = record["areas"]
        for file in (folder / f"{code}.{kind}" for code in codes for kind in ("npz", "json")):
            file.stat()
        return Forecasts(
            paths=StoredPaths(folder, codes),
            seed=record["seed"],
            draw_count=record["draw_count"],
            as_of=date.fromisoformat(record["as_of"]),
            model_name=record["model_name"],
        )
    except (OSError, ValueError, KeyError) as error:
        raise _no_store(folder, error) from error


def _read_area(folder: FilePath, code: str) -> dict[PathKey, Path]:
    try:
        entries = json.loads((folder / f"{code}.json").read_text(encoding="utf-8"))
        with (folder / f"{code}.npz").open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            columns = unpacked(arrays)
            return {
                (code, *entry["key"][1:]): _path(entry, columns, arrays.get(f"w{number}"))
                for number, entry in enumerate(entries)
            }
    except (OSError, ValueError, KeyError, BadZipFile, zlib.error) as error:
        raise _no_store(folder, error) from error


def _no_store(folder: FilePath, error: Exception) -> DataError:
    return DataError(say("forecast.no_store", folder=folder, error=error), remedy=say("forecast.no_store.remedy"))


def _described(path: Path) -> dict[str, Any]:
    """Return everything of a path but its draws, as plain JSON types."""
    return {
        "unit": path.unit,
        "years": [int(path.years[0]), int(path.years[-1])],
        "fixed": {int(path.years[column]): float(path.draws[0, column]) for column in constant_columns(path.draws)},
        "observed": path.observed.astype(int).tolist(),
        "final": path.final.astype(int).tolist(),
        "standards": list(path.standards),
        "breaks": [asdict(change) for change in path.breaks],
        "evidence": asdict(path.evidence),
        "proxy": asdict(path.proxy) if path.proxy else None,
        "period_averages": [asdict(average) for average in path.period_averages],
    }


def _path(entry: Mapping[str, Any], columns: FloatArray, weights: FloatArray | None) -> Path:
    area, indicator, scope, _ = entry["key"]
    kept = entry["path"]
    observations = tuple(observation_from(item) for item in kept["evidence"]["observations"])
    placed_by = tuple(kept["evidence"]["placed_by"])
    draws = np.ascontiguousarray(columns[entry["columns"]].T)
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
        evidence=Evidence(**{**kept["evidence"], "observations": observations, "placed_by": placed_by}),
        proxy=ProxyUse(**kept["proxy"]) if kept["proxy"] else None,
        weights=weights,
        period_averages=tuple(PeriodAverage(**average) for average in kept["period_averages"]),
    )


def observation_from(item: Mapping[str, Any]) -> Observation:
    """Return an observation from its plain JSON form."""
    return Observation(**{**item, "overruled": tuple(observation_from(other) for other in item["overruled"])})


def round_as_stored(draws: FloatArray) -> FloatArray:
    """Round draws (S, T) as they are stored, but leave years in which all draws agree (published figures) exact.

    What is computed from forecasts in memory and from their stored form is then the same to the last digit.

    Examples
    --------
    >>> round_as_stored(np.array([[1.0, 12.345678], [3.0, 12.345678]])).tolist()
    [[1.0, 12.345678], [3.0, 12.345678]]
    """
    rounded = _short(draws).astype(np.float64)
    columns = constant_columns(draws)
    rounded[:, columns] = draws[:, columns]
    return rounded


def constant_columns(draws: FloatArray) -> list[int]:
    """Return the columns in which all draws agree."""
    agree = draws[0] == draws[-1]
    agree[agree] = (draws[:, agree] == draws[0, agree]).all(axis=0)
    return [int(column) for column in np.flatnonzero(agree)]


def packed(paths: Sequence[FloatArray]) -> tuple[dict[str, npt.NDArray[Any]], list[list[int]]]:
    """Return arrays to store for the draws (S, T) of several paths, and for each path the places of its columns.

    Columns that several paths share (proxies, years before a change of standard) are stored once. Columns in which
    all draws agree are stored with the path itself; their place is 0, a column of zeros.
    """
    size = paths[0].shape[0]
    places: dict[bytes, int] = {np.zeros(size, np.float32).tobytes(): 0}
    columns: list[list[int]] = []
    for draws in paths:
        agreed = set(constant_columns(draws))
        short = np.ascontiguousarray(_short(draws).T)
        columns.append(
            [
                0 if number in agreed else places.setdefault(column.tobytes(), len(places))
                for number, column in enumerate(short)
            ]
        )
    numbers = np.frombuffer(b"".join(places), dtype="<u4")
    high = np.stack([(numbers >> 24).astype(np.uint8), (numbers >> 16).astype(np.uint8)])
    arrays: dict[str, npt.NDArray[Any]] = {
        "low": numbers.astype(np.uint16),  # as good as random: nothing to gain from packing it
        "high": np.frombuffer(zlib.compress(high.tobytes(), 1), dtype=np.uint8),
        "shape": np.array([len(places), size]),
    }
    return arrays, columns


def unpacked(arrays: Mapping[str, Any]) -> FloatArray:
    """Return the columns (K, S) that :func:`packed` stored."""
    count, size = (int(number) for number in arrays["shape"])
    if arrays["low"].shape != (count * size,):  # so that what is unpacked is never larger than what is there
        raise ValueError("low")
    packed_high = zlib.decompressobj().decompress(arrays["high"].tobytes(), 2 * count * size)
    high = np.frombuffer(packed_high, dtype=np.uint8).reshape(2, -1).astype("<u4")
    numbers = (high[0] << 24) | (high[1] << 16) | arrays["low"]
    return np.asarray(numbers.view("<f4").reshape(count, size), dtype=np.float64)


def _short(draws: FloatArray) -> npt.NDArray[np.float32]:
    largest = float(np.finfo(np.float32).max)  # a far tail of an unbounded quantity must stay a number
    return np.clip(draws, -largest, largest).astype("<f4")
