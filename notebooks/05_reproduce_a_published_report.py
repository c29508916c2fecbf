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
# Mỗi lần chạy mang theo bản số liệu mà nó dùng; `run_folder` là thư mục đã công bố, để trống thì lập một lần chạy nhỏ.
#
# A run leaves a folder with its inputs, parameters, seed and numbers. Open it, compute again, compare cell by cell.
# It carries the data that it was made from; `run_folder` is a published folder, and if empty a small run is made here.

# %% tags=["parameters"]
run_folder: str = ""

# %%
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd

import toolkit

program = Path(sys.executable).with_name("toolkit")
folder = Path(run_folder or Path(tempfile.mkdtemp()) / "run")
if not run_folder:
    command = [program, "report", "--area", "181", "--draws", "500", "--out", folder]
    subprocess.run(command, capture_output=True, text=True, check=True)
sorted(path.name for path in folder.iterdir())

# %% [markdown]
# ## Bảng đã công bố và bảng tính lại · The published table and the one computed again

# %%
stored = toolkit.open_run(folder)
facts = stored.facts
published = pd.read_csv(folder / "attainment.csv", dtype={"area_code": str})
areas = list(dict.fromkeys(published["area_code"]))
settings = {"draws": facts.draws, "seed": facts.seed, "model": facts.model, "as_of": facts.as_of}
again = toolkit.compute_run(areas, data=folder / "data", plan=stored.plan.id, **settings).table(areas)
both = published.merge(again, on=["area_code", "target_id"], suffixes=("_published", "_again"))
both = both[["area_code", "target_id", "probability_published", "probability_again"]]
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
stored.ask(areas[0], "T30-03")

# %% [markdown]
# ## Mọi tệp, từng byte · Every file, byte by byte
#
# `toolkit verify` lập lại cả thư mục và so mọi tệp. · `toolkit verify` makes the whole folder again and compares all.

# %%
done = subprocess.run([program, "verify", folder, "--lang", "en"], capture_output=True, text=True, check=False)
done.stdout.splitlines()[-1]
