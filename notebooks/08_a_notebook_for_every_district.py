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
# Một sổ tay có ô `parameters`, chạy một lần cho mỗi huyện bằng papermill.
#
# A notebook with a cell `parameters`, run once a district by papermill.

# %%
import tempfile
from pathlib import Path

import nbformat

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
# Dự báo làm một lần; mỗi sổ tay chỉ mở lại. · The forecasts are made once; each notebook only opens them.

# %%
import papermill

import toolkit

run = toolkit.compute_run(draws=300)
run.save(folder / "run")
districts = [area for area in run.chosen() if area.level == "district"]
for area in districts[:3]:  # all of them: leave out [:3]
    parameters = {"area_code": area.code, "run_folder": str(folder / "run")}
    quiet = {"progress_bar": False, "extra_arguments": ["--log-level=40"]}
    papermill.execute_notebook(folder / "mine.ipynb", folder / f"{area.code}.ipynb", parameters, **quiet)
sorted(path.name for path in folder.glob("*.ipynb"))

# %%
table = run.table([area.code for area in districts])
table[table["target_id"] == "T30-03"][["area_name", "probability", "bound", "verdict", "grade"]].sort_values(
    "probability"
)

# %% [markdown]
# Sổ tay nhận mã địa bàn và thư mục của lần chạy, nên mọi trang dùng cùng một bộ đường mô phỏng: hai huyện so được với nhau. · A notebook takes the code of an area and the folder of the run, so all pages rest on the same draws: two districts can be compared.
