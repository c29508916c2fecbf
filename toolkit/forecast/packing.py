"""Draws as they are stored: 32-bit numbers, every column once, packed by planes of bytes."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from toolkit.forecast.paths import FloatArray

__all__ = ["compact", "fixed", "packed", "unpacked"]


def compact(draws: FloatArray) -> FloatArray:
    """Round draws (S, T) as they are stored, but leave years in which all draws agree (published figures) exact.

    What is computed from forecasts in memory and from their stored form is then the same to the last digit.

    Examples
    --------
    >>> compact(np.array([[1.0, 12.345678], [3.0, 12.345678]])).tolist()
    [[1.0, 12.345678], [3.0, 12.345678]]
    """
    rounded = _short(draws).astype(np.float64)
    columns = fixed(draws)
    rounded[:, columns] = draws[:, columns]
    return rounded


def fixed(draws: FloatArray) -> list[int]:
    """Return the columns in which all draws agree."""
    return [int(column) for column in np.flatnonzero(np.ptp(draws, axis=0) == 0)]


def packed(paths: Sequence[FloatArray]) -> tuple[dict[str, npt.NDArray[Any]], list[list[int]]]:
    """Return arrays to store for the draws (S, T) of several paths, and for each path the places of its columns.

    Columns that several paths share (stand-ins, years before a change of standard) are stored once. Columns in which
    all draws agree are stored with the path itself; their place is 0, a column of zeros.
    """
    size = paths[0].shape[0]
    places: dict[bytes, int] = {np.zeros(size, np.float32).tobytes(): 0}
    columns: list[list[int]] = []
    for draws in paths:
        agreed = set(fixed(draws))
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
    shape = tuple(int(number) for number in arrays["shape"])
    high = np.frombuffer(zlib.decompress(arrays["high"].tobytes()), dtype=np.uint8).reshape(2, -1).astype("<u4")
    numbers = (high[0] << 24) | (high[1] << 16) | arrays["low"]
    return np.asarray(numbers.view("<f4").reshape(shape), dtype=np.float64)


def _short(draws: FloatArray) -> npt.NDArray[np.float32]:
    largest = float(np.finfo(np.float32).max)  # a far tail of an unbounded quantity must stay a number
    return np.clip(draws, -largest, largest).astype("<f4")
