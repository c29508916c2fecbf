"""The data dictionary is complete and true: each file's columns are the dictionary's, and the schema's."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
import yaml

from toolkit.data.dataset import PROJECT_DATA, Dataset
from toolkit.data.indicators import Indicator, Proxy, Unit
from toolkit.data.schemas import DECLARED, DELIVERED, OBSERVATIONS, SCHEMAS, Schema

README = (PROJECT_DATA / "README.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return re.split(r"^## ", README.split(f"## {title}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def place(schema: Schema) -> str:
    """Return what the dictionary calls a file."""
    return "observations/" if schema is OBSERVATIONS else schema.file


def table(schema: Schema) -> Path:
    """Return a file of a schema; of observations the first delivery."""
    return PROJECT_DATA / ("observations/0001.csv" if schema is OBSERVATIONS else schema.file)


def described(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: schema.file)
def test_columns_of_file_schema_and_dictionary_agree(schema: Schema) -> None:
    with table(schema).open(encoding="utf-8", newline="") as stream:
        header = next(csv.reader(stream))
    rows = described(section(place(schema)))
    more = (*DELIVERED, *DECLARED) if schema is OBSERVATIONS else ()
    assert [row[0].strip("`") for row in rows] == header == [*schema.names, *more]
    assert all(len(row) >= 3 and row[1] and row[2] for row in rows)


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: schema.file)
def test_dictionary_names_every_allowed_text(schema: Schema) -> None:
    said = {row[0].strip("`"): row[2] for row in described(section(place(schema)))}
    for column in schema.columns:
        if column.choices and "as in" not in said[column.name]:
            assert [choice for choice in column.choices if choice and f"`{choice}`" not in said[column.name]] == []


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: schema.file)
def test_examples_of_the_dictionary_stand_in_the_file(schema: Schema) -> None:
    with table(schema).open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for name, *_, example in (row for row in described(section(place(schema))) if len(row) > 3):
        shown = example.strip("| ").strip("`").removesuffix("…").strip()
        column = name.strip("`")
        if shown:
            assert any(row[column].startswith(shown) or shown in row[column] for row in rows), (column, shown)


def test_row_counts_of_the_overview_are_true() -> None:
    counts = dict(re.findall(r"^\| `([\w.]+(?:\.csv|/))` \| .* \| (\d+) \|$", README, flags=re.MULTILINE))
    for schema in SCHEMAS:
        files = sorted(table(schema).parent.glob("[0-9]*[0-9].csv")) if schema is OBSERVATIONS else [table(schema)]
        found = 0
        for file in files:
            with file.open(encoding="utf-8", newline="") as stream:
                found += sum(1 for _ in csv.reader(stream)) - 1
        assert found == int(counts[place(schema)])


def test_fields_of_indicators_are_all_described(dataset: Dataset) -> None:
    text = section("indicators.yaml")
    indicators, rest = text.split("A proxy:", 1)
    proxies, units = rest.split("A unit:", 1)
    computed = {"id", "units", "whole"}
    assert {row[0].strip("`") for row in described(indicators)} == set(Indicator.model_fields) - computed
    assert {row[0].strip("`") for row in described(proxies)} == set(Proxy.model_fields)
    assert {row[0].strip("`") for row in described(units)} == set(Unit.model_fields)
    assert (
        f"| `indicators.yaml` | indicators: names, units, bounds, definitions, proxies | {len(dataset.indicators)} |"
        in README
    )


def test_no_indicator_is_declared_twice() -> None:
    text = (PROJECT_DATA / "indicators.yaml").read_text(encoding="utf-8")
    names = re.findall(r"^  (\w+):$", text, flags=re.MULTILINE)
    assert len(names) == len(set(names)) == len(yaml.safe_load(text)["indicators"])
