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
# # Lập lại và kiểm một lần chạy đã công bố · Reproduce and verify a published run
#
# Một lần chạy để lại thư mục có mọi đầu vào, tham số, hạt giống và số. `run_folder` là thư mục đã công bố; để trống thì lập một lần chạy nhỏ ở đây.
#
# A run leaves a folder with its inputs, parameters, seed and numbers. `run_folder` is a published folder; if empty, a small run is made here.

# %% tags=["parameters"]
run_folder: str = ""

# %%
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd

import toolkit

toolkit.set_language("en")
program = Path(sys.executable).with_name("toolkit")
folder = Path(run_folder or Path(tempfile.mkdtemp()) / "run")
if not run_folder:
    command = [program, "report", "--area", "181", "--draws", "300", "--out", folder]
    subprocess.run(command, capture_output=True, text=True, check=True)
sorted(path.name for path in folder.iterdir())

# %% [markdown]
# ## Bảng đã công bố và bảng tính lại · The published table and the one computed again
#
# Từ số liệu *của thư mục*, không phải của hôm nay. · From the data *of the folder*, not today's.

# %%
stored = toolkit.open_run(folder)
facts = stored.facts
published = pd.read_csv(folder / "attainment.csv", dtype={"area_code": str})
areas = list(dict.fromkeys(published["area_code"]))
settings = {"draws": facts.draws, "seed": facts.seed, "model": facts.model, "as_of": facts.as_of}
again = toolkit.compute_run(areas, data=folder / "data", plan=stored.plan.id, **settings).table(areas)
both = published.merge(again, on=["area_code", "target_id"], suffixes=("_published", "_again"))
both = both[["area_code", "target_id", "probability_published", "probability_again"]].dropna()
largest = (both["probability_published"] - both["probability_again"]).abs().max()
assert largest < 1e-9, largest
print(f"{len(both)} probabilities; the largest difference is {largest:.0e}")
both.head()

# %% [markdown]
# ## Mở lại mà không tính · Opened, nothing computed

# %%
stored.ask(areas[0], "T30-03").explain()

# %% [markdown]
# ## Mọi tệp, từng byte · Every file, byte by byte
#
# `toolkit verify` lập lại cả thư mục và so mọi tệp; sửa một chữ số thì nó gọi tên tệp đó. · `toolkit verify` makes the whole folder again and compares all; change one digit, and it names the file.

# %%
done = subprocess.run([program, "verify", folder, "--lang", "en"], capture_output=True, text=True, check=False)
print(done.stdout.splitlines()[-1])

# %%
table = folder / "attainment.csv"
kept = table.read_bytes()
table.write_bytes(kept.replace(b"0.", b"0.9", 1))
done = subprocess.run(
    [program, "verify", folder, "--hashes", "--lang", "en"], capture_output=True, text=True, check=False
)
table.write_bytes(kept)
print(done.returncode, next(line for line in (done.stdout + done.stderr).splitlines() if "attainment.csv" in line))
