"""``indicators.yaml`` to indicators, with the line of every entry that is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from toolkit.base.texts import SAFE_LOADER, say, texts
from toolkit.data.folder import file_of
from toolkit.data.indicators import Indicator, Indicators, Unit
from toolkit.data.problems import Problems

FILE = "indicators.yaml"
Place = tuple[str, str]
"""Part of the file (``units``, ``indicators``) and name of an entry."""
Declared = TypeVar("Declared", bound=BaseModel)


def read_indicators(folder: Path, problems: Problems) -> Indicators:
    """Read ``indicators.yaml``; whatever is wrong is noted, and the rest returned."""
    content, lines = _content(file_of(folder, FILE), problems)
    units = {
        key: unit
        for key, entry in _entries(content, "units")
        if (unit := _made(Unit, entry, ("units", key), lines, problems)) is not None
    }
    indicators = {}
    for key, entry in _entries(content, "indicators"):
        made = _made(Indicator, _completed(key, entry, units), ("indicators", key), lines, problems)
        if made is not None:
            indicators[key] = made
    return Indicators(indicators, units, {name: line for (part, name), line in lines.items() if part == "indicators"})


def _content(path: Path, problems: Problems) -> tuple[Mapping[str, Any], dict[Place, int]]:
    """Return what the file says, and the line of each entry."""
    try:
        loader = SAFE_LOADER(path.read_text(encoding="utf-8-sig"))
        root = loader.get_single_node()
        content = None if root is None else loader.construct_document(root)
    except (OSError, UnicodeDecodeError) as error:
        problems.add("no_file" if isinstance(error, FileNotFoundError) else "unreadable", 1)
        return {}, {}
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        problems.add("bad_yaml", mark.line + 1 if mark else 1, fields={"reason": getattr(error, "problem", str(error))})
        return {}, {}
    if not isinstance(content, dict) or not isinstance(root, yaml.MappingNode):
        problems.add("bad_yaml", 1, fields={"reason": say("data.no_mapping")})
        return {}, {}
    return content, _lines(root, problems)


def _lines(root: yaml.MappingNode, problems: Problems) -> dict[Place, int]:
    """Return the line of every entry, noting those that stand twice (YAML itself keeps the last in silence)."""
    lines: dict[Place, int] = {}
    for part, entries in root.value:
        for name, _ in entries.value if isinstance(entries, yaml.MappingNode) else ():
            place, line = (str(part.value), str(name.value)), name.start_mark.line + 1
            if place in lines:
                problems.add("double_key", line, "", place[1], fields={"first": lines[place], "columns": part.value})
            lines[place] = line
    return lines


def _entries(content: Mapping[str, Any], part: str) -> list[tuple[str, Any]]:
    entries = content.get(part)
    return [(str(key), entry) for key, entry in entries.items()] if isinstance(entries, dict) else []


def _completed(key: str, entry: Any, units: Mapping[str, Unit]) -> Any:
    """Add what an entry leaves to the file as a whole: its id, its unit's words, whose definition it is."""
    if not isinstance(entry, dict) or entry.get("unit") not in units:
        return {"id": key, **entry} if isinstance(entry, dict) else entry
    unit = units[entry["unit"]]
    definition = entry.get("definition")
    origin = entry.get("definition_from")
    if isinstance(definition, dict) and origin in ("plan", "source", "ours"):
        definition = {
            language: f"{definition[language]} {texts(language).t(f'data.definition.{origin}')}"
            for language in ("vi", "en")
            if language in definition
        }
    words = {"vi": unit.vi, "en": unit.en}
    return {"id": key, **entry, "units": words, "whole": unit.whole, "definition": definition}


def _made(
    kind: type[Declared], entry: Any, place: Place, lines: Mapping[Place, int], problems: Problems
) -> Declared | None:
    try:
        return kind.model_validate(entry)
    except ValidationError as error:
        for fault in error.errors():
            field = ".".join([place[1], *(str(part) for part in fault["loc"])])
            problems.add("bad_entry", lines.get(place, 1), field, fields={"reason": fault["msg"]})
        return None
