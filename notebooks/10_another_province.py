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
# Tỷ lệ hộ dùng điện của tỉnh 06 có trong khảo sát của cơ quan thống kê. Nhưng mục tiêu được chấm theo báo cáo hành chính, và hai chuẩn không được nối: số khảo sát đứng đó mà không trả lời.
#
# The share of households with electricity in province 06 is held from the statistics office's survey. But the target is judged on administrative reports, and the two standards are never joined: the survey's figures stand there and answer nothing.

# %%
panels = pd.read_csv(home / "panels" / "panels.csv", dtype={"unit": str})
panels = panels[panels["unit"] == "06"]
dated = {"area_code": "06", "status": "final", "available_basis": "rule"}
power, infants = (
    panels[panels["panel_id"] == name] for name in ("vn_households_using_electricity", "vn_infant_mortality_rate")
)
survey = pd.DataFrame(
    {"year": power["year"], "value": power["value"], "available_from": [f"{year + 1}-06-30" for year in power["year"]]}
)
survey = survey.assign(indicator="households_with_electricity_share", standard="vhlss", **dated)
filled = province.with_observations(survey)
toolkit.compute_run(data=filled, plan=plan, draws=200).table("06").set_index("target_id").loc[
    ["BK25-05"], ["verdict", "grade", "missing"]
]

# %% [markdown]
# ## Một mục tiêu mà số liệu trả lời được · A target that public figures can answer
#
# Tử vong trẻ dưới một tuổi, 2005–2016: một mục tiêu của mình, cùng cách viết với kế hoạch. · Infant mortality, 2005 to 2016: a target of one's own, written as those of the plan.

# %%
deaths = pd.DataFrame(
    {
        "year": infants["year"],
        "value": infants["value"],
        "available_from": [f"{year + 1}-06-30" for year in infants["year"]],
    }
)
filled = filled.with_observations(deaths.assign(indicator="infant_mortality_rate", **dated))
words = {"name_en": "Infant mortality below 15 per thousand", "name_vi": "Tử vong trẻ dưới một tuổi dưới 15 phần nghìn"}
mine = plan.with_target(
    "MY-01", like="BK25-05", indicator="infant_mortality_rate", unit="per_thousand", op="<", value=15, **words
)
run = toolkit.compute_run(data=filled, plan=mine, draws=500)
answer = run.ask("06", "MY-01")
answer

# %%
answer.plot()

# %%
answer.explain()

# %% [markdown]
# ## Đọc và làm tiếp · Reading it, and going on
#
# Chuỗi dừng năm 2016: khoảng dự báo rộng ra từ đó, và dù năm 2025 đã qua, câu trả lời là một xác suất, không phải "đạt". Bước tiếp theo: thư mục của tỉnh mình (`data/provinces/README.md`, khoảng một giờ), `toolkit check --data THƯ-MỤC` nói mọi lỗi, `toolkit report --data THƯ-MỤC` làm mọi báo cáo. Lỗi là một câu, với chỗ sai và cách sửa:
#
# The series ends in 2016: the interval widens from there, and though 2025 is over the answer is a probability, not "met". Next: a folder for your province (`data/provinces/README.md`, about an hour); `toolkit check --data FOLDER` tells every fault, `toolkit report --data FOLDER` makes all reports. A mistake is a sentence with its place and remedy:

# %%
try:
    province.with_observations(survey.assign(indicator="households_with_electricty"))
except toolkit.ToolkitError as error:
    print(str(error)[:400])
