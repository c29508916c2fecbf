"""Draws as they are stored: 16 significant bits, every column once, packed by planes of bytes."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from toolkit.forecast.paths import FloatArray

__all__ = ["compact", "fixed", "packed", "unpacked"]

DROPPED_BITS = 8
"""Of the 24 significant bits of a 32-bit number; what is left is exact to 1 part in 131,072."""


def compact(draws: FloatArray) -> FloatArray:
    """Round draws (S, T) as they are stored, but leave years in which all draws agree (published figures) exact.

    What is computed from forecasts in memory and from their stored form is then the same to the last digit. Order is
    kept, and so are whole numbers up to 65,536.

    Examples
    --------
    >>> compact(np.array([[1.0, 12.345678], [3.0, 12.345678]])).tolist()
    [[1.0, 12.345678], [3.0, 12.345678]]
    """
    rounded = _shortened(draws).astype(np.float64)
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
        short = np.ascontiguousarray(_shortened(draws).T)
        columns.append(
            [
                0 if number in agreed else places.setdefault(column.tobytes(), len(places))
                for number, column in enumerate(short)
            ]
        )
    numbers = np.frombuffer(b"".join(places), dtype="<u4")
    planes = np.stack([(numbers >> shift).astype(np.uint8) for shift in (8, 16, 24)])
    found = np.frombuffer(zlib.compress(planes.tobytes(), 1), dtype=np.uint8)
    return {"planes": found, "shape": np.array([len(places), size])}, columns


def unpacked(arrays: Mapping[str, Any]) -> FloatArray:
    """Return the columns (K, S) that :func:`packed` stored."""
    shape = tuple(int(number) for number in arrays["shape"])
    planes = np.frombuffer(zlib.decompress(arrays["planes"].tobytes()), dtype=np.uint8).reshape(3, -1).astype("<u4")
    numbers = (planes[0] << 8) | (planes[1] << 16) | (planes[2] << 24)
    return np.asarray(numbers.view("<f4").reshape(shape), dtype=np.float64)


def _shortened(draws: FloatArray) -> npt.NDArray[np.float32]:
    largest = 2.0**127  # a far tail of an unbounded quantity must stay a number
    bits = np.ascontiguousarray(np.clip(draws, -largest, largest), dtype="<f4").view("<u4")
    half, mask = np.uint32(1 << (DROPPED_BITS - 1)), np.uint32(0xFFFFFFFF << DROPPED_BITS & 0xFFFFFFFF)
    return np.asarray(((bits + half) & mask).view("<f4"))
