"""The zip of XML parts that an .xlsx workbook is: refused where it is hostile, read where it is not."""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from xml.etree import ElementTree

MOST_BYTES = 300_000_000
"""Unpacked size of all parts of a workbook; 200,000 rows of 14 columns take about a third of it."""
SMALL = 10_000_000
MOST_RATIO = 100
"""A workbook above the small size that unpacks to more than this many times its own is a zip bomb."""
MOST_PARTS = 2_000
CHUNK = 1 << 20
ENTITY = re.compile(
    b"|".join(
        b"\\x00?".join(re.escape(bytes([sign])) for sign in word) for word in (b"<!DOCTYPE", b"<!ENTITY")
    )  # also as UTF-16, where every other byte is 0
)
WORKBOOK = "xl/workbook.xml"
OTHER_WORKBOOKS = frozenset({"content.xml", "xl/workbook.bin"})
"""Parts by which an OpenDocument and a binary workbook are known."""


def danger(path: Path) -> str:
    """Return why a workbook must not be opened, as a problem's key; empty if it may.

    It must not unpack to more than it seems (zip bomb), and its XML must not declare entities, which a
    spreadsheet program never writes.
    """
    try:
        with zipfile.ZipFile(path) as parts:
            infos = parts.infolist()
            size = sum(info.file_size for info in infos)
            swollen = size > SMALL and size > MOST_RATIO * path.stat().st_size
            if len(infos) > MOST_PARTS or size > MOST_BYTES or swollen:
                return "bomb"
            names = {info.filename for info in infos}
            if names & OTHER_WORKBOOKS:
                return "other_workbook"
            if "[Content_Types].xml" not in names:
                return "no_workbook"
            if any(info.flag_bits & 1 for info in infos):
                return "encrypted"
            return "entities" if any(_declares_entities(parts, info) for info in infos) else ""
    except Exception:  # noqa: BLE001  (zip, zlib, lzma and struct each have errors of their own for damaged parts)
        return "no_workbook"


def _declares_entities(parts: zipfile.ZipFile, info: zipfile.ZipInfo) -> bool:
    """Search one part, reading no more than it claims to hold."""
    if not info.filename.endswith((".xml", ".rels")):
        return False
    tail, left = b"", info.file_size
    with parts.open(info) as stream:
        while left > 0 and (chunk := stream.read(min(CHUNK, left))):
            if ENTITY.search(tail + chunk):
                return True
            tail, left = chunk[-32:], left - len(chunk)
    return False


@lru_cache(maxsize=1024)
def local(tag: str) -> str:
    """Return a tag without its namespace; the two editions of the format differ in nothing else that matters."""
    return tag.rpartition("}")[2]


def elements(parts: zipfile.ZipFile, name: str, *wanted: str) -> Iterator[ElementTree.Element]:
    """Yield the elements of some tags when they are complete, and forget everything behind them."""
    with parts.open(name) as stream:
        path: list[ElementTree.Element] = []
        inside = 0
        for event, element in ElementTree.iterparse(stream, ("start", "end")):
            is_wanted = local(element.tag) in wanted
            if event == "start":
                path.append(element)
                inside += is_wanted
                continue
            path.pop()
            inside -= is_wanted
            if is_wanted:
                yield element
            if path and not inside:
                path[-1].clear()


def related(parts: zipfile.ZipFile, source: str) -> dict[str, tuple[str, str]]:
    """Return the parts that a part refers to: id to (kind, name)."""
    folder, file = posixpath.split(source)
    name = posixpath.join(folder, "_rels", f"{file}.rels")
    if name not in parts.namelist():
        return {}
    found = {}
    for element in elements(parts, name, "Relationship"):
        target = element.get("Target", "")
        place = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
        found[element.get("Id", "")] = (posixpath.basename(element.get("Type", "")), place)
    return found


def workbook_part(parts: zipfile.ZipFile) -> str:
    """Return the name of the part that lists the sheets."""
    return next((place for kind, place in related(parts, "").values() if kind == "officeDocument"), WORKBOOK)
