# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Lập lại một báo cáo đã công bố · Reproduce a published report
#
# Một lần chạy để lại thư mục có mọi đầu vào, tham số, hạt giống và số. Mở lại, tính lại, so từng ô.
#
# A run leaves a folder with its inputs, parameters, seed and numbers. Open it, compute again, compare cell by cell.

# %%
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd

import toolkit

folder = Path(tempfile.mkdtemp()) / "run"
program = Path(sys.executable).with_name("toolkit")
done = subprocess.run(
    [program, "report", "--area", "181", "--draws", "500", "--out", folder], capture_output=True, text=True, check=True
)
sorted(path.name for path in folder.iterdir())

# %% [markdown]
# ## Bảng đã công bố và bảng tính lại · The published table and the one computed again

# %%
published = pd.read_csv(folder / "attainment.csv", dtype={"area_code": str})
again = toolkit.compute_run(["181"], draws=500).table(["181"])
both = published[["target_id", "probability"]].merge(
    again[["target_id", "probability"]], on="target_id", suffixes=("_published", "_again")
)
both.dropna()

# %%
largest = (both["probability_published"] - both["probability_again"]).abs().max()
assert largest < 1e-9, largest
largest

# %% [markdown]
# ## Mở lại dự báo đã lưu · Open the stored forecasts
#
# Không tính lại gì: các đường đi nằm trong thư mục. · Nothing is computed: the paths are in the folder.

# %%
stored = toolkit.open_run(folder)
toolkit.ask(stored, "181", "T30-03")
