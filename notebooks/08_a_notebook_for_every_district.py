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
# Một sổ tay có ô `parameters`, chạy một lần cho mỗi huyện. `toolkit report --notebook` dùng cùng cỗ máy với báo cáo: nhiều tiến trình, làm tiếp chỗ dở, bản kê, `verify`.
#
# A notebook with a cell `parameters`, run once a district. `toolkit report --notebook` uses the engine of the reports: several processes, resume, manifest, `verify`.

# %%
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
import pandas as pd

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
# ## Mọi huyện bằng một lệnh · Every district with one command

# %%
program = Path(sys.executable).with_name("toolkit")
command = [
    program,
    "report",
    "--notebook",
    folder / "mine.ipynb",
    "--level",
    "district",
    "--draws",
    "300",
    "--out",
    folder / "run",
    "--lang",
    "en",
]
done = subprocess.run(command, capture_output=True, text=True, check=False)
print(done.stdout[-600:] or done.stderr[-600:])
assert done.returncode == 0

# %%
pages = sorted(path.name for path in (folder / "run" / "areas").glob("*.ipynb"))
pages

# %% [markdown]
# Chạy lại lệnh đó thì xong ngay: trang nào còn mới thì giữ nguyên. Bảng kết luận của cả lần chạy nằm ở `attainment.csv`.
#
# The same command again ends at once: pages that are fresh are kept. The answers of the whole run are in `attainment.csv`.

# %%
table = pd.read_csv(folder / "run" / "attainment.csv", dtype={"area_code": str})
table[table["target_id"] == "T30-03"][["area_name", "probability", "bound", "verdict", "grade"]].sort_values(
    "probability"
)

# %% [markdown]
# ## Một huyện bằng papermill · One district with papermill
#
# Cùng sổ tay, papermill như thường lệ. · The same notebook, papermill as it comes.

# %%
import papermill

papermill.execute_notebook(
    folder / "mine.ipynb",
    folder / "181.ipynb",
    {"area_code": "181", "run_folder": str(folder / "run")},
    progress_bar=False,
)
sorted(path.name for path in folder.iterdir())
