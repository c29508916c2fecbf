"""Speed, as ratios within one run: ``python -m toolkit.run.bench [AREAS …]``.

Seconds differ from machine to machine; what is compared here ran on the same machine minutes apart:

- eleven district reports by ``toolkit report`` against plain papermill, one after another, with nbconvert,
  on the same stored forecasts; what one more report costs; what the engine adds to the cells' own time;
- the same for more areas (65 communes by default; other numbers, such as 700, are taken from a simulated
  province): time and memory;
- ``import toolkit`` against ``import pandas``;
- the yearly series forecast in a second by our model against statsmodels' damped ETS.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from toolkit.data.folder import data_folder
from toolkit.forecast.table import forecast_table
from toolkit.run.provenance import commit, versions

DISTRICTS = 11
COMMUNES = 65
SCALE_DRAWS = 500
WORKERS = 2
FORMATS = "html,docx,pdf"
LEVELS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)


def seconds(work: Callable[[], object]) -> float:
    """Return the wall-clock seconds that `work` takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def measure(
    what: str, data: Path, folder: Path, level: str, count: int, *, draws: int = 2000, formats: str = "html"
) -> dict[str, float]:
    """Return one measurement, made in a process of its own; see :mod:`toolkit.run.measure`."""
    command = [
        sys.executable,
        "-m",
        "toolkit.run.measure",
        what,
        *map(str, (data, folder, level, count, draws, WORKERS, formats)),
    ]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def reports(folder: Path) -> list[str]:
    """Return lines about eleven district reports, one more, and the same by plain papermill."""
    data = data_folder()
    many = measure("ours", data, folder / "eleven", "district", DISTRICTS, formats=FORMATS)
    one = measure("ours", data, folder / "one", "district", 1, formats=FORMATS)
    plain = measure("plain", data, folder / "eleven", "district", DISTRICTS, formats=FORMATS)
    cells = measure("cells", data, folder / "eleven", "district", DISTRICTS, formats=FORMATS)
    whole = (many["forecasting"] + many["reporting"]) / (many["forecasting"] + plain["reporting"])
    more = (many["core_seconds"] - one["core_seconds"]) / (DISTRICTS - 1)
    added = more - cells["cells"] / DISTRICTS
    share = many["reporting"] / plain["reporting"]
    return [
        f"eleven district reports ({FORMATS}), {WORKERS} workers: {many['reporting']:.1f} s of reports, after "
        f"{many['forecasting']:.1f} s of forecasts; a plain loop takes {plain['reporting']:.1f} s of reports; "
        f"ratio {share:.2f}, with the forecasts on both sides {whole:.2f}",
        f"one more report: {more:.2f} core-seconds, {added:.2f} of them beyond the cells' own time",
    ]


def scale(folder: Path, counts: Sequence[int]) -> list[str]:
    """Return one line for each number of areas: time and memory."""
    lines = []
    for count in counts:
        data, level = (data_folder(), "district") if count <= DISTRICTS else (data_folder(), "commune")
        if count > COMMUNES:
            data = many_communes(folder / f"data-{count}", count)
        found = measure("ours", data, folder / f"scale-{count}", level, count, draws=SCALE_DRAWS)
        lines.append(
            f"{found['areas']:.0f} areas, {SCALE_DRAWS} draws: {found['forecasting']:.1f} s of forecasts, "
            f"{found['reporting']:.1f} s of reports ({found['reporting'] / max(found['areas'], 1):.2f} s each); peak "
            f"{found['peak']:.0f} MiB in the main process, {found['peak_child']:.0f} MiB in the largest other"
        )
        shutil.rmtree(folder / f"scale-{count}", ignore_errors=True)
    return lines


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


def rates() -> tuple[float, float]:
    """Return series per second: our model, and statsmodels' damped ETS."""
    ours, theirs = short_series(30, 10, 40), short_series(30, 10, 2)
    fast = seconds(lambda: forecast_table(ours, horizon=8, quantiles=LEVELS))
    slow = seconds(lambda: forecast_table(theirs, horizon=8, quantiles=LEVELS, model="damped_ets"))
    return 30 * 40 / fast, 30 * 2 / slow


def main() -> None:
    """Measure and print."""
    lines = [f"langson-toolkit {versions()['langson-toolkit']} {commit()}, Python {versions()['python']}"]
    counts = [int(text) for text in sys.argv[1:]] or [DISTRICTS, COMMUNES]
    with tempfile.TemporaryDirectory(prefix="toolkit-bench-") as folder:
        lines += reports(Path(folder)) + scale(Path(folder), counts)
    package, pandas = import_seconds("toolkit"), import_seconds("pandas")
    lines.append(f"import toolkit: {package:.3f} s; import pandas {pandas:.3f} s; ratio {package / pandas:.2f}")
    fast, slow = rates()
    lines.append(
        f"forecasts: {fast:.0f} series/s; statsmodels' damped ETS {slow:.0f} series/s; ratio {fast / slow:.1f}"
    )
    print("\n".join(lines))  # noqa: T201


if __name__ == "__main__":
    main()
