"""Speed and memory, as ratios within one run: ``make bench`` (``python -m workshop.bench``).

Seconds differ from machine to machine; what is compared here ran on the same machine minutes apart. Each line says the
budget, what was measured, and whether it held:

- eleven district reports by ``toolkit report`` against plain papermill, one after another, with nbconvert and the same
  Word and PDF, on the same stored forecasts, whose time counts on both sides;
- what one more report costs, and what of it is not the cells' own time;
- time and memory from 11 districts to 65 communes to 700 areas (made up; HTML, fewer draws);
- 65 communes on a Dask cluster that loses a worker (where the extra is installed);
- series forecast in a second by our model against statsmodels' damped ETS, and statsforecast's AutoETS where
  ``--statsforecast PYTHON`` names an interpreter that has it; a table of 132,840 series;
- ``import toolkit``.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from toolkit.data.dataset import data_folder
from toolkit.forecast.any_table import forecast_table
from toolkit.forecast.make import DRAWS
from toolkit.run.manifest import commit, versions

DISTRICTS, COMMUNES, MANY = 11, 65, 700
SCALE_DRAWS = 500
WORKERS = 2
FORMATS = "html,docx,pdf"
LEVELS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
PEAKS = {"main": "peak", "fork server": "peak_server", "forked": "peak_forked"}
TABLE = (40, 3321, 10)
"""Panels, units and years of the large table: 40 indicators in 3,321 communes."""
AUTO_ETS = """
import sys, time, pandas as pd
from statsforecast import StatsForecast
from statsforecast.models import AutoETS
rows = pd.read_csv(sys.argv[1], dtype={"panel": str, "unit": str})
series = pd.DataFrame({"unique_id": rows.panel + "-" + rows.unit, "ds": rows.year, "y": rows.value})
model = StatsForecast(models=[AutoETS(season_length=1)], freq=1, n_jobs=1)
model.forecast(df=series[series.unique_id == series.unique_id.iloc[0]], h=8, level=[50, 80, 95])
begun = time.perf_counter()
model.forecast(df=series, h=8, level=[50, 80, 95])
print(series.unique_id.nunique() / (time.perf_counter() - begun))
"""


@dataclass(frozen=True)
class Line:
    """A budget, and what came of it.

    Attributes
    ----------
    what, budget, measured :
        In words.
    held :
        None where there is no budget, or where it could not be measured.
    """

    what: str
    budget: str
    measured: str
    held: bool | None = None


def seconds(work: Callable[[], object]) -> float:
    """Return the wall-clock seconds that `work` takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def measure(
    what: str, data: Path, folder: Path, level: str, count: int, *, draws: int = DRAWS, formats: str = "html"
) -> dict[str, float]:
    """Return one measurement, made in a process of its own; see :mod:`workshop.measure`."""
    script = Path(__file__).with_name("measure.py")
    command = [sys.executable, *map(str, (script, what, data, folder, level, count, draws, WORKERS, formats))]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def reports(folder: Path) -> list[Line]:
    """Return lines about eleven district reports, one more, and the same by plain papermill."""
    data = data_folder()
    many = measure("ours", data, folder / "eleven", "district", DISTRICTS, formats=FORMATS)
    one = measure("ours", data, folder / "one", "district", 1, formats=FORMATS)
    plain = measure("plain", data, folder / "eleven", "district", DISTRICTS, formats=FORMATS)
    cells = measure("cells", data, folder / "eleven", "district", DISTRICTS, formats=FORMATS)
    ours = many["forecasting"] + many["reporting"] + many["gathering"]
    theirs = many["forecasting"] + plain["reporting"]
    more = (many["core_seconds"] - one["core_seconds"]) / (DISTRICTS - 1)
    added = more - cells["cells"] / DISTRICTS
    return [
        Line(
            f"eleven district reports ({FORMATS}), {WORKERS} cores, to a plain loop, forecasts on both sides",
            "≤ 0.33",
            f"{ours / theirs:.2f} ({ours:.1f} s to {theirs:.1f} s; forecasts {many['forecasting']:.1f} s)",
            ours / theirs <= 1 / 3,
        ),
        Line("the reports alone", "≤ 0.33", f"{many['reporting'] / plain['reporting']:.2f}"),
        Line("one more report", "≤ 1.5 core-s", f"{more:.2f} core-s", more <= 1.5),
        Line("of it beyond the cells' own time", "≤ 0.6 core-s", f"{added:.2f} core-s", added <= 0.6),
    ]


def scale(folder: Path, counts: Sequence[int]) -> list[Line]:
    """Return lines about time and memory for growing numbers of areas."""
    found: dict[int, dict[str, float]] = {}
    lines = []
    for count in counts:
        data, level = data_folder(), "district" if count <= DISTRICTS else "commune"
        if count > COMMUNES:
            data = many_communes(folder / f"data-{count}", count)
        found[count] = one = measure("ours", data, folder / f"scale-{count}", level, count, draws=SCALE_DRAWS)
        shutil.rmtree(folder / f"scale-{count}", ignore_errors=True)
        peaks = ", ".join(f"{role} {one[key]:.0f}" for role, key in PEAKS.items())
        times = (
            f"{one['seconds']:.0f} s; forecasts {one['forecasting']:.1f} s, a report {one['reporting'] / count:.2f} s"
        )
        what = f"{one['areas']:.0f} areas (HTML, {SCALE_DRAWS} draws)"
        lines.append(Line(what, "", f"{times}; peaks in MiB: {peaks}"))
    few, most = min(counts), max(counts)
    if few < most:
        grown = max(found[most][key] / found[few][key] for key in PEAKS.values())
        lines.append(Line(f"memory, {most} areas to {few}", "≤ 1.25", f"{grown:.2f}", grown <= 1.25))
    if len(counts) > 1:
        before = sorted(counts)[-2]
        slower = found[most]["seconds"] / most / (found[before]["seconds"] / before)
        lines.append(Line(f"time an area, {most} areas to {before}", "≤ 1.25", f"{slower:.2f}", slower <= 1.25))
    return lines


def on_a_cluster(folder: Path) -> Line:
    """Return the line about the communes on a Dask cluster of this machine that loses a worker in mid-run."""
    what = f"{COMMUNES} communes on a Dask cluster of {WORKERS}, one worker killed in mid-run"
    if importlib.util.find_spec("distributed") is None:
        return Line(what, "all made", "not measured: the extra cluster is not installed")
    one = measure("clustered", data_folder(), folder / "cluster", "commune", COMMUNES, draws=SCALE_DRAWS)
    held = one["areas"] == COMMUNES and one["lost"] == 1
    return Line(what, "all made", f"{one['areas']:.0f} made, {one['lost']:.0f} lost; {one['seconds']:.0f} s", held)


def many_communes(folder: Path, count: int) -> Path:
    """Return a copy of the data with made-up communes added until there are `count`, marked as simulated."""
    shutil.copytree(data_folder(), folder)
    (folder / "simulated").write_text("made for timing\n", encoding="utf-8")
    areas = pd.read_csv(folder / "areas.csv", dtype=str, keep_default_na=False)
    pattern = areas[(areas["level"] == "commune") & (areas["valid_to"] == "")].iloc[-1]
    extra = pd.DataFrame([pattern] * (count - COMMUNES))
    extra["code"] = [f"{90000 + number}" for number in range(len(extra))]
    extra["name_vi"] = [f"Xã Thử {number}" for number in range(len(extra))]
    pd.concat([areas, extra]).to_csv(folder / "areas.csv", index=False, lineterminator="\n")
    return folder


def import_seconds(package: str) -> float:
    """Return the seconds that a fresh interpreter needs to import `package`, the interpreter's own start deducted."""
    return fresh_interpreter(f"import {package}") - fresh_interpreter("pass")


def fresh_interpreter(program: str) -> float:
    """Return the best of five times that a new interpreter needs for a program."""
    return min(seconds(lambda: subprocess.run([sys.executable, "-c", program], check=True)) for _ in range(5))


def short_series(units: int, years: int, panels: int) -> pd.DataFrame:
    """Return made-up falling rates, for timing only."""
    random = np.random.default_rng(1)
    logit = 0.5 - 0.12 * np.arange(years) + np.cumsum(random.normal(0, 0.1, (panels, units, years)), axis=2)
    panel, unit, year = np.indices(logit.shape)
    values = 100 / (1 + np.exp(-logit))
    columns = {"panel": panel.ravel(), "unit": unit.ravel(), "year": 2010 + year.ravel(), "value": values.ravel()}
    return pd.DataFrame(columns).assign(kind="percent").astype({"panel": str, "unit": str})


def rates(folder: Path, statsforecast: str) -> list[Line]:
    """Return lines about series forecast in a second on one core: our model, statsmodels' damped ETS, AutoETS."""
    ours, theirs = short_series(30, 10, 40), short_series(30, 10, 2)
    fast = 1200 / seconds(lambda: forecast_table(ours, horizon=8, quantiles=LEVELS))
    slow = 60 / seconds(lambda: forecast_table(theirs, horizon=8, quantiles=LEVELS, model="damped_ets"))
    lines = [
        Line(
            "series a second, to statsmodels' damped ETS",
            "≥ 20",
            f"{fast / slow:.0f} ({fast:.0f}/s)",
            fast >= 20 * slow,
        )
    ]
    what = "series a second, to statsforecast's AutoETS"
    if not statsforecast:
        return [*lines, Line(what, "≥ 2", "not measured: --statsforecast names no interpreter that has it")]
    ours.to_csv(folder / "series.csv", index=False)
    command = [statsforecast, "-c", AUTO_ETS, str(folder / "series.csv")]
    auto = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1])
    return [*lines, Line(what, "≥ 2", f"{fast / auto:.1f} (theirs {auto:.0f}/s)", fast >= 2 * auto)]


def large_table(folder: Path) -> Line:
    """Return the line about a table of very many series, by the command line, reading and writing included."""
    panels, units, years = TABLE
    source = folder / "histories.csv"
    short_series(units, years, panels).round({"value": 3}).to_csv(source, index=False)
    program = "from toolkit.cli.main import main; main()"
    files = ("--table", str(source), "--out", str(folder / "forecasts.csv"))
    command = [sys.executable, "-c", program, "forecast", *files]
    begun = time.perf_counter()
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    took, gibibytes = time.perf_counter() - begun, used.ru_maxrss / 1024**2
    held = status == 0 and took <= 60 and gibibytes <= 4
    what = f"{panels * units:,} series of {years} years, reading and writing included"
    return Line(what, "≤ 60 s, 4 GiB", f"{took:.0f} s, {gibibytes:.1f} GiB", held)


def table_of(lines: Sequence[Line]) -> str:
    """Return the lines as a table in plain text."""
    words = {True: "yes", False: "NO", None: ""}
    rows = [
        ("what", "budget", "measured", "held"),
        *((one.what, one.budget, one.measured, words[one.held]) for one in lines),
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def measured(counts: Sequence[int], *, statsforecast: str = "", large: bool = True) -> list[Line]:
    """Measure everything, one thing after another.

    Parameters
    ----------
    counts :
        Numbers of areas.
    statsforecast :
        Interpreter that has statsforecast; empty for none.
    large :
        Whether to use a cluster and to forecast the large table too.
    """
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="toolkit-bench-") as name:
        folder = Path(name)
        lines = reports(folder) + scale(folder, counts) + rates(folder, statsforecast)
        lines += [on_a_cluster(folder), large_table(folder)] if large else []
    package, pandas = import_seconds("toolkit"), import_seconds("pandas")
    lines.append(Line("import toolkit", "≤ 0.3 s", f"{package:.3f} s (pandas {pandas:.3f} s)", package <= 0.3))
    lines.append(Line("this measurement", "", f"{(time.perf_counter() - begun) / 60:.1f} min"))
    return lines


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit code is 1 if a budget was not held."""
    parser = argparse.ArgumentParser(description="Measure speed and memory against the budgets.")
    parser.add_argument("--quick", action="store_true", help="at most 65 areas, no cluster and no large table")
    parser.add_argument("--areas", type=int, nargs="+", default=(DISTRICTS, COMMUNES, MANY), help="numbers of areas")
    parser.add_argument("--statsforecast", metavar="PYTHON", default="", help="interpreter that has statsforecast")
    parser.add_argument("--json", action="store_true", help="print the lines as JSON")
    options = parser.parse_args(arguments)
    counts = [count for count in options.areas if count <= COMMUNES or not options.quick]
    if not counts or min(counts) < 1:
        parser.error("--areas needs numbers from 1 on (with --quick at most 65)")
    lines = measured(counts, statsforecast=options.statsforecast, large=not options.quick)
    if options.json:
        print(json.dumps([asdict(line) for line in lines], ensure_ascii=False, indent=1))  # noqa: T201
    else:
        known = versions()
        print(f"langson-toolkit {known['langson-toolkit']} {commit()}, Python {known['python']}")  # noqa: T201
        print(table_of(lines))  # noqa: T201
    return int(any(line.held is False for line in lines))


if __name__ == "__main__":
    sys.exit(main())
