"""The house: one direction between rooms, small modules, a light door, clean notebooks."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "toolkit").rglob("*.py"))
NOTEBOOKS = sorted([*(ROOT / "notebooks").glob("*.ipynb"), *(ROOT / "parameterized").glob("*.ipynb")])
HEAVY = ("statsmodels", "sklearn", "matplotlib", "papermill", "nbconvert", "scipy.stats", "pandas", "xlsxwriter")


def test_rooms_import_only_from_rooms_below() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_module_tells_one_story(module: Path) -> None:
    assert len(module.read_text(encoding="utf-8").splitlines()) <= 600


def test_importing_the_package_loads_nothing_heavy() -> None:
    program = "import sys, toolkit; print([name for name in sys.argv[1:] if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program, *HEAVY], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_public_names_exist_and_are_few() -> None:
    import toolkit

    assert len(toolkit.__all__) <= 25
    assert [name for name in toolkit.__all__ if getattr(toolkit, name) is None] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebooks_are_thin_and_without_outputs(path: Path) -> None:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert [cell["id"] for cell in code if cell["outputs"] or cell["execution_count"]] == []
    trees = [ast.parse("".join(cell["source"])) for cell in code]
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    if path.name == "06_your_own.ipynb":  # it shows models of one's own
        return
    assert [node.name for tree in trees for node in ast.walk(tree) if isinstance(node, kinds)] == []


def test_no_committed_file_names_a_folder_of_a_machine() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    texts = [ROOT / name for name in listed if name.endswith((".py", ".md", ".ipynb", ".yaml", ".yml", ".toml"))]
    told = [file for file in texts if file.exists() and file != Path(__file__)]
    assert [file.name for file in told if "/" + "work/" in file.read_text(encoding="utf-8")] == []


def importers() -> dict[str, set[str]]:
    """Return which modules of the package import each of its modules."""
    names = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in MODULES}
    found: dict[str, set[str]] = {name: set() for name in names if not name.endswith("__init__")}
    for name, path in names.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                for target in (node.module, *(f"{node.module}.{part.name}" for part in node.names)):
                    if target in found:
                        found[target].add(name)
    return found


@pytest.mark.parametrize("name", sorted(name for name, users in importers().items() if len(users) < 2))
def test_a_module_with_one_importer_says_why_it_stands_apart(name: str) -> None:
    if name == "toolkit.cli.main":  # the program's own start
        return
    module = ROOT.joinpath(*name.split(".")).with_suffix(".py")
    first = (ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or "").split("\n")[0]
    assert "part because" in first or "part as" in first, first


def test_no_file_name_stands_in_two_rooms() -> None:
    names = [path.name for path in MODULES if path.name != "__init__.py"]
    assert sorted({name for name in names if names.count(name) > 1}) == []
