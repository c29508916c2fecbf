"""Notes in words: catalogue texts filled with names, units and numbers as the language writes them."""

from __future__ import annotations

from collections.abc import Sequence

from toolkit.base.texts import Texts, numbers
from toolkit.data.dataset import Dataset
from toolkit.plan.judgement import Note


def note_text(note: Note, dataset: Dataset, texts: Texts) -> str:
    """Return a note as a sentence in the language of `texts`.

    Fields are put into words by their names: ``indicator``, ``scope``, ``area``, ``areas``, ``standard``,
    ``before``, ``after``, ``status``, ``qualifier``, ``source``, ``unit``, ``probability`` and ``share``; other numbers
    are formatted, years stay as they are.
    """
    fields = {name: _worded(name, value, dataset, texts) for name, value in note.fields.items()}
    unit = str(note.fields.get("unit", ""))
    for name in ("value", "used", "median"):
        if name in fields and unit:
            fields[name] = with_unit(fields[name], unit, dataset, texts)
    return texts.t(note.key, **fields)


def notes_text(notes: Sequence[Note], dataset: Dataset, texts: Texts) -> str:
    """Return notes as one text."""
    return " ".join(note_text(note, dataset, texts) for note in notes)


def with_unit(number: str, unit: str, dataset: Dataset, texts: Texts) -> str:
    """Return a number's text with the printed unit."""
    printed = "%" if unit in ("percent", "percent_per_year") else unit_text(unit, dataset, texts)
    return numbers(texts.language).with_unit(number, printed)


def unit_text(unit: str, dataset: Dataset, texts: Texts) -> str:
    """Return a unit as printed: as ``indicators.yaml`` declares it, else from the catalogue, else its id."""
    if unit in ("", "index", "milestone"):
        return ""
    declared = dataset.indicators.units.get(unit)
    if declared is not None:
        return declared.vi if texts.language == "vi" else declared.en
    key = f"attainment.unit.{unit}"
    return texts.t(key) if texts.has(key) else unit.replace("_", " ")


def _worded(name: str, value: object, dataset: Dataset, texts: Texts) -> str:
    formatter = numbers(texts.language)
    if isinstance(value, float):
        return formatter.probability(value) if name == "probability" else formatter.plain(value, 2)
    if isinstance(value, int):
        return str(value) if name in ("year", "first", "last") else formatter.decimal(value, 0)
    if isinstance(value, tuple):
        return ", ".join(_worded("area", part, dataset, texts) for part in value)
    return _named(name, str(value if value is not None else ""), dataset, texts)


def _named(name: str, value: str, dataset: Dataset, texts: Texts) -> str:
    match name:
        case "indicator":
            return _lowered(dataset.indicators.get(value).names[texts.language])
        case "scope":
            return texts.t(f"plan.scope.{value}")
        case "area":
            return _area(value, dataset, texts)
        case "standard" | "before" | "after":
            return _standard(value, dataset, texts)
        case "status" | "qualifier":
            return texts.t(f"attainment.{name}.{value}")
        case "source":
            return _source(value, dataset)
        case "share":
            return _share(value, texts)
    return value


def _lowered(name: str) -> str:
    return name if name[1:2].isupper() else f"{name[:1].lower()}{name[1:]}"


def _area(code: str, dataset: Dataset, texts: Texts) -> str:
    if code not in dataset.areas:
        return code
    area = dataset.areas.get(code)
    if texts.language == "vi" and area.kind:  # inside a sentence: "của tỉnh Lạng Sơn"
        return f"{area.kind.lower()} {area.short_name}"
    return area.name(texts.language)


def _share(text: str, texts: Texts) -> str:
    """Return ``"83.91 (2019)"`` as the language writes it: ``83,91 % (2019)``."""
    number, _, rest = text.partition(" ")
    figure = number.replace(".", ",") if texts.language == "vi" else number
    return " ".join(part for part in (numbers(texts.language).with_percent(figure), rest) if part)


def _standard(name: str, dataset: Dataset, texts: Texts) -> str:
    if not name or name not in dataset.standards:
        return name or texts.t("attainment.no_standard")
    return dataset.standards.get(name).name(texts.language)


def _source(source_id: str, dataset: Dataset) -> str:
    if source_id not in dataset.sources.index:
        return source_id
    return str(dataset.sources.loc[source_id, "publisher"])
