"""How a table of somebody else's making is to be read: which header means what, and what the table does not say."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from toolkit.base.errors import UsageError
from toolkit.base.texts import fold, nearest, say
from toolkit.data.cells import year_of
from toolkit.data.schemas import OBSERVATIONS

FIELDS = OBSERVATIONS.names


class ColumnMapping(BaseModel):
    """A declared reading of a table.

    Attributes
    ----------
    sheet :
        Sheet of a workbook; every visible sheet with the header if empty.
    header_rows :
        Rows that the header takes; in two, the upper one (merged cells) is carried to the right.
    columns :
        Column of ``observations.csv`` to header in the file.
    fixed :
        Column of ``observations.csv`` to what holds for every row.
    wide :
        Header to what its figures are: ``{"2023": {year: "2023"}}``; each such column holds values.
    years :
        Take every header that is a year for a column of values of that year.
    area_level :
        Level of areas that are given by name.
    skip :
        Rows whose area is written so are left out, such as ``Tổng cộng``; they are named.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sheet: str = ""
    header_rows: int = Field(default=1, ge=1, le=2)
    columns: dict[str, str] = Field(default_factory=dict)
    fixed: dict[str, str] = Field(default_factory=dict)
    wide: dict[str, dict[str, str]] = Field(default_factory=dict)
    years: bool = False
    area_level: Literal["province", "district", "commune"] | None = None
    skip: tuple[str, ...] = ()

    @property
    def is_wide(self) -> bool:
        """Whether several columns hold values."""
        return self.years or bool(self.wide)


def read_mapping(path: Path) -> ColumnMapping:
    """Read a mapping from a YAML file.

    Raises
    ------
    UsageError
        If the file is missing, no YAML, or names a column that observations do not have.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        content = yaml.load(text, Loader=yaml.BaseLoader)  # all scalars stay texts, so 05977 stays a code
    except (OSError, UnicodeDecodeError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise UsageError(say("desk.mapping.unreadable", file=path), say("desk.mapping.remedy")) from error
    return checked(content, path.name)


def checked(content: Any, name: str) -> ColumnMapping:
    """Return a mapping from plain data.

    Raises
    ------
    UsageError
        If it breaks a rule, with the nearest valid names.
    """
    try:
        mapping = ColumnMapping.model_validate(content)
    except ValidationError as error:
        reason = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()[:3])
        raise UsageError(say("desk.mapping.wrong", file=name, reason=reason), say("desk.mapping.remedy")) from error
    named = [*mapping.columns, *mapping.fixed, *(field for given in mapping.wide.values() for field in given)]
    for field in named:
        if field not in FIELDS:
            near = ", ".join(nearest(field, FIELDS))
            raise UsageError(say("desk.mapping.no_field", file=name, field=field), say("data.nearest", near=near))
    if not mapping.is_wide and "value" not in mapping.columns:
        raise UsageError(say("desk.mapping.no_value", file=name), say("desk.mapping.remedy"))
    return mapping


def mapping_of(
    file: Path | None,
    columns: Sequence[str] = (),
    fixed: Sequence[str] = (),
    *,
    years: bool = False,
    area_level: str | None = None,
) -> ColumnMapping | None:
    """Return the mapping that a user declares, in a file or as ``field=header`` and ``field=value``; None for none.

    Raises
    ------
    UsageError
        If a part has no equals sign, or names an unknown column.
    """
    if file is None and not columns and not fixed and not years:
        return None
    held = read_mapping(file).model_dump() if file else {"columns": {}, "fixed": {}}
    held["columns"] = {**held["columns"], **_pairs(columns)}
    held["fixed"] = {**held["fixed"], **_pairs(fixed)}
    held["years"] = years or held.get("years", False)
    held["area_level"] = area_level or held.get("area_level")
    if not held["years"] and not held.get("wide"):
        held["columns"].setdefault("value", "value")
    return checked(held, file.name if file else "--column, --fixed")


def value_columns(mapping: ColumnMapping, headers: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return the headers that hold values, with what their figures are.

    >>> value_columns(checked({"years": True}, ""), ["Huyện", "Năm 2022", "2023"])
    {'Năm 2022': {'year': '2022'}, '2023': {'year': '2023'}}
    """
    found = dict(mapping.wide)
    if mapping.years:
        declared = {fold(header) for header in mapping.wide}
        years = {header: year_of(header) for header in headers if fold(header) not in declared}
        found |= {header: {"year": str(year)} for header, year in years.items() if year is not None}
    return found


def _pairs(texts: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign:
            raise UsageError(say("desk.mapping.no_pair", text=text), say("desk.mapping.no_pair.remedy"))
        pairs[name.strip()] = value.strip()
    return pairs
