"""ARCHITECTURE.md is the map: one row a module, and no file in it that is not there."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")


def test_every_module_has_one_row() -> None:
    rows = Counter(re.findall(r"^\| `([a-z]+/\w+\.py)` \|", PAGE, flags=re.MULTILINE))
    modules = {
        path.relative_to(ROOT / "toolkit").as_posix()
        for path in (ROOT / "toolkit").rglob("*.py")
        if path.name != "__init__.py"
    }
    assert set(rows) == modules
    assert set(rows.values()) == {1}


def test_every_file_that_it_names_is_there() -> None:
    named = {name for name in re.findall(r"`([\w./-]+/[\w.-]*\w)`", PAGE) if "." in name.rsplit("/", 1)[-1]}
    assert len(named) > 100
    lost = [name for name in sorted(named) if not any((top / name).exists() for top in (ROOT, ROOT / "toolkit"))]
    assert lost == []


def test_rooms_are_named_in_the_order_that_imports_keep() -> None:
    listed = re.findall(r"^\*\*`(\w+)/`\*\* knows", PAGE, flags=re.MULTILINE)
    rooms = {path.name for path in (ROOT / "toolkit").iterdir() if path.is_dir() and (path / "__init__.py").exists()}
    assert set(listed) == rooms
