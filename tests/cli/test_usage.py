"""Mistakes end in a message and an exit code, never in a traceback."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from tests.cli.commands import run
from toolkit.base.errors import UsageError
from toolkit.cli.main import app
from toolkit.cli.options import wanted_areas
from toolkit.data.dataset import PROJECT_DATA, Dataset
from toolkit.plan.plan import Plan
from toolkit.run.manifest import Asked
from toolkit.run.reports import data_name


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["report", "--area", "Binh Gai"], 2, ["Binh Gai", "Bình Gia (181)"]),
        (["report", "--area", "Chi Lăng", "--level", "commune"], 2, ["05983", "06034", "06463", "06466", "06523"]),
        (["report", "--area", "chi lang", "--level", "commune", "--lang", "en"], 2, ["several areas", "06463"]),
        (["report", "--area", "99999"], 2, ["99999"]),
        (["report", "--area", "06034", "--level", "commune", "--lang", "en"], 2, ["ended on 2025-06-30", "06040"]),
        (["report", "--level", "village", "--lang", "en"], 2, ["village", "Choose province, district or commune"]),
        (["report", "--lang", "fr"], 2, ["fr", "vi, en"]),
        (["report", "--lang", "vi,fr"], 2, ["fr", "vi, en"]),
        (["report", "--format", "odt", "--lang", "en"], 2, ["odt", "html"]),
        (["report", "--as-of", "yesterday", "--lang", "en"], 2, ["“yesterday” is no date"]),
        (["report", "--data", "/no/such/folder"], 2, ["/no/such/folder"]),
        (["report", "--plan", "langson-139"], 2, ["langson-138"]),
        (["report", "--colour"], 2, ["--colour"]),
        (["forecast", "--indicator", "povrty_rate"], 2, ["poverty_rate"]),
        (["forecast", "--quantiles", "0.1;0.9", "--lang", "en"], 2, ["0.1;0.9"]),
        (["forecast", "--quantiles", "0.1,1", "--lang", "en"], 2, ["between 0 and 1"]),
        (["forecast", "--table", "none.csv", "--lang", "en"], 2, ["none.csv", "panel, kind, unit, year, value"]),
        (["forecast", "--model", "oracle"], 2, ["oracle"]),
        (["forecast", "--draws", "5", "--lang", "en"], 2, ["5 draws are too few"]),
        (["check", "none.csv"], 2, ["none.csv"]),
        (["reprot"], 2, ["reprot"]),
    ],
)
def test_a_wrong_call_is_explained(arguments: list[str], code: int, said: list[str]) -> None:
    done = run(*arguments)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert [text for text in said if text not in done.stderr] == []


def test_every_command_has_help_with_an_example() -> None:
    main = CliRunner().invoke(app, ["--help"])
    assert main.exit_code == 0
    names = [command.name for command in app.registered_commands]
    assert len(names) > 10, names
    for name in names:
        told = CliRunner().invoke(app, [str(name), "--help"], env={"COLUMNS": "200"})
        assert told.exit_code == 0
        example = " ".join(told.output.split()).partition("Example:")[2]
        assert f"toolkit {name} " in f"{example} ", name


def test_a_table_goes_in_and_quantiles_come_out(tmp_path: Path) -> None:
    rows = [("p", "percent", "007", year, value) for year, value in ((2019, 30.0), (2020, 27.5), (2021, 26.0))]
    rows += [("p", "percent", "__parent__", year, value) for year, value in ((2019, 31.0), (2020, 29.0), (2021, 27.0))]
    table = pd.DataFrame(
        [*rows, ("p", "percent", "empty", 2021, None)], columns=["panel", "kind", "unit", "year", "value"]
    )
    table.to_csv(tmp_path / "in.csv", index=False)
    done = run(
        "forecast",
        "--table",
        tmp_path / "in.csv",
        "--horizon",
        "3",
        "--quantiles",
        "0.1,0.5,0.9",
        "--out",
        tmp_path / "o.csv",
    )
    assert done.returncode == 0, done.stderr
    result = pd.read_csv(tmp_path / "o.csv", dtype={"unit": str})
    assert list(result.columns) == ["panel", "unit", "year", "quantile", "value"]
    assert set(result["unit"]) == {"007", "empty"}
    assert sorted(set(result["year"])) == [2022, 2023, 2024]
    assert result.groupby(["unit", "year"])["value"].apply(lambda values: values.is_monotonic_increasing).all()
    assert result["value"].between(0, 100).all()


def test_a_bad_table_is_refused_with_row_and_column(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(
        "panel,kind,unit,year,value\np,percent,a,2020,12\np,percent,a,2021,xyz\n", encoding="utf-8"
    )
    done = run("forecast", "--table", tmp_path / "in.csv")
    assert done.returncode == 1
    assert "3" in done.stderr
    assert "value" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_plans_forecasts_come_as_a_table() -> None:
    done = run("forecast", "--area", "Bình Gia", "--indicator", "poverty_rate", "--draws", "200")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith(
        "area_code,area_name,indicator,scope,unit,year,standard,observed,grade,proxy,q0.025,q0.1"
    )
    assert any(line.startswith("181,Huyện Bình Gia,poverty_rate,all,percent,2018,mdp_2016,True,B,,") for line in lines)


def test_the_data_folder_is_without_errors() -> None:
    done = run("check")
    assert done.returncode == 0, done.stdout
    assert "dòng 244" in done.stdout  # the press figure of about 3 % against the decision's 2.32


def test_a_bad_observation_table_names_the_cell(tmp_path: Path) -> None:
    header = "area_code,indicator,scope,year,value,unit,standard,status,source_id"
    (tmp_path / "bad.csv").write_text(
        f"{header}\n181,poverty_rate,all,2024,120,percent,mdp_2022,final,danviet-ls-2025\n", encoding="utf-8"
    )
    done = run("check", tmp_path / "bad.csv", "--lang", "en")
    assert done.returncode == 1
    assert "bad.csv, row 2, column value" in done.stdout


@pytest.mark.parametrize(
    ("folder", "said"),
    [
        (PROJECT_DATA, ""),
        (PROJECT_DATA / "provinces" / "bac-kan", "--data data/provinces/bac-kan"),
        (Path("/somewhere/else/figures"), "--data figures"),  # no page names a folder of a machine
    ],
)
def test_the_command_that_a_page_prints_can_be_typed_in_the_projects_folder(folder: Path, said: str) -> None:
    asked = Asked(areas=(), plan="p", as_of=date(2026, 11, 23), language="en", data=data_name(folder))
    assert asked.command == f"toolkit report --lang en --as-of 2026-11-23 --plan p {said}".rstrip()


def test_several_levels_stand_in_one_run_and_in_its_command(real_data: Dataset, real_plan: Plan) -> None:
    areas = wanted_areas(real_data, real_plan, None, "commune, province,district")
    assert [area.level for area in areas] == ["province"] + ["district"] * 11 + ["commune"] * 65
    with pytest.raises(UsageError, match="village"):
        wanted_areas(real_data, real_plan, None, "district,village")
    few = wanted_areas(real_data, real_plan, ["20", "Bình Gia", "06112"], "province,district,commune")
    assert [area.code for area in few] == ["20", "181", "06112"]
    with pytest.raises(UsageError, match="138/KH-UBND"):
        wanted_areas(real_data, real_plan, ["20", "Hà Giang"], None)
    assert wanted_areas(real_data, real_plan, ["Hà Giang"], None, others=True)[0].code == "02"
    assert {area.code for area in areas if area.level == "province"} == {"20"}
    codes = tuple(area.code for area in areas)
    asked = Asked(areas=codes, plan="p", as_of=date(2026, 11, 23), level="province,district,commune")
    assert asked.command == "toolkit report --level province,district,commune --lang vi --as-of 2026-11-23 --plan p"
