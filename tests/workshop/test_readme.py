"""The workshop's README names every file, and no command that does not exist."""

from __future__ import annotations

import re

from tests.conftest import ROOT

FOLDER = ROOT / "workshop"


def test_every_file_and_no_other_is_described() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    files = {path.name for path in FOLDER.glob("*.py")} - {"__init__.py"}
    assert set(re.findall(r"^\| `(\w+\.py)` \|", text, flags=re.MULTILINE)) == files
    assert {f"{name}.py" for name in re.findall(r"python -m workshop\.(\w+)", text)} <= files
