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
# # Tỉnh của bạn · Bring your own province
#
# Một tỉnh khác là một thư mục số liệu và một tệp kế hoạch khác, không cần viết mã. Ở đây: một bản sao thư mục số liệu với một kế hoạch ngắn của riêng mình.
#
# Another province is another data folder and another plan file, no code. Here: a copy of the data folder with a short plan of one's own.

# %%
import shutil
import tempfile
from pathlib import Path

import toolkit
from toolkit.data.dataset import data_folder

mine = Path(tempfile.mkdtemp()) / "data"
shutil.copytree(data_folder(None), mine, ignore=shutil.ignore_patterns("panels", "provinces", "scenarios"))
shutil.rmtree(mine / "plans")
(mine / "plans").mkdir()

# %% [markdown]
# ## Một kế hoạch · A plan
#
# Mỗi mục tiêu: chỉ tiêu, phạm vi, hạn, và điều kiện. · Each target: indicator, scope, due year, and rule.

# %%
plan = """
plan:
  id: my-plan
  number: "1/KH"
  issued: 2026-01-01
  issuer_vi: "Ủy ban nhân dân tỉnh"
  name_vi: "Kế hoạch ví dụ"
  name_en: "An example plan"
  province_code: "20"
  base_year: 2020
  horizons: [2030]
targets:
  - {id: M1, due: 2030, clause: "1", indicator: poverty_rate, scope: all, unit: percent, name_vi: "Tỷ lệ hộ nghèo", name_en: "Poverty rate", rule: {kind: level, op: "<", value: 2}}
  - {id: M2, due: 2030, clause: "2", indicator: forest_cover, scope: all, unit: percent, name_vi: "Tỷ lệ che phủ rừng", name_en: "Forest cover", rule: {kind: level, op: ">=", value: 65}}
"""
(mine / "plans" / "my-plan.yaml").write_text(plan, encoding="utf-8")

# %% [markdown]
# ## Kiểm tra trước · Check first
#
# `toolkit check` trên dòng lệnh nói mọi lỗi: dòng, cột, cách sửa. · `toolkit check` on the command line tells every problem: row, column, remedy.

# %%
from toolkit.data.dataset import check_folder

problems = check_folder(mine)
[problem.line() for problem in problems if problem.severity == "error"]

# %% [markdown]
# ## Câu trả lời · The answers

# %%
run = toolkit.compute_run(data=mine, draws=500)
run.table(["20"])[["target_id", "probability", "verdict", "grade", "expected"]]

# %%
run.ask("20", "M1").plot()

# %% [markdown]
# ## Khi có lỗi · When something is wrong
#
# Lỗi của người dùng là một câu nói rõ chỗ sai và cách sửa. · A user's mistake is a sentence with the place and the remedy.

# %%
from toolkit.base.errors import ToolkitError

(mine / "plans" / "my-plan.yaml").write_text(plan.replace("poverty_rate", "poverty_rat"), encoding="utf-8")
try:
    toolkit.compute_run(data=mine, draws=500)
except ToolkitError as error:
    print(type(error).__name__, error)
