"""Absurd calls, hostile files, closed streams, full disks, Ctrl-C: a message and an exit code, never a traceback."""

from __future__ import annotations

import csv
import io
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.conftest import ROOT
from toolkit.base.yaml_files import read_yaml
from toolkit.cli.main import main

pytestmark = pytest.mark.hostile
PROGRAM = "from toolkit.cli.main import main; main()"
TABLE = "panel,kind,unit,year,value\np,percent,a,2020,12\np,percent,a,2021,13\n"
HISTORY, FORECAST = ("history", "20", "poverty_rate"), ("forecast", "--table", "{table}")
REPORT = ("report", "--area", "181", "--draws", "100")


def called(
    arguments: Sequence[str], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> tuple[int, str]:
    """Run the program in this process; return its exit code and all that it said."""
    monkeypatch.setattr(sys, "argv", ["toolkit", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capfd.readouterr()
    return int(ended.value.code or 0), out + err


# ---- calls that cannot be: arguments, exit code, what is said
CALLS: list[tuple[tuple[str, ...], int, str]] = [
    *(((*REPORT, "--seed", seed), 2, "seed") for seed in ("-1", "-99999999", "99999999999999999999", "1.5", "x", "")),
    *((("forecast", "--draws", draws), 2, "draws") for draws in ("0", "-5", "99", "20001", "1000000000", "1e9", "nan")),
    *((("backtest", "--draws", draws), 2, "draws") for draws in ("0", "1000000000")),
    *((("scenario", "{table}", "--draws", draws), 2, "draws") for draws in ("0", "1000000000")),
    *(((*HISTORY, "--as-of", day), 2, "too far ahead") for day in ("9999-12-31", "9999-01-01", "99991231")),
    *(((*HISTORY, "--as-of", day), 2, "is no date")
      for day in ("9999", "2026-13-01", "2026-02-30", "31/12/2024", "today", "-1", "2026-11-23T00:00", "२०२६-११-२३")),
    *(((*HISTORY, "--as-of", day), 0, "Lạng Sơn") for day in ("0001-01-01", "1800-01-01")),
    *(((command, "--as-of", "9999-12-31"), 2, "too far ahead")
      for command in ("check", "report", "forecast", "backtest", "template")),
    *(((*FORECAST, "--horizon", years), 2, "horizon") for years in ("0", "-1", "101", "1000000000", "x")),
    *(((*FORECAST, "--quantiles", levels), 2, "quantiles")
      for levels in ("", "nan", "inf", "-0.1", "0.5,", "0.5,,0.6", "1e-400", "abc", "0.1;0.9")),
    *((("history", area, "poverty_rate"), 2, "No area")
      for area in ("", "\u202e181", "181\u200b", "x" * 10_000, "\udcff", "%s", "{x}", "../../etc", "181;rm", "🦆")),
    *((("history", "20", name), 2, "o indicator")
      for name in ("", "poverty_rate\u202e", "{0}", "%n", "x" * 5_000, "\udcff", "../../etc/passwd")),
    *((("report", "--cycle", name), 2, "eporting round")
      for name in ("2026", "2026-quarter", "9999-annual", "0000-annual", "-annual", "2026-annual\u202e", "\udcff")),
    *((("report", "--plan", name), 2, "o plan")
      for name in ("", "../../etc/passwd", "x" * 300, "\udcff", "langson-138.yaml")[1:]),
    *((("report", "--model", name), 2, "model") for name in ("", "a b", "\u202e", "../x")),
    *((("report", "--notebook", file), 2, "parameters") for file in ("/etc/passwd", "{table}")),
    *((("report", "--notebook", file), 2, "no file") for file in ("/dev/null", "/dev/zero", "/etc", "no.ipynb")),
    *((("report", "--jobs", count), 2, "jobs") for count in ("0", "-1", "x")),
    *(((*REPORT, "--cell-timeout", seconds), 2, "cell-timeout") for seconds in ("0", "-1", "x")),
    *((("report", "--format", name), 2, "cannot be made") for name in ("", "html,,pdf", "docx;pdf", "../x")),
    *((("report", "--lang", name), 2, "vi, en") for name in ("", "xx", "vi,xx", "vi;en")),
    *((("check", file), 2, "no file") for file in ("/dev/null", "/dev/full", "/etc", "no-such.csv", "")),
    *((("forecast", "--table", file), 2, "no file") for file in ("/dev/null", "/dev/zero", "/etc", "no-such.csv")),
    *((("scenario", file), 2, "no file") for file in ("/dev/null", "/dev/zero", "/etc", "no-such.yaml")),
    *((("params", file), 2, "parameters") for file in ("/etc/passwd", "{table}")),
    *((("params", file), 2, "no file") for file in ("/dev/null", "/dev/zero", "no.ipynb")),
    *((("verify", folder), 1, "manifest") for folder in ("/dev/null", "/no/such/folder", "{folder}")),
    *((("report", "--since", file), 2, "earlier") for file in ("/dev/null", "/etc/passwd", "{folder}", "{table}")),
    *((("report", "--data", folder), 2, folder) for folder in ("/dev/null", "/no/such/folder", "{folder}")),
    *(((*FORECAST, "--out", file), 1, "no plain file")
      for file in ("/dev/full", "/dev/null", "/dev/stdout", "/proc/self/fd/1", "/proc/x.csv", "{folder}", "")),
    *(((*FORECAST, "--out", file), 1, "cannot be read or written") for file in ("x" * 300, "{table}/below.csv")),
    *(((*REPORT, "--out", file), 1, "cannot be read or written")
      for file in ("/dev/full", "/dev/null/x", "/proc/x", "{table}", "x" * 300)),
    (("check", "x" * 5_000), 1, "cannot be read or written"),
    (("check", "/proc/self/mem"), 1, "cannot be read"),
    (("check", "{table}", "--mapping", "/etc/passwd"), 2, "passwd"),
    (("check", "{table}", "--column", "="), 2, "no column"),
    (("template", "--out", "/dev/null", "--area", "20"), 1, "no plain file"),
    (("explore", "--port", "0"), 2, "port"), (("explore", "--port", "99999"), 2, "port"),
    (("nonsense",), 2, "nonsense"), (("--nonsense",), 2, "nonsense"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    CALLS,
    ids=[f"{number}-{call[0]}-{call[-1][:20]!a}".replace("\\", "") for number, (call, _, _) in enumerate(CALLS)],
)
def test_a_call_that_cannot_be_is_refused_in_words(
    arguments: tuple[str, ...], code: int, said: str, tmp_path: Path,
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    table, folder = tmp_path / "table.csv", tmp_path / "folder"
    table.write_text(TABLE, encoding="utf-8")
    folder.mkdir()
    places = {"{table}": str(table), "{folder}": str(folder)}
    filled = [argument.replace("{table}", str(table)).replace("{folder}", str(folder)) for argument in arguments]
    english = (
        [] if "--lang" in arguments or arguments[0].startswith("-") or arguments[0] == "nonsense" else ["--lang", "en"]
    )
    monkeypatch.chdir(tmp_path)
    found, printed = called([*filled, *english], capfd, monkeypatch)
    assert found == code, printed
    assert places.get(said, said) in printed
    assert sorted(tmp_path.iterdir()) == [folder, table]
    assert table.read_text(encoding="utf-8") == TABLE


# ---- YAML that is meant to break its reader
DEEP: dict[str, str] = {
    "brackets": "[" * 100_000,
    "brackets closed": "[" * 100_000 + "]" * 100_000,
    "a million brackets": "[" * 1_000_000,
    "braces": "{a: " * 100_000,
    "dashes": "- " * 100_000,
    "keys": "? " * 100_000,
    "indents": "".join(" " * depth + "a:\n" for depth in range(2_000)),
    "anchors": "&a " * 100_000,
    "tags": "!!map " * 100_000,
    "an open quotation mark": '"' + "[" * 3_900_000,
    "more than the most": "a: " + "x" * 4_000_000,
    "references that multiply": "a: &a [1, 1]\n"
    + "".join(f"{new}: &{new} [*{old}, *{old}, *{old}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)),
    "a reference to itself": "a: &a [*a]",
    "objects": "a: !!python/object/apply:os.system ['true']",
    "NUL": "a: \0b",
    "UTF-16": "\ufeffa: b".encode("utf-16-le").decode("latin-1"),
    "two documents": "a: 1\n---\nb: 2\n",
}


READERS = [
    *((command, name) for command in ("scenario", "mapping") for name in DEEP),
    *((command, name) for command in ("plan", "indicators") for name in ("brackets", "keys", "NUL", "objects")),
]  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the data whose YAML files may be replaced."""
    copy = tmp_path_factory.mktemp("project") / "data"
    return Path(shutil.copytree(ROOT / "data", copy, ignore=shutil.ignore_patterns("panels", "provinces")))


@pytest.mark.parametrize(("command", "name"), READERS)
def test_yaml_that_is_meant_to_break_its_reader_is_a_problem_with_a_line(
    name: str, command: str, data: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    file = {"plan": data / "plans" / "langson-138.yaml", "indicators": data / "indicators.yaml"}.get(
        command, tmp_path / "hostile.yaml"
    )
    arguments = {
        "scenario": ["scenario", str(file)],
        "mapping": ["check", str(ROOT / "data" / "areas.csv"), "--mapping", str(file)],
    }.get(command, ["check", "--data", str(data)])
    kept, begun = file.read_bytes() if file.exists() else b"", time.process_time()
    file.write_text(DEEP[name], encoding="utf-8")
    try:
        code, printed = called([*arguments, "--lang", "en"], capfd, monkeypatch)
        assert read_yaml(file).problems or name in {"references that multiply", "objects"}  # neither is built
    finally:
        file.write_bytes(kept)
    assert code in (1, 2), printed[:500]
    assert ".yaml" in printed
    assert time.process_time() - begun < 60


# ---- where results go
def test_a_link_stays_and_what_it_leads_to_is_written(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "t.csv").write_text(TABLE, encoding="utf-8")
    (tmp_path / "real.csv").write_text("panel,unit,year,quantile,value\nold", encoding="utf-8")
    (tmp_path / "link.csv").symlink_to("real.csv")
    arguments = ["forecast", "--table", str(tmp_path / "t.csv"), "--out", str(tmp_path / "link.csv")]
    assert called(arguments, capfd, monkeypatch)[0] == 0
    assert (tmp_path / "link.csv").readlink() == Path("real.csv")
    assert (tmp_path / "real.csv").read_text(encoding="utf-8").endswith("\n")


@pytest.mark.parametrize("verb", ["forecast", "backtest", "scenario", "review", "template"])
def test_what_others_made_stays_where_a_result_would_go(
    verb: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "t.csv").write_text(TABLE, encoding="utf-8")
    mine = tmp_path / "out" / {"forecast": "mine.csv", "template": "20-tinh-lang-son-2026.xlsx"}.get(verb, "scores.csv")
    mine.parent.mkdir()
    mine.write_text("mine", encoding="utf-8")
    table, where = ["--table", str(tmp_path / "t.csv")], ["--out", str(mine.parent)]
    arguments = {
        "forecast": ["forecast", *table, "--out", str(mine)],
        "backtest": ["backtest", *table, "--model", "no_change", *where],
        "scenario": ["scenario", str(ROOT / "data" / "scenarios" / "poverty.yaml"), *where],
        "review": ["review", "no-run", *where],
        "template": ["template", "--area", "20", "--cycle", "2026", *where],
    }[verb]
    code, printed = called([*arguments, "--lang", "en"], capfd, monkeypatch)
    assert code == 1, printed
    assert mine.name in printed
    assert mine.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    "name", ["forecasts/mine.docx", "records/mine.json", ".mine.part", "since/attainment.csv", "a"]
)
@pytest.mark.parametrize("language", ["en", "en,vi"])
def test_a_folder_with_files_of_others_is_left_alone(
    name: str, language: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = tmp_path / name
    mine.parent.mkdir(exist_ok=True)
    mine.write_text("mine", encoding="utf-8")
    code, printed = called([*REPORT, "--out", str(tmp_path), "--lang", language], capfd, monkeypatch)
    assert code == 1
    assert "did not make" in printed
    assert [file.read_text(encoding="utf-8") for file in tmp_path.rglob("*") if file.is_file()] == ["mine"]


@pytest.mark.parametrize("text", ["=1+1", "+1+cmd|' /C calc'!A0", "@SUM(1)", "-2+3", "\t=1", " =1", "=HYPERLINK(1)"])
def test_a_text_never_becomes_a_formula_in_a_table(
    text: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "t.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(
            [TABLE.split("\n", maxsplit=1)[0].split(","), *(["p", "percent", text, year, 12] for year in (2020, 2021))]
        )
    code, printed = called(["forecast", "--table", str(tmp_path / "t.csv"), "--lang", "en"], capfd, monkeypatch)
    assert code == 0, printed
    units = {row["unit"] for row in csv.DictReader(printed.splitlines())}
    assert [unit for unit in units if not unit.startswith("'")] == []


MARKS = ("\u202e", "\u202d", "\u2066", "\u2067", "\u200f", "\u061c")


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize("column", ["unit", "year", "value", "kind"])
def test_marks_that_change_the_direction_of_writing_are_no_traceback(
    mark: str, column: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = {"panel": "p", "kind": "percent", "unit": "a", "year": "2021", "value": "13"}
    changed = {**cells, column: f"{mark}{cells[column]}"}
    (tmp_path / "t.csv").write_text(
        TABLE[: TABLE.index("p,percent,a,2021")] + ",".join(changed.values()) + "\n", encoding="utf-8"
    )
    code, printed = called(["forecast", "--table", str(tmp_path / "t.csv"), "--lang", "en"], capfd, monkeypatch)
    assert code in (0, 1)
    assert code == 0 or ("row 3" in printed and mark not in printed)


# ---- streams: a process of its own each
def started(*arguments: str, **settings: object) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **settings.pop("env", {})}  # type: ignore[dict-item]
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], env=environment, capture_output=True, check=False, **settings
    )  # type: ignore[call-overload]


ENCODINGS = {
    "cp1258": {"PYTHONIOENCODING": "cp1258"}, "cp1252": {"PYTHONIOENCODING": "cp1252"},
    "ascii": {"PYTHONIOENCODING": "ascii"}, "latin-1 strict": {"PYTHONIOENCODING": "latin-1:strict"},
    "no locale": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
}  # fmt: skip


SPOKEN = [
    (("history", "20", "poverty_rate"), "stdout", "Tỷ lệ hộ nghèo"),
    (("history", "20", "poverty_rate", "--as-of", "x"), "stderr", "không phải là ngày"),
    (("history", "Lạng Sơm", "poverty_rate"), "stderr", "Không có địa bàn"),
    (("params", "parameterized/area_report.ipynb"), "stdout", "mã"),
    (("check", "--csv"), "stdout", "số"),
    (("report", "--help"), "stdout", "Bình Gia"),
]  # fmt: skip


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_output_is_utf_8_whatever_the_console_speaks(encoding: str) -> None:
    arguments, _, said = SPOKEN[3]
    done = started(*arguments, cwd=ROOT, env={**ENCODINGS[encoding], "TOOLKIT_LANG": "vi"})
    assert b"Traceback" not in done.stderr
    assert said in done.stdout.decode("utf-8")


@pytest.mark.parametrize("encoding", ["cp1258", "cp1252", "ascii"])
@pytest.mark.parametrize(("arguments", "stream", "said"), SPOKEN)
def test_all_that_is_said_is_utf_8(
    arguments: tuple[str, ...], stream: str, said: str, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = {name: io.BytesIO() for name in ("stdout", "stderr")}
    for name, content in written.items():
        monkeypatch.setattr(sys, name, io.TextIOWrapper(content, encoding=encoding))
    monkeypatch.setattr(sys, "argv", ["toolkit", *arguments])
    monkeypatch.chdir(ROOT)
    with pytest.raises(SystemExit):
        main()
    getattr(sys, stream).flush()
    assert said in written[stream].getvalue().decode("utf-8")


SHELL = 'exec "$0" -c "$1" params parameterized/area_report.ipynb --lang en '


@pytest.mark.parametrize(
    ("closed", "code", "said"),
    [
        (">&-", 0, "standard output is closed"), ("2>&-", 0, ""), ("<&-", 0, ""), (">&- 2>&- <&-", 0, ""),
        (">/dev/full", 1, "No space left"), (">/dev/full 2>&1", 1, ""), ("2>/dev/full", 0, ""),
        ("| head -c 10 | true", 0, ""), ("--nonsense 2>&-", 2, ""),
        ("--nonsense 2>/dev/full", 2, ""), ("--lang xx 2>/dev/full", 2, ""),
    ],
)  # fmt: skip
def test_closed_and_full_streams_end_in_an_exit_code(closed: str, code: int, said: str) -> None:
    done = subprocess.run(
        ["sh", "-c", SHELL.replace("exec ", "") + closed, sys.executable, PROGRAM],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr
    assert said in done.stderr


def _small_files() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))


@pytest.mark.parametrize("command", ["forecast", "template", "report"])
def test_a_file_that_cannot_be_written_whole_is_named(command: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(TABLE, encoding="utf-8")
    arguments = {
        "forecast": ["forecast", "--table", "t.csv", "--out", "result.csv"],
        "template": ["template", "--area", "20", "--out", "result"],
        "report": [*REPORT, "--out", "result", "--kernels", "plain"],
    }[command]
    done = started(*arguments, "--lang", "en", cwd=tmp_path, preexec_fn=_small_files)
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    assert b"result" in done.stderr
    assert b"File too large" in done.stderr
    assert not list(tmp_path.rglob("*.part"))


TINY = 'mount -t tmpfs -o size={size} none "$0" && cd "$0" && exec "$@"'


@pytest.mark.parametrize(
    ("command", "size"), [("forecast", "4k"), ("report", "200k"), ("report", "2m"), ("template", "8k")]
)
def test_a_full_disk_is_told_with_the_file(command: str, size: str, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text(TABLE, encoding="utf-8")
    disk = tmp_path / "disk"
    disk.mkdir()
    inside = ["unshare", "--mount", "--map-root-user", "sh", "-c", TINY.format(size=size), str(disk)]
    if subprocess.run([*inside, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no small disk can be mounted here; the limit on the size of files stands in for it")
    arguments = {
        "forecast": ["forecast", "--table", str(table), "--horizon", "50", "--out", "result.csv"],
        "template": ["template", "--area", "20", "--out", "result"],
        "report": [*REPORT, "--out", "result"],
    }[command]
    done = subprocess.run(
        [*inside, sys.executable, "-c", PROGRAM, *arguments, "--lang", "en"],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False, timeout=200,
    )  # fmt: skip
    assert done.returncode == 1
    assert "Traceback" not in done.stderr, done.stderr
    assert "No space left on device" in done.stderr
    assert "result" in done.stderr


MOMENTS = (0.01, 0.05, 0.1, 0.3, 0.8, 2.0)
WAITING = "import os; from toolkit.cli.main import main; os.write(1, b'x'); main()"


@pytest.mark.parametrize("moment", MOMENTS)
def test_ctrl_c_ends_in_one_line_at_any_moment(moment: float, tmp_path: Path) -> None:
    """From the program's first line on; in the few milliseconds before it Python has not yet handed over."""
    process = subprocess.Popen(
        [sys.executable, "-c", WAITING, *REPORT, "--out", str(tmp_path / "run"), "--lang", "en"],
        env={**os.environ, "PYTHONPATH": str(ROOT), "TOOLKIT_LANG": "en"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.read(1) == "x"
    time.sleep(moment)
    os.killpg(process.pid, signal.SIGINT)
    _, printed = process.communicate(timeout=60)
    assert process.returncode == 130, printed
    assert "Traceback" not in printed
    assert "KeyboardInterrupt" not in printed
    assert printed.splitlines()[-1] == "toolkit: stopped."
