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
# # Sổ tay của mình cho mọi huyện · Your own notebook for every district
#
# Một sổ tay có ô `parameters`, chạy một lần cho mỗi huyện bằng bộ máy của báo cáo: `toolkit report --notebook`.
#
# A notebook with a cell `parameters`, run once a district by the engine of the reports: `toolkit report --notebook`.

# %%
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat

import toolkit

toolkit.set_language("en")
folder = Path(tempfile.mkdtemp())
cells = [
    "area_code: str = ''\nrun_folder: str = ''",
    "import toolkit\n\ntoolkit.set_language('en')\nrun = toolkit.open_run(run_folder)",
    "answer = run.ask(area_code, 'T30-03')\nanswer",
    "answer.plot()",
]
mine = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
mine.cells[0].metadata.tags = ["parameters"]
mine.metadata.kernelspec = {"display_name": "Python 3", "language": "python", "name": "python3"}
nbformat.write(mine, folder / "mine.ipynb")

# %% [markdown]
# ## Một lần chạy, nhiều sổ tay · One run, many notebooks
#
# Trong cửa sổ lệnh: `toolkit report --notebook mine.ipynb`. Dự báo làm một lần; mỗi sổ tay chỉ mở lại thư mục `run_folder`, trên nhiều tiến trình. Chạy lại thì chỉ làm phần còn thiếu.
#
# In a terminal: `toolkit report --notebook mine.ipynb`. The forecasts are made once; each notebook only opens the folder `run_folder`, on several processes. Started again, it makes only what is missing.

# %%
program = Path(sys.executable).with_name("toolkit")
chosen = ["Tràng Định", "Bình Gia", "Chi Lăng"]  # all of them: leave out --area
named = [part for name in chosen for part in ("--area", name)]
command = [program, "report", "--notebook", folder / "mine.ipynb", *named, "--draws", "300", "--lang", "en"]
subprocess.run([*command, "--out", folder / "run"], capture_output=True, check=True)
sorted(path.relative_to(folder).as_posix() for path in (folder / "run" / "areas").iterdir())

# %% [markdown]
# ## Cùng một bộ đường mô phỏng · The same draws
#
# Mọi trang dựa trên cùng một bộ đường mô phỏng, nên hai huyện so được với nhau; bảng của cả lần chạy mở được như mọi lần chạy khác.
#
# All pages rest on the same draws, so that two districts can be compared; the table of the whole run opens like that of any other.

# %%
run = toolkit.open_run(folder / "run")
table = run.table(chosen)
table[table["target_id"] == "T30-03"][["area_name", "probability", "bound", "verdict", "grade"]].sort_values(
    "probability"
)
