"""The public names, gathered: what notebooks and scripts reach as ``toolkit.NAME``. This is their only list.

Examples
--------
Data, plan and model are objects; figures, targets and models of one's own go in without a file.

>>> import tempfile, numpy as np, pandas as pd, matplotlib, toolkit
>>> matplotlib.use("Agg")
>>> from matplotlib.figure import Figure
>>> ax, folder = Figure().add_subplot(), tempfile.mkdtemp() + "/run"
>>> class MyModel:
...     def fit(self, panel):
...         self.last = panel.ffill().iloc[-1].fillna(0.0).to_numpy()
...     def predict(self, horizons):
...         ahead = 0.2 * np.random.default_rng(1).standard_normal((200, self.last.size, horizons.size))
...         return self.last[:, None] + ahead * np.sqrt(horizons)
>>> frame = pd.DataFrame({"area_code": ["Bình Gia"], "indicator": "poverty_rate", "year": 2023, "value": 14.5,
...                       "available_from": "2024-01-31", "available_basis": "published"})
>>> data = toolkit.load()
>>> data = data.with_observations(frame)
>>> plan = toolkit.load_plan("langson-138")
>>> plan = plan.with_target("T30-03", value=5).without_proxy("poverty_dtts_from_all")
>>> run = toolkit.compute_run(data=data, plan=plan, areas=["Bình Gia"], model=MyModel(), draws=200, as_of="2024-12-31")
>>> path = run.path("Bình Gia", "poverty_rate"); table = path.to_frame(); path.draws.shape == (200, len(table))
True
>>> path.plot(ax=ax) is ax, len(run.table("Bình Gia")) == len(plan.to_frame())
(True, True)
>>> why = run.ask("Bình Gia", "T30-03").explain()
>>> storm = run.what_if("storm").shock("poverty_rate", 2028, points=5).apply(lambda draws, years: draws * 1.1)
>>> peers = run.what_if("peers").peers_pace("poverty_rate")
>>> chart = toolkit.compare(run, [storm, peers], ["Bình Gia"], ["T45-02"]).plot()
>>> again = toolkit.open_run(run.save(folder))
>>> again.plan == plan, bool(again.path("Bình Gia", "poverty_rate").at(2023).mean().round(1) == 14.5)
(True, True)
>>> again.table("Bình Gia").equals(run.table("Bình Gia"))
True
"""

from __future__ import annotations

from pathlib import Path as _Path

from toolkit.api.answers import Answer, Run, compute_run, official_answers, open_run
from toolkit.api.comparisons import Backtest, Comparison, Together, backtest, compare, explore, joint
from toolkit.base.errors import ToolkitError
from toolkit.base.texts import set_language
from toolkit.data.dataset import Dataset, data_folder, load
from toolkit.forecast.any_table import forecast_table
from toolkit.forecast.store import Forecasts
from toolkit.plan import load as _plans
from toolkit.plan.plan import Plan
from toolkit.scenario.exchange import iamc_table, steps_from_iamc
from toolkit.scenario.scenario import Scenario

__all__ = (
    "Answer", "Backtest", "Comparison", "Dataset", "Forecasts", "Plan", "Run", "Scenario", "Together", "ToolkitError",
    "backtest", "compare", "compute_run", "explore", "forecast_table", "iamc_table", "joint", "load", "load_plan",
    "official_answers", "open_run", "set_language", "steps_from_iamc",
)  # fmt: skip


def load_plan(name: str | None = None, *, data: _Path | str | None = None) -> Plan:
    """Return a plan: by its name among those of the data folder, by default the only one there.

    >>> load_plan("langson-138").id
    'langson-138-2022'
    """
    return _plans.load_plan(name, folder=data_folder(data))
