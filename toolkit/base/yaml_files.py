"""YAML files with line numbers: what a hand-written file says, and where, so that problems can point at it.

Plain YAML readers keep the last of two equal keys in silence, and crash on a file that is nested too deeply; here
both are problems with a line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from toolkit.base.files import read_file
from toolkit.base.problems import Problem, shortened

Place = tuple[str | int, ...]
"""Keys and positions from the top of the file to an entry."""

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Plain data only, never objects; the compiled one is ten times as fast."""
WHOLE_NUMBER = re.compile("[1-9][0-9]{0,8}")
"""Keys that are numbers, such as years; all others are texts, ``on`` and ``05977`` too."""
MOST_BYTES = 4_000_000
MOST_DEPTH = 40


@dataclass
class YamlText:
    """A YAML file as plain Python objects.

    Attributes
    ----------
    name :
        File name, for messages.
    room :
        First part of the catalogue keys of the problems that its reader notes.
    content :
        Mappings, tuples (for lists) and scalars; None for a file that could not be read.
    lines :
        Line (from 1) of every entry, by its place.
    problems :
        Syntax errors, keys that stand twice, references; and what its reader notes.
    """

    name: str
    room: str = "yaml"
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
        """Note a problem at `place` in the words ``<room>.problem.<key>`` and ``<room>.remedy.<key>``."""
        shown = "" if isinstance(value, Mapping | tuple | list) else shortened(str(value))
        key = f"{self.room}.problem.{key}"
        self.problems.append(Problem(key, self.name, self.line(place), column, shown, dict(fields or {})))

    def refuse(self, line: int, key: str, column: str = "", value: str = "", **fields: object) -> None:
        """Note what is wrong with the file as YAML."""
        self.problems.append(Problem(f"yaml.problem.{key}", self.name, line, column, shortened(value), fields))


class _TooDeepError(ValueError):
    """Entries lie inside each other too deeply."""


def read_yaml(path: Path, *, room: str = "yaml", only_texts: bool = False, references: bool = True) -> YamlText:
    """Read a YAML file (UTF-8, safe tags only), lists as tuples.

    Parameters
    ----------
    room :
        First part of the catalogue keys of the problems that :meth:`YamlText.add` notes.
    only_texts :
        All scalars stay texts: ``05977`` stays a code.
    references :
        Whether an entry may refer to one that stands above it (``*name``, ``<<: *name``) and itself refers to none.

    Returns
    -------
    YamlText
        With problems instead of exceptions for whatever is wrong in the file.
    """
    text = YamlText(path.name, room)
    try:
        if path.stat().st_size > MOST_BYTES:
            text.refuse(1, "too_large", limit=MOST_BYTES // 1_000_000)
            return text
        _Reader(LOADER(read_file(path).decode("utf-8-sig")), text, only_texts, references).read()
    except FileNotFoundError:
        text.refuse(1, "no_file")
    except UnicodeDecodeError:
        text.refuse(1, "not_utf8")
    except OSError as error:
        text.refuse(1, "unreadable", reason=error.strerror)
    except _TooDeepError as error:
        text.content = None
        text.refuse(int(str(error)), "too_deep", most=MOST_DEPTH)
    except yaml.YAMLError as error:
        text.content = None
        mark = getattr(error, "problem_mark", None)
        text.refuse(mark.line + 1 if mark else 1, "no_yaml", reason=getattr(error, "problem", None) or "YAML")
    return text


@dataclass
class _Reader:
    """Builds plain objects from the events of a loader: never deeper than it should go, every entry with its line."""

    loader: Any
    text: YamlText
    only_texts: bool
    references: bool
    named: dict[str, object] = field(default_factory=dict)
    refers: int = 0

    def read(self) -> None:
        self.loader.get_event()  # the beginning of the stream
        if self.loader.check_event(yaml.StreamEndEvent):
            return
        self.loader.get_event()  # of the document
        self.text.content = self._built(())
        self.loader.get_event()
        if not self.loader.check_event(yaml.StreamEndEvent):
            self.text.refuse(self.loader.peek_event().start_mark.line + 1, "two_documents")

    def _built(self, place: Place) -> object:
        event = self.loader.get_event()
        line = event.start_mark.line + 1
        self.text.lines[place] = line
        if len(place) > MOST_DEPTH:
            raise _TooDeepError(line)
        match event:
            case yaml.AliasEvent():
                self.refers += 1
                if not self.references or event.anchor not in self.named:
                    self.text.refuse(line, "alias")
                return self.named.get(event.anchor or "")
            case yaml.ScalarEvent():
                return self._keep(event, self._scalar(event, line), self.refers)
            case yaml.MappingStartEvent():
                before = self.refers
                return self._keep(event, self._mapping(place), before)
        before, found = self.refers, list[object]()
        while not self.loader.check_event(yaml.SequenceEndEvent):
            found.append(self._built((*place, len(found))))
        self.loader.get_event()
        return self._keep(event, tuple(found), before)

    def _keep(self, event: Any, value: object, before: int) -> object:
        """Keep an entry by its name for entries below it, unless it refers to another one."""
        if event.anchor and self.refers == before:
            self.named[event.anchor] = value
        return value

    def _mapping(self, place: Place) -> dict[str | int, object]:
        entries: dict[str | int, object] = {}
        while not self.loader.check_event(yaml.MappingEndEvent):
            line = self.loader.peek_event().start_mark.line + 1
            key: str | int = ""
            if self.loader.check_event(yaml.ScalarEvent):
                key = self.loader.get_event().value
                if not self.only_texts and WHOLE_NUMBER.fullmatch(str(key)):
                    key = int(key)
            else:
                self._built((*place, key))
                self.text.refuse(line, "no_key")
            if key in entries:
                self._built((*place, key, "once more"))
                self.text.refuse(line, "key_twice", str(key))
            else:
                entries[key] = self._built((*place, key))
                self.text.lines[*place, key] = line
        self.loader.get_event()
        shared = entries.pop("<<", None) if self.references and isinstance(entries.get("<<"), dict) else None
        return {**shared, **entries} if isinstance(shared, dict) else entries

    def _scalar(self, event: Any, line: int) -> object:
        if self.only_texts:
            return event.value
        tag = event.tag or self.loader.resolve(yaml.ScalarNode, event.value, event.implicit)
        try:
            return self.loader.construct_object(yaml.ScalarNode(tag, event.value, event.start_mark, event.end_mark))
        except (yaml.YAMLError, ValueError) as error:
            reason = getattr(error, "problem", None) or str(error)
            self.text.refuse(line, "bad_scalar", "", event.value, reason=reason)
            return None
