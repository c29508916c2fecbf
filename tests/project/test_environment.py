"""pyproject.toml, requirements.lock and environment.yml say the same, and none names where packages come from."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
USERS = ("lab", "sheets", "documents")
CARD = ("jupyterlab", "pandas", "statsmodels", "scikit-learn", "matplotlib", "papermill")
PINNED = re.compile(r"^([A-Za-z0-9_.-]+)==([^ ;\\]+)([^\\]*)\\?$", re.MULTILINE)


@pytest.fixture(scope="module")
def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def locked() -> dict[str, set[str]]:
    """What tests and developers install: all of requirements.lock and more."""
    return pins("requirements-dev.lock")


def pins(lock: str) -> dict[str, set[str]]:
    """Return the versions that a lock pins, by name."""
    found: dict[str, set[str]] = {}
    for name, version, _ in PINNED.findall((ROOT / lock).read_text(encoding="utf-8")):
        found.setdefault(canonicalize_name(name), set()).add(version)
    return found


@pytest.fixture(scope="module")
def conda() -> dict[str, str]:
    entries = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    from_pip = next(entry["pip"] for entry in entries if isinstance(entry, dict))
    pinned = [entry.replace("==", "=") for entry in [*entries, *from_pip] if isinstance(entry, str) and "=" in entry]
    return {canonicalize_name(name): version for name, version in (pin.split("=", 1) for pin in pinned)}


def everything_asked_for(project: dict) -> list[Requirement]:
    extras = project["project"]["optional-dependencies"].values()
    groups = project["dependency-groups"].values()
    build = [project["build-system"]["requires"]]
    asked = [project["project"]["dependencies"], *extras, *groups, *build]
    return [Requirement(line) for group in asked for line in group]


def test_every_requirement_is_locked_at_a_version_it_allows(project: dict, locked: dict[str, set[str]]) -> None:
    for requirement in everything_asked_for(project):
        versions = locked[canonicalize_name(requirement.name)]
        assert all(Version(version) in requirement.specifier for version in versions), requirement


def test_users_get_what_developers_test_and_no_more(project: dict, locked: dict[str, set[str]]) -> None:
    users = pins("requirements.lock")
    assert {name: locked.get(name) for name in users} == users
    extras = [project["project"]["optional-dependencies"][extra] for extra in USERS]
    asked = [line for group in (project["project"]["dependencies"], *extras) for line in group]
    assert {canonicalize_name(Requirement(line).name) for line in asked} <= set(users)
    assert not {"pytest", "mypy", "sphinx", "distributed"} & set(users)


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_every_locked_version_has_hashes(lock: str) -> None:
    entries = re.split(r"\n(?=[A-Za-z0-9])", (ROOT / lock).read_text(encoding="utf-8").strip())
    assert len(entries) > 100
    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_the_lock_serves_all_platforms() -> None:
    assert "sys_platform == 'win32'" in (ROOT / "requirements.lock").read_text(encoding="utf-8")


def test_environment_has_the_card_and_everything_users_need(project: dict, conda: dict[str, str]) -> None:
    users = [
        project["project"]["dependencies"],
        *(project["project"]["optional-dependencies"][extra] for extra in USERS),
    ]
    asked = {canonicalize_name(Requirement(line).name) for group in users for line in group}
    assert asked <= set(conda)
    assert set(CARD) <= set(conda)


def test_environment_pins_what_the_lock_pins(conda: dict[str, str], locked: dict[str, set[str]]) -> None:
    python = conda.pop("python")
    assert python == "3.11"
    assert {name: {version} for name, version in conda.items()} == {name: locked[name] for name in conda}


def test_pip_takes_the_part_that_conda_hands_it(tmp_path: Path) -> None:
    """conda writes the entries under ``pip`` into a file beside environment.yml and has pip install that file."""
    entries = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    lines = next(entry["pip"] for entry in entries if isinstance(entry, dict))
    requirements = tmp_path / "condaenv.requirements.txt"
    requirements.write_text("\n".join(lines) + "\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--no-index", "--no-build-isolation"]
    done = subprocess.run([*command, "-r", str(requirements)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("pattern", ["*.lock", "*.yml", "*.toml", "*.md", "Makefile", ".ci/run"])
def test_no_file_names_a_package_index(pattern: str) -> None:
    indices = re.compile(r"--(extra-)?index-url|--find-links|-i http|pypi\.org|files\.pythonhosted|/simple/?\b")
    files = list(ROOT.glob(pattern))
    assert files
    assert [file.name for file in files if indices.search(file.read_text(encoding="utf-8"))] == []
