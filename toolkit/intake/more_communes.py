"""Made-up communes for a simulated data folder: as many as a load test wants, with their old units and links."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import count, cycle
from pathlib import Path

from toolkit.base.files import write_atomic
from toolkit.data.dataset import Dataset
from toolkit.data.journal import Cells, read_rows, table_text
from toolkit.data.schemas import AREAS, CROSSWALK

MOST_COMMUNES = 4_000
"""More than the whole country has."""
FIRST_CODE = 90_001


def add_communes(folder: Path, dataset: Dataset, province: str, wanted: int) -> None:
    """Add communes to ``areas.csv`` and ``crosswalk_2025.csv`` until `wanted` are in force.

    Parameters
    ----------
    folder :
        A simulated data folder that holds both files.
    dataset :
        Areas as they are.
    province :
        Its code. Communes are dealt out to its districts in turn; where these have ended, each commune has an
        old unit under its district, and a new one of the same code and territory under the province.
    wanted :
        Number of communes in force on the dataset's day.
    """
    held = len(dataset.areas.all(level="commune", on=dataset.as_of))
    districts = dataset.areas.children(province, "district")
    parents = [area.code for area in districts] or [province]
    ends = [area.valid_to for area in districts if area.valid_to is not None]
    reform = max(ends) + timedelta(days=1) if ends else None
    codes = (f"{code}" for code in count(FIRST_CODE) if f"{code}" not in dataset.areas)
    made = [(code, f"Xã Mô phỏng {number}", parent) for code, parent, number in
            zip(codes, cycle(parents), range(1, wanted - held + 1), strict=False)]  # fmt: skip
    areas = [row for unit in made for row in _units(*unit, province, reform)]
    _append(folder / AREAS.file, AREAS.names, areas)
    if reform is not None:
        _append(folder / CROSSWALK.file, CROSSWALK.names, [_link(*unit, reform) for unit in made])


def _units(code: str, name: str, parent: str, province: str, reform: date | None) -> Iterator[Cells]:
    unit = {"code": code, "name_vi": name, "level": "commune", "parent_code": parent}
    if reform is None:
        yield unit
        return
    yield {**unit, "valid_to": (reform - timedelta(days=1)).isoformat()}
    yield {**unit, "parent_code": province, "valid_from": reform.isoformat()}


def _link(code: str, name: str, parent: str, reform: date) -> Cells:
    return {
        "old_district_code": parent, "old_commune_code": code, "old_commune": name, "new_commune_code": code,
        "new_commune": name, "share": "whole", "valid_from": reform.isoformat(), "weight": "1",
    }  # fmt: skip


def _append(path: Path, names: tuple[str, ...], added: list[Cells]) -> None:
    write_atomic(path, table_text(names, [*read_rows(path).rows, *added]))
