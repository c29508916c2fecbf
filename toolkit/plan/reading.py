"""YAML with line numbers: what a hand-written file says, and where, so that errors can point at it.

Plain YAML readers keep the last of two equal keys in silence; here that is a problem with a line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from toolkit.base.errors import Problem
from toolkit.base.texts import SAFE_LOADER, say

Place = tuple[str | int, ...]


@dataclass
class YamlText:
    """A YAML file as plain Python objects.

    Attributes
    ----------
    name :
        File name, for messages.
    content :
        Mappings, tuples (for lists) and scalars; None for a file that could not be read.
    lines :
        Line (from 1) of every entry, by its place: keys and positions from the top.
    problems :
        Syntax errors, duplicate keys, references.
    """

    name: str
    content: object = None
    lines: dict[Place, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def line(self, place: Place) -> int:
        """Return the line of `place`, or of the nearest entry around it."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)

    def add(
        self, place: Place, column: str, key: str, fields: Mapping[str, object] | None = None, value: object = ""
    ) -> None:
        """Note a problem at `place` in the words ``plan.problem.<key>`` and ``plan.remedy.<key>``."""
        shown = "" if isinstance(value, Mapping | tuple | list) else str(value)
        problem, remedy = (say(f"plan.{part}.{key}", **(fields or {})) for part in ("problem", "remedy"))
        self.problems.append(Problem(self.name, self.line(place), column, shown, problem, remedy))


def read_yaml(path: Path) -> YamlText:
    """Read a YAML file (UTF-8, safe tags only), lists as tuples.

    Returns
    -------
    YamlText
        With problems instead of exceptions for whatever is wrong in the file.
    """
    text = YamlText(path.name)
    try:
        loader = SAFE_LOADER(path.read_text(encoding="utf-8-sig"))
        node = loader.get_single_node()
        if node is not None:
            text.content = _Builder(loader, text).build(node, ())
    except UnicodeDecodeError:
        text.add((), "", "not_utf8")
    except OSError as error:
        text.add((), "", "unreadable", {"reason": error.strerror})
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        text.lines[()] = mark.line + 1 if mark else 1
        reason = getattr(error, "problem", None) or "not valid YAML"
        text.add((), "", "no_yaml", {"reason": reason})
        text.content = None
    return text


class _Builder:
    def __init__(self, loader: Any, text: YamlText) -> None:
        self.loader = loader
        self.text = text
        self.seen: set[int] = set()

    def build(self, node: yaml.Node, place: Place) -> object:
        self.text.lines[place] = node.start_mark.line + 1
        if not isinstance(node, yaml.ScalarNode):
            if id(node) in self.seen:
                self.text.add(place, "", "alias")
                return None
            self.seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            return tuple(self.build(child, (*place, position)) for position, child in enumerate(node.value))
        return self._scalar(node, place)

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, object]:
        entries: dict[str, object] = {}
        for key_node, value_node in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else str(key_node.value)
            if key in entries:
                self.text.lines[(*place, key)] = key_node.start_mark.line + 1
                self.text.add((*place, key), key, "key_twice")
                continue
            entries[key] = self.build(value_node, (*place, key))
        return entries

    def _scalar(self, node: yaml.Node, place: Place) -> object:
        try:
            value: object = self.loader.construct_object(node)
        except (yaml.YAMLError, ValueError) as error:
            reason = getattr(error, "problem", None) or str(error)
            self.text.add(place, "", "bad_scalar", {"reason": reason}, node.value)
            return None
        return value
