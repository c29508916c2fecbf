"""The engine on real data with few areas and draws: resume, verify, research object."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from tests.conftest import ROOT, TODAY
from tests.run.notebooks import write_notebook
from toolkit.base.errors import UsageError
from toolkit.base.files import own_folder
from toolkit.cli.main import app
from toolkit.run import manifest, reports
from toolkit.run.manifest import read_manifest
from toolkit.run.session import open_run
from toolkit.run.verify import altered_files, made_again

AREAS = ("--area", "20", "--area", "182")
COMMON = ("--lang", "en", "--draws", "200", "--as-of", TODAY.isoformat())


def toolkit(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def report(folder: Path, *more: str | Path, areas: tuple[str, ...] = AREAS) -> list[dict]:
    """Make a small run and return its events."""
    done = toolkit("report", *areas, *COMMON, "--out", folder, "--json", *more)
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def made(events: list[dict]) -> list[str]:
    """Return the names of the reports that were made, not kept."""
    return sorted(event["name"] for event in events if event["event"] == "done")


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file that a run vouches for, and its manifest."""
    files = [file for file in folder.rglob("*") if file.is_file()]
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the data that tests may alter."""
    return Path(shutil.copytree(ROOT / "data", tmp_path_factory.mktemp("project") / "data"))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, data: Path) -> Path:
    """Make a small run once."""
    folder = tmp_path_factory.mktemp("run") / "first"
    assert made(report(folder, "--data", data)) == ["182", "20"]
    return folder


def test_a_run_can_be_read_where_it_lies_with_the_answers_it_printed(run: Path) -> None:
    opened = open_run(run)
    table = pd.read_csv(run / "attainment.csv", dtype={"area_code": str}, keep_default_na=False)
    answers = opened.attainments("182")
    assert [answer.target_id for answer in answers] == list(table.loc[table["area_code"] == "182", "target_id"])
    assert opened.facts.command.startswith("toolkit report --area 20 --area 182")
    assert str(run) not in opened.facts.command


def test_stored_answers_are_those_that_were_computed(run: Path) -> None:
    from dataclasses import replace

    opened = open_run(run)
    assert opened.attainments("182") == replace(opened, stored=None).attainments("182")


def test_nothing_is_made_again_while_nothing_changed_and_only_what_is_damaged_is(run: Path, data: Path) -> None:
    before = contents(run)
    assert made(report(run, "--data", data)) == []
    page = next((run / "areas").glob("182-*.html"))
    page.write_bytes(page.read_bytes()[:-100])
    (run / "areas" / ".20-x.html.abc.part").write_bytes(b"half")
    assert made(report(run, "--data", data)) == ["182"]
    assert contents(run) == before


def test_a_run_killed_while_old_forecasts_go_is_completed_by_the_next(
    run: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(run)

    def killed(folder: Path, **_: object) -> None:
        next(folder.glob("*.json")).unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("toolkit.run.session.shutil.rmtree", killed)
        assert toolkit("report", *AREAS, *COMMON, "--out", run, "--data", data, "--force").exit_code != 0
    assert contents(run).keys() != before.keys()
    report(run, "--data", data)
    assert contents(run) == before


def test_verify_names_every_altered_file(run: Path, data: Path) -> None:
    page, table = next((run / "areas").glob("182-*.html")), data / "observations" / "0001.csv"
    kept = {file: file.read_bytes() for file in (page, table)}
    assert toolkit("verify", run, "--hashes", "--lang", "en", "--data", data).exit_code == 0
    try:
        page.write_bytes(kept[page].replace(b"2030", b"2031", 1))
        table.write_bytes(kept[table].replace(b"12.2", b"12.3", 1))
        (run / "areas" / "stray.txt").write_text("?", encoding="utf-8")
        done = toolkit("verify", run, "--hashes", "--lang", "en", "--data", data)
    finally:
        for file, content in kept.items():
            file.write_bytes(content)
        (run / "areas" / "stray.txt").unlink()
    assert done.exit_code == 1
    assert f"output areas/{page.name}: altered" in done.output
    assert "input data/observations/0001.csv: altered" in done.output
    assert "output areas/stray.txt: added" in done.output
    assert len(done.output.splitlines()) == 4


def test_a_changed_digit_in_any_input_output_or_template_is_named(
    run: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "project"
    shutil.copytree(ROOT / "parameterized", project / "parameterized")
    shutil.copy2(ROOT / "requirements.lock", project / "requirements.lock")
    monkeypatch.setattr(manifest, "PROJECT", project)
    record = read_manifest(run)
    places = {("output", name): run / name for name in record.outputs}
    for name in record.inputs:
        places["input", name] = (data.parent if name.startswith("data/") else project) / name
    del places["input", "panels/calibration.csv"]  # the program's own
    assert altered_files(run, data=data) == ()
    wanted = {"parameterized/area_report.ipynb", "data/observations/0001.csv", "panels/calibration.csv"}
    assert {*wanted, "requirements.lock"} <= record.inputs.keys()
    for (part, name), file in places.items():
        content = file.read_bytes()
        digit = next((place for place, byte in enumerate(content) if byte in b"0123456789"), 0)
        file.write_bytes(content[:digit] + bytes([content[digit] ^ 1 if content else 49]) + content[digit + 1 :])
        found = [(item.part, item.file, item.change) for item in altered_files(run, data=data)]
        file.write_bytes(content)
        both = [("input", name, "altered")] if part == "output" and name in record.inputs else []
        assert found == [*both, (part, name, "altered")]


def test_what_a_province_leaves_to_the_country_is_vouched_for(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "data", tmp_path / "data", ignore=shutil.ignore_patterns("panels"))
    province = tmp_path / "data" / "provinces" / "bac-kan"
    before = manifest.take_snapshot(province, tmp_path / "run")
    assert {"data/observations/0001.csv", "data/indicators.yaml", "data/breaks.csv"} <= before.keys()
    table = tmp_path / "data" / "breaks.csv"
    table.write_bytes(table.read_bytes().replace(b"0.37", b"0.38", 1))
    now = manifest.take_snapshot(province, tmp_path / "run")
    assert [name for name in before if now[name] != before[name]] == ["data/breaks.csv"]
    assert (tmp_path / "run" / "data" / "breaks.csv").read_bytes() == table.read_bytes()


def test_the_research_object_names_every_file_once(run: Path) -> None:
    graph = json.loads((run / "ro-crate-metadata.json").read_text(encoding="utf-8"))["@graph"]
    ids = [entity["@id"] for entity in graph]
    assert len(ids) == len(set(ids))
    files = {entity["@id"] for entity in graph if entity["@type"] == "File"}
    there = {file.relative_to(run).as_posix() for file in run.rglob("*") if file.is_file()}
    assert files == there - {"ro-crate-metadata.json"}
    root = next(entity for entity in graph if entity["@id"] == "./")
    assert {part["@id"] for part in root["hasPart"]} == files


def test_a_second_run_in_the_same_folder_is_kept_out(tmp_path: Path) -> None:
    made = toolkit("report", "--area", "20", "--draws", "100", "--out", tmp_path / "run")
    assert made.exit_code == 0, made.output
    with own_folder(tmp_path / "run", "manifest.json"):
        refused = toolkit("report", "--area", "20", "--draws", "100", "--out", tmp_path / "run", "--lang", "en")
    assert "Another run is at work" in str(refused.exception)


@pytest.mark.slow
def test_two_folders_and_both_kinds_of_kernels_give_the_same_bytes(run: Path, data: Path, tmp_path: Path) -> None:
    report(tmp_path / "deep" / "other", "--data", data, "--kernels", "plain")
    assert contents(tmp_path / "deep" / "other") == contents(run)


@pytest.mark.slow
def test_verify_makes_the_run_again_and_names_the_numbers_that_changed(run: Path) -> None:
    untouched = toolkit("verify", run, "--lang", "en")
    assert untouched.exit_code == 0, untouched.output
    assert untouched.output.splitlines()[-2:] == ["Every file was compared.", "Outcome: identical."]
    table = run / "attainment.csv"
    kept = table.read_bytes()
    lines = kept.decode().splitlines()
    row = next(number for number, line in enumerate(lines) if ",probability," in line and line.startswith("20,"))
    cells = lines[row].split(",")
    position = lines[0].split(",").index("probability")
    try:
        table.write_text("\n".join([*lines[:row], ",".join([*cells[:position], "0.123", *cells[position + 1 :]]),
                                    *lines[row + 1 :]]) + "\n", encoding="utf-8")  # fmt: skip
        done = toolkit("verify", run, "--lang", "en")
    finally:
        table.write_bytes(kept)
    assert done.exit_code == 1
    assert "output attainment.csv: altered" in done.output
    assert f"row {row + 1} (20, {cells[3]}), column probability: was “0.123”" in done.output


@pytest.mark.slow
def test_a_changed_input_or_template_changes_numbers_that_verify_names(
    run: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = data / "observations" / "0001.csv"
    kept = table.read_bytes()
    try:
        assert kept.count(b",2025,,2.32,") >= 1
        table.write_bytes(kept.replace(b",2025,,2.32,", b",2025,,2.42,", 1))
        done = toolkit("verify", run, "--lang", "en", "--data", data)
    finally:
        table.write_bytes(kept)
    assert done.exit_code == 1
    assert "input data/observations/0001.csv: altered" in done.output
    assert "column last_value: was “2.32”, is “2.42”" in done.output

    template = tmp_path / "area_report.ipynb"
    source = (ROOT / "parameterized" / "area_report.ipynb").read_text(encoding="utf-8")
    notebook = json.loads(source)
    notebook["cells"][-1]["source"] = [*notebook["cells"][-1]["source"], "\n# 7"]
    template.write_text(json.dumps(notebook), encoding="utf-8")
    monkeypatch.setattr(reports, "AREA_TEMPLATE", template)
    changed = [item for item in made_again(run, tmp_path / "again", data=data) if item.outcome != "identical"]
    notebooks = [item for item in changed if item.file.endswith(".ipynb")]
    assert len(notebooks) == 2
    assert all("/source/" in str(item.differences[0].place["entry"]) for item in notebooks)


def test_an_address_is_refused_in_words(tmp_path: Path) -> None:
    done = toolkit("report", *AREAS, *COMMON, "--out", "s3://bucket/run")
    assert isinstance(done.exception, UsageError)
    assert "s3://bucket/run is an address" in str(done.exception)


def test_ones_own_notebook_is_run_for_each_area_and_verified_by_who_trusts_it(run: Path, tmp_path: Path) -> None:
    mine = write_notebook(
        tmp_path / "mine.ipynb",
        "import toolkit\nrun = toolkit.open_run(run_folder)\nprint(run.table(area_code).shape, language)",
        parameters='area_code: str = ""\nrun_folder: str = ""\nlanguage: str = "vi"\n',
    )
    asked = ("--notebook", mine, "--data", run / "data")
    events = report(tmp_path / "run", *asked, areas=AREAS[2:])
    assert made(events) == ["182"]
    page = next((tmp_path / "run" / "areas").glob("182-*.html")).read_text(encoding="utf-8")
    assert "(68, " in page
    assert events[-1]["digest"].partition("-")[0] in page, "the digest stands on every page"
    assert made(report(tmp_path / "run", *asked, areas=AREAS[2:])) == []
    foreign = toolkit("verify", tmp_path / "run", "--lang", "en")
    assert isinstance(foreign.exception, UsageError)
    assert "a program, which is not run unasked" in str(foreign.exception)
    trusted = toolkit("verify", tmp_path / "run", "--notebook", mine, "--lang", "en")
    assert trusted.output.splitlines()[-1] == "Outcome: identical.", trusted.output
    refused = toolkit("report", *COMMON, "--notebook", mine, "--format", "docx")
    assert isinstance(refused.exception, UsageError)
