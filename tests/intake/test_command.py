"""``toolkit ingest`` as a user runs it."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import typer.main

from tests.cli.commands import run
from tests.data.tables import changed, spoilt, text
from toolkit.cli.main import app, main
from toolkit.data.dataset import PROJECT_DATA, state_of

Call = Callable[..., tuple[int, str]]
WITHOUT_DATA = {"explore", "params", "verify"}
"""Commands that read no figures of their own: a run says itself of which day it is."""


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Run a command in this process, through the program's own entrance; return exit code and what it printed."""

    def run_here(*arguments: str | Path) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["toolkit", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        code = ended.value.code
        return code if isinstance(code, int) else 0, capsys.readouterr().out

    return run_here


def test_every_command_that_reads_figures_takes_a_day() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    takes = {name for name, command in commands.items() if any("--as-of" in option.opts for option in command.params)}
    assert commands.keys() - takes == WITHOUT_DATA


def test_check_judges_files_and_the_folder_as_of_a_day(call: Call, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(text(), encoding="utf-8")
    assert call("check", tmp_path / "t.csv", "--json") == (0, "[]\n")
    code, printed = call("check", tmp_path / "t.csv", "--json", "--as-of", "2024-06-30")
    found = {(item["row"], item["column"]) for item in json.loads(printed) if item["severity"] == "error"}
    assert (code, found) == (1, {(3, "status"), (8, "year")})  # a final figure of 2024, a figure of 2025
    rows = [{item["row"] for item in json.loads(call("check", "--json", "--as-of", day)[1])}
            for day in ("2024-12-31", "2026-11-23")]  # fmt: skip
    assert rows[0] < rows[1]


def test_ingest_as_of_a_day_is_what_history_tells(call: Call, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(text([changed(3, value="3.37")]), encoding="utf-8")
    options = ("--data", folder, "--yes", "--no-model", "--as-of", "2026-03-01")
    assert call("ingest", tmp_path / "in.csv", *options)[0] == 0
    told = {}
    for day in ("2026-02-28", "2026-03-02"):
        printed = call("history", "20", "poverty_rate", "--scope", "all", "--data", folder, "--as-of", day, "--json")[1]
        entries = json.loads(printed)["entries"]
        told[day] = {(item["value"], item["standing"]) for item in entries if item["year"] == 2024}
    assert told["2026-02-28"] == {("3.36", "counts")}
    derived = ("3.36", "overruled")  # counts of the same year say so
    assert told["2026-03-02"] == {("3.37", "counts"), ("3.36", "replaced"), derived}


def test_no_figure_comes_in_on_a_day_ahead(call: Call, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(text([changed(2, year="2027", status="preliminary")]), encoding="utf-8")
    options = ("--data", folder, "--yes", "--no-model", "--as-of", "2099-01-01")
    before = state_of(folder)
    assert call("ingest", tmp_path / "in.csv", *options)[0] == 2
    assert call("check", tmp_path / "in.csv", "--as-of", "2099-01-01")[0] == 2
    assert state_of(folder) == before


def test_history_lists_conflicts(call: Call) -> None:
    code, printed = call("history", "20", "poverty_rate", "--as-of", "2026-11-23", "--json")
    in_2025 = {(item["value"], item["standing"]) for item in json.loads(printed)["entries"] if item["year"] == 2025}
    assert (code, in_2025) == (0, {("2.32", "counts"), ("3", "overruled")})


@pytest.mark.parametrize("command", ["check", "ingest"])
def test_check_and_ingest_read_a_mapped_table_alike(command: str, call: Call, tmp_path: Path) -> None:
    (tmp_path / "w.csv").write_text('Huyện,Năm 2023,2024\nBình Gia,"5,5",105\n', encoding="utf-8")
    (tmp_path / "m.yaml").write_text(
        "columns: {area_code: Huyện}\nyears: true\narea_level: district\n"
        "fixed: {indicator: poverty_rate, scope: all, unit: percent, standard: mdp_2022, status: reported, "
        "source_id: kh99-2021}\n",
        encoding="utf-8",
    )
    options = () if command == "check" else ("--dry-run", "--no-model")
    code, printed = call(command, tmp_path / "w.csv", "--map", tmp_path / "m.yaml", "--json", *options)
    problems = json.loads(printed)
    problems = problems if command == "check" else problems["problems"]
    assert (code, [(item["row"], item["column"]) for item in problems]) == (1, [(2, "2024")])


@pytest.mark.parametrize("kind", ["--csv", "--json"])
def test_check_prints_every_form(kind: str, call: Call, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(spoilt(3, "value", "x"), encoding="utf-8")
    code, printed = call("check", tmp_path / "t.csv", kind)
    assert code == 1
    assert {"--csv": "t.csv,3,value,x", "--json": '"row": 3'}[kind] in printed


def test_the_projects_data_have_no_error(call: Call) -> None:
    code, printed = call("check", "--data", PROJECT_DATA, "--json")
    assert (code, {item["severity"] for item in json.loads(printed)}) == (0, {"warning"})


def test_it_asks_before_it_writes_and_says_what_it_did(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(text([changed(3, value="3.37"), changed(2, area_code="x")]), encoding="utf-8")
    before = state_of(folder)
    unasked = run("ingest", tmp_path / "in.csv", "--data", folder, "--no-model", "--lang", "en")
    assert (unasked.returncode, state_of(folder)) == (1, before)
    assert "--yes" in unasked.stderr
    done = run("ingest", tmp_path / "in.csv", "--data", folder, "--yes", "--no-model", "--lang", "en")
    assert done.returncode == 1  # a row was rejected
    assert "value 3.36 → 3.37" in done.stdout
    assert (tmp_path / "rejected.csv").read_text(encoding="utf-8").count("\n") == 2
    assert state_of(folder) != before
    assert "Traceback" not in unasked.stderr + done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("ingest", "t.csv", "--no-model", "--yes", "--rejected", "t.csv/rejected.csv"),
        ("template", "--out", "t.csv", "--cycle", "2025"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_where_nothing_can_be_written_is_told(
    arguments: tuple[str, ...], call: Call, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "t.csv").write_text(spoilt(2, "value", "x"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    data = folder if arguments[0] == "ingest" else PROJECT_DATA
    assert call(*arguments, "--data", data)[0] in (1, 2)


def test_undo_and_history_by_name_in_vietnamese(call: Call, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(text([changed(3, value="3.37")]), encoding="utf-8")
    options = ("--data", folder, "--lang", "vi")
    code, printed = call("ingest", tmp_path / "in.csv", "--yes", "--no-model", "--by", "Ban Dân tộc", *options)
    assert (code, "~ Tỉnh Lạng Sơn (20), Tỷ lệ hộ nghèo, toàn dân, 2024" in printed) == (0, True)
    assert "giá trị 3,36 → 3,37" in printed
    code, printed = call("history", "Lạng Sơn", "tỷ lệ hộ nghèo", *options)
    assert (code, "Tỉnh Lạng Sơn (20) · Tỷ lệ hộ nghèo" in printed, "3,37" in printed) == (0, True, True)
    assert "chính thức" in printed
    assert not {"final", "reported", "delivered", "(delivered)", "dtts", "all"} & set(printed.split())
    code, printed = call("history", *options)
    assert (code, "Ban Dân tộc" in printed, "in.csv" in printed) == (0, True, True)
    assert call("undo", "2", "--no-model", "--reason", "nhầm năm", *options)[0] == 0
    assert "nhầm năm" in call("history", *options)[1]
    assert "đã rút ngày" in call("history", "20", "poverty_rate", *options)[1]
    assert call("undo", "2", "--no-model", "--reason", "nhầm năm", *options)[0] == 2


def test_check_prints_a_few_warnings_of_a_kind_and_says_how_many_more(call: Call) -> None:
    every = json.loads(call("check", "--json")[1])
    printed = call("check")[1].splitlines()
    more = [int(found[1]) for line in printed if (found := re.search(r": còn (\d+) cảnh báo cùng loại", line))]
    told = [line for line in printed if line.startswith("cảnh báo: ")]
    assert more
    assert len(told) + sum(more) == sum(item["severity"] == "warning" for item in every)
