"""The columns of every table in the data folder, as the data dictionary describes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from toolkit.data.tables import Layout

Kind = Literal["text", "whole", "number", "year", "day", "flag"]

SCOPES = ("all", "dtts", "dtts_mn", "dtts_in_dtts_mn")
STATUSES = ("final", "reported", "preliminary")
"""From the best to the least: of two figures for one cell the better status wins."""
QUALIFIERS = ("", "about", "at_least", "at_most", "derived", "unverified")
BASES = ("", "published", "rule")
LEVELS = ("country", "region", "province", "district", "commune")
TARGET_KINDS = ("target", "official_forecast")
OPERATORS = ("", "<", "<=", ">", ">=", "=")
MILESTONE_STATUSES = ("unknown", "not_started", "in_progress", "done", "not_done")
MISSING_ALLOWED = ("from_year", "qualifier", "available_from", "available_basis", "note")
"""Columns that an observation table given to ``check`` may leave out."""


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes
    ----------
    name, kind :
        Its header and what its cells hold.
    required :
        True if no cell may be empty.
    choices :
        Allowed texts; empty for free ones.
    """

    name: str
    kind: Kind = "text"
    required: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Schema:
    """One file.

    Attributes
    ----------
    file :
        Its name in the data folder.
    columns :
        In order.
    key :
        Columns that together name a row once.
    """

    file: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The column names."""
        return tuple(column.name for column in self.columns)

    @property
    def layout(self) -> Layout:
        """All columns of a file of the project are required."""
        return Layout(self.names, may_be_empty=True)


def text(name: str, *choices: str, required: bool = True) -> Column:
    """Return a column of texts."""
    return Column(name, "text", required, choices)


OBSERVATIONS = Schema(
    "observations.csv",
    (
        text("area_code"), text("indicator"), text("scope", *SCOPES), Column("year", "year", required=True),
        Column("from_year", "year"), Column("value", "number", required=True),
        text("qualifier", *QUALIFIERS, required=False), text("unit"), text("standard", required=False),
        text("status", *STATUSES), text("source_id"), Column("available_from", "day"),
        text("available_basis", *BASES, required=False), text("note", required=False),
    ),
    ("area_code", "indicator", "scope", "year", "from_year", "standard", "source_id"),
)  # fmt: skip
SOURCES = Schema(
    "sources.csv",
    (
        text("source_id"),
        text("title"),
        text("publisher"),
        text("published", required=False),
        text("url", required=False),
    ),
    ("source_id",),
)
AREAS = Schema(
    "areas.csv",
    (
        text("code"), text("name_vi"), text("name_en", required=False), text("level", *LEVELS),
        text("parent_code", required=False), Column("valid_from", "day"), Column("valid_to", "day"),
        Column("population_2019", "whole"), Column("area_km2", "number"),
    ),
    ("code", "valid_from"),
)  # fmt: skip
CROSSWALK = Schema(
    "crosswalk_2025.csv",
    (
        text("old_district_code"), text("old_commune_code"), text("old_commune"), text("new_commune_code"),
        text("new_commune"), text("share", "whole", "part"), Column("valid_from", "day", required=True),
        Column("weight", "number"),
    ),
    ("old_commune_code", "new_commune_code"),
)  # fmt: skip
STANDARDS = Schema(
    "standards.csv",
    (
        text("standard"), text("chain"), text("indicator"), text("name_vi"), text("name_en"),
        text("legal_text", required=False), Column("first_year", "year", required=True),
        Column("last_year", "year", required=True), text("published_next_year", required=False),
        text("note", required=False),
    ),
    ("standard",),
)  # fmt: skip
BREAKS = Schema(
    "breaks.csv",
    (
        text("indicator"), text("before"), text("after"), Column("year", "year", required=True),
        Column("jump_mean", "number"), Column("jump_sd", "number"), Column("jump_skew", "number"),
        Column("measured", "flag", required=True), Column("comparable", "flag", required=True),
        text("basis_vi"), text("basis_en"), text("source_ids", required=False),
    ),
    ("indicator", "before", "after"),
)  # fmt: skip
OVERLAPS = Schema(
    "standard_overlaps.csv",
    (
        text("area_name"), text("indicator"), text("scope", *SCOPES), Column("year", "year", required=True),
        text("standard_from"), Column("value_from", "number", required=True), text("standard_to"),
        Column("value_to", "number", required=True), text("source_id"),
    ),
    ("area_name", "indicator", "scope", "year", "standard_from", "standard_to", "source_id"),
)  # fmt: skip
LOCAL_TARGETS = Schema(
    "local_targets.csv",
    (
        text("area_code"), text("indicator"), text("scope", *SCOPES), text("kind", *TARGET_KINDS),
        Column("due", "year", required=True), text("op", *OPERATORS, required=False),
        Column("value", "number", required=True), text("unit"), text("standard", required=False),
        text("source_id"), text("note", required=False),
    ),
    ("area_code", "indicator", "scope", "kind", "due", "source_id"),
)  # fmt: skip
MILESTONES = Schema(
    "milestones.csv",
    (
        text("target_id"), text("status", *MILESTONE_STATUSES), text("evidence", required=False),
        text("source_id", required=False), Column("as_of", "day"), text("note", required=False),
    ),
    ("target_id",),
)  # fmt: skip
