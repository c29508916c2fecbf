"""Speed, as ratios within one run: ``python -m toolkit.run.bench``.

Seconds differ from machine to machine; what is compared here ran on the same machine minutes apart:

- eleven district reports by ``toolkit report`` against plain papermill, one after another, with nbconvert;
- ``import toolkit`` against ``import pandas``;
- the yearly series forecast in a second by our model against statsmodels' damped ETS.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from toolkit.data.dataset import load
from toolkit.data.folder import data_folder
from toolkit.forecast.table import forecast_table
from toolkit.plan.load import load_plan
from toolkit.run.provenance import commit, versions
from toolkit.run.reports import ReportRequest, jobs_of, make_reports
from toolkit.run.session import plan_areas

DISTRICTS = 11
LEVELS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)


def seconds(work: Callable[[], object]) -> float:
    """Return the wall-clock seconds that `work` takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def report_seconds(folder: Path) -> tuple[float, float]:
    """Return the seconds of eleven district reports: ours, and a plain loop over the same notebook."""
    data = data_folder()
    dataset = load(data, as_of=date(2026, 11, 23))
    areas = tuple(plan_areas(dataset, load_plan(folder=data), "district"))[:DISTRICTS]
    request = ReportRequest(
        areas=areas, summary=False, language="vi", folder=folder / "ours", data=data, plan=None,
        as_of=dataset.as_of, draws=2000, seed=138, model="default",
    )  # fmt: skip
    ours = seconds(lambda: make_reports(request))

    def plain() -> None:
        import nbconvert
        import papermill

        for job in jobs_of(request):
            output = folder / "plain" / job.notebook.name
            output.parent.mkdir(exist_ok=True)
            papermill.execute_notebook(
                str(job.template),
                str(output),
                parameters=dict(job.parameters),
                kernel_name="python3",
                progress_bar=False,
            )
            nbconvert.HTMLExporter(exclude_input=True).from_filename(str(output))

    return ours, seconds(plain)


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
    with tempfile.TemporaryDirectory(prefix="toolkit-bench-") as folder:
        ours, plain = report_seconds(Path(folder))
    lines.append(f"eleven district reports (HTML): {ours:.1f} s; plain loop {plain:.1f} s; ratio {ours / plain:.2f}")
    package, pandas = import_seconds("toolkit"), import_seconds("pandas")
    lines.append(f"import toolkit: {package:.3f} s; import pandas {pandas:.3f} s; ratio {package / pandas:.2f}")
    fast, slow = rates()
    lines.append(
        f"forecasts: {fast:.0f} series/s; statsmodels' damped ETS {slow:.0f} series/s; ratio {fast / slow:.1f}"
    )
    print("\n".join(lines))  # noqa: T201


if __name__ == "__main__":
    main()
