"""The wheel alone makes the reports: in an environment of its own, outside the repository, and without any extra."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

from toolkit.base.errors import EXTRAS, UsageError, need_extra
from toolkit.cli import intake, report

ROOT = Path(__file__).parents[2]
MOST_KILOBYTES = 900
OURS = ("toolkit/", "langson_toolkit-")
HIDDEN = "import sys\nsys.modules.update(dict.fromkeys({names!r}))\n"
"""For a start file of Python: these packages cannot be imported."""


def test_extras_are_the_packages_that_the_project_declares() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    for extra, packages in EXTRAS.items():
        assert set(packages) <= {line.partition(">=")[0] for line in declared[extra]}
    assert set(EXTRAS) == set(declared)


@pytest.mark.parametrize("extra", EXTRAS)
def test_a_missing_extra_is_named_with_the_command_that_brings_it(extra: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, EXTRAS[extra][-1], None)
    with pytest.raises(UsageError, match=f"pip install {EXTRAS[extra][-1]}"):
        need_extra(extra)


@pytest.mark.parametrize(
    ("package", "call"),
    [
        ("docxtpl", lambda: report.report(formats="docx", data=Path("no such folder"))),
        ("typst", lambda: report.report(formats="html,pdf", data=Path("no such folder"))),
        ("distributed", lambda: report.report(scheduler="tcp://host:8786", data=Path("no such folder"))),
        ("xlsxwriter", lambda: intake.template(data=Path("no such folder"))),
    ],
)
def test_every_command_names_its_extra_before_it_begins(
    package: str, call: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UsageError, match=f"pip install {package}"):
        call()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = ["-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([sys.executable, *build, "--wheel-dir", folder, ROOT], check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.mark.slow
def test_the_wheel_holds_what_a_run_needs_and_no_more(wheel: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "data", "parameterized"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    wanted = {f"toolkit/project/{name}" for name in listed if name and name != "data/panels/panels.csv"}
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert wanted <= names
    assert [name for name in names if not name.startswith(OURS)] == []
    assert wheel.stat().st_size < MOST_KILOBYTES * 1024


class Installed:
    """The wheel in an environment of its own, which borrows the locked packages of this one."""

    def __init__(self, wheel: Path, folder: Path) -> None:
        venv.create(folder / "environment")
        self.python = folder / "environment" / "bin" / "python"
        packages = Path(sysconfig.get_path("purelib", vars={"base": str(folder / "environment")}))
        install = ["-m", "pip", "--python", self.python, "install", "--quiet", "--no-deps", "--no-index", wheel]
        subprocess.run([sys.executable, *install], check=True, capture_output=True)
        (packages / "locked.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
        self.hidden = packages / "hidden.pth"
        self.empty = folder / "empty"
        self.empty.mkdir()

    def hide(self, *names: str) -> None:
        """Let packages be missing."""
        line = HIDDEN.format(names=names).replace("\n", "; ").rstrip("; ")
        self.hidden.write_text(line + "\n", encoding="utf-8")

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``toolkit`` in the empty folder."""
        environment = {name: text for name, text in os.environ.items() if not name.startswith(("TOOLKIT", "PYTHON"))}
        environment |= {"JUPYTER_PATH": f"{sys.prefix}/share/jupyter"}  # nbconvert's templates, borrowed too
        program = self.python.parent / "toolkit"
        return subprocess.run(
            [program, *arguments], cwd=self.empty, env=environment, capture_output=True, text=True, check=False
        )


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return Installed(wheel, tmp_path_factory.mktemp("installed"))


@pytest.mark.slow
def test_the_wheel_makes_reports_in_an_empty_folder(installed: Installed) -> None:
    installed.hidden.unlink(missing_ok=True)
    forms = ["--area", "181", "--format", "html,docx,pdf", "--draws", "200", "--out", "all"]
    done = installed.run("report", *forms)
    assert done.returncode == 0, done.stderr
    assert {file.suffix for file in (installed.empty / "all" / "areas").iterdir()} == {
        ".html",
        ".ipynb",
        ".docx",
        ".pdf",
    }
    assert (installed.empty / "all" / "attainment.xlsx").is_file()
    assert installed.run("check").returncode == 0


@pytest.mark.slow
def test_the_core_makes_pages_without_any_extra(installed: Installed) -> None:
    installed.hide(*(name for packages in EXTRAS.values() for name in packages), "openpyxl")
    done = installed.run("report", "--area", "181", "--draws", "200", "--lang", "en")
    assert done.returncode == 0, done.stderr
    assert "pip install xlsxwriter" in done.stderr
    assert "Traceback" not in done.stderr
    [run] = (installed.empty / "reports").iterdir()
    assert [file.suffix for file in sorted((run / "areas").iterdir())] == [".html", ".ipynb"]
    assert not (run / "attainment.xlsx").exists()
    assert "attainment.xlsx" not in (run / "index.html").read_text(encoding="utf-8")
    for arguments in (["report", "--format", "pdf"], ["template", "--area", "181"]):
        refused = installed.run(*arguments, "--lang", "en")
        assert refused.returncode == 2
        assert "pip install " in refused.stderr
