"""Stored forecasts: read area by area, few held at a time, damage named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from toolkit.base.errors import DataError
from toolkit.forecast import store
from toolkit.forecast.store import Forecasts, StoredPaths


@pytest.fixture(scope="module")
def folder(real_forecasts: Forecasts, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Store forecasts once."""
    path = tmp_path_factory.mktemp("store")
    store.Store(path).add(real_forecasts.paths)
    store.close(real_forecasts, path)
    return path


def test_every_path_comes_back_however_few_areas_are_held(
    folder: Path, real_forecasts: Forecasts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "AREAS_HELD", 2)
    loaded = store.open_forecasts(folder)
    assert isinstance(loaded.paths, StoredPaths)
    assert loaded.areas() == real_forecasts.areas()
    assert len(loaded.paths) == len(real_forecasts.paths)
    for key in sorted(real_forecasts.paths, key=lambda key: (key[1], key[0])):  # areas in turn: many are read again
        assert np.array_equal(loaded.paths[key].draws, real_forecasts.paths[key].draws)
        assert len(loaded.paths._read) <= 2
    assert loaded.keys_of("20") == [key for key in real_forecasts.paths if key[0] == "20"]
    assert loaded.path("99", "poverty_rate", "all") is None


def test_only_the_area_asked_for_is_read(folder: Path) -> None:
    loaded = store.open_forecasts(folder)
    assert loaded.path("181", "poverty_rate", "all") is not None
    assert isinstance(loaded.paths, StoredPaths)
    assert list(loaded.paths._read) == ["181"]


def test_an_incomplete_or_damaged_store_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLKIT_LANG", "en")
    draws = folder / "182.npz"
    kept = draws.read_bytes()
    try:
        draws.write_bytes(kept[:1000])
        with pytest.raises(DataError, match="no complete forecasts"):
            store.open_forecasts(folder).path("182", "poverty_rate", "all")
        draws.unlink()
        with pytest.raises(DataError, match="no complete forecasts"):
            store.open_forecasts(folder)
    finally:
        draws.write_bytes(kept)
