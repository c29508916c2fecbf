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
# # Một tỉnh khác từ số liệu công khai · Another province from public data
#
# Một tỉnh là một thư mục số liệu và một tệp kế hoạch, không cần viết mã. Ở đây: Bắc Kạn, Kế hoạch 379/KH-UBND, với số liệu công khai của Tổng cục Thống kê nằm trong `data/panels`.
#
# A province is a data folder and a plan file, no code. Here: Bắc Kạn, Plan 379/KH-UBND, with public figures of the General Statistics Office held in `data/panels`.

# %%
import pandas as pd

import toolkit

toolkit.set_language("en")
home = toolkit.load().folder
province = toolkit.load(home / "provinces" / "bac-kan")
plan = toolkit.load_plan(data=province.folder)
plan.to_frame()[["id", "due", "name_en", "indicator", "scope", "op", "value"]]

# %% [markdown]
# ## Không có số liệu thì không có câu trả lời · Without figures there is no answer

# %%
toolkit.compute_run(data=province, plan=plan, draws=200).table("06")[["target_id", "verdict", "grade", "missing"]]

# %% [markdown]
# ## Số liệu công khai · Public figures
#
# Tỷ lệ hộ dùng điện của tỉnh 06, điều tra của cơ quan thống kê. Số lấy từ nơi khác phải nêu tình trạng và ngày biết. · The share of households with electricity in province 06, by the statistics office's surveys.

# %%
panels = pd.read_csv(home / "panels" / "panels.csv", dtype={"unit": str})
rows = panels[(panels["panel_id"] == "vn_households_using_electricity") & (panels["unit"] == "06")]
mine = pd.DataFrame(
    {
        "area_code": "06",
        "indicator": "households_with_electricity_share",
        "standard": "vhlss",
        "year": rows["year"],
        "value": rows["value"],
        "status": "final",
        "available_from": [f"{year + 1}-06-30" for year in rows["year"]],
        "available_basis": "rule",
    }
)
filled = province.with_observations(mine)
filled.series("06", "households_with_electricity_share", "all").to_frame()[["year", "value", "status", "source_id"]]

# %%
run = toolkit.compute_run(data=filled, plan=plan, draws=500)
answer = run.ask("06", "BK25-05")
answer

# %%
answer.plot()

# %%
answer.explain()

# %% [markdown]
# ## Đọc và làm tiếp · Reading it, and going on
#
# Chuỗi dừng ở một năm đã lâu: khoảng dự báo rộng ra từ đó, và câu trả lời là một xác suất, không phải "đạt". Bước tiếp theo: thư mục của tỉnh mình (`data/provinces/README.md`, khoảng một giờ), `toolkit check --data THƯ-MỤC` nói mọi lỗi, `toolkit report --data THƯ-MỤC` làm mọi báo cáo. Lỗi là một câu, với chỗ sai và cách sửa:
#
# The series ends years ago: the interval widens from there, and the answer is a probability, not "met". Next: a folder for your province (`data/provinces/README.md`, about an hour); `toolkit check --data FOLDER` tells every fault, `toolkit report --data FOLDER` makes all reports. A mistake is a sentence with its place and remedy:

# %%
try:
    province.with_observations(mine.assign(indicator="households_with_electricty"))
except toolkit.ToolkitError as error:
    print(str(error)[:400])
