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
# # Chuỗi kịch bản và câu hỏi chung · Chains of verbs and joint questions
#
# Động từ nối tiếp nhau, mỗi động từ trả về một kịch bản mới; không gì bị thay đổi.
#
# Verbs follow one another, each returns a new scenario; nothing is ever changed.

# %%
import pandas as pd

import toolkit

run = toolkit.compute_run(draws=500)
usual = toolkit.what_if(run, "như dự báo · as usual")
pace = usual.required_pace("T30-03", probability=0.9).named("tốc độ cần có · required pace")
storm = pace.shock("poverty_rate", 2028, points=4, recovery="slow").named("thêm bão · and a storm")
peers = usual.peers_pace("poverty_rate", "median", to_year=2030, areas=["20"]).named("như nơi khác · peers' pace")
storm

# %% [markdown]
# ## Từng kịch bản so với dự báo · Each scenario against business as usual
#
# Thay đổi đi kèm sai số mô phỏng; cả hai dùng chung các đường đi. · The change comes with its simulation error; both rest on the same paths.

# %%
tables = [toolkit.compare(run, one, "Bình Gia", ["T30-03"]).table for one in (pace, storm, peers)]
pd.concat(tables)[
    [
        "scenario",
        "probability_usual",
        "probability",
        "change",
        "change_error",
        "pace",
        "pace_kind",
        "peers_pace_share",
        "peers_count",
    ]
].round(3)

# %%
toolkit.compare(run, storm, "Bình Gia", ["T30-03"]).plot()

# %% [markdown]
# ## Nhiều mục tiêu cùng lúc · Several targets at once
#
# Tính trên từng đường đi, không nhân các xác suất riêng. · Draw by draw, never by multiplying marginals.

# %%
together = toolkit.joint(
    run.plan, run.dataset.areas.get("20"), run.dataset, run.forecasts, ["T30-03", "T30-26", "T45-02"]
)
pd.Series(
    {"all": together.all_met, "≥ 2": together.at_least(2), "expected": together.expected, **together.first_to_fail()}
).round(3)

# %% [markdown]
# ## Dồn sức vào đâu? · Where does effort count most?
#
# Một tổng sức cho trước, chia cho các huyện để số huyện dự kiến đạt là nhiều nhất. · A given effort, spread so that most districts are expected to meet the target.

# %%
codes = [area.code for area in run.dataset.areas.all(level="district") if area.parent_code == "20"]
spread = toolkit.spread_budget(run.forecasts, run.dataset, run.plan, "T45-02", codes, 4.0)
pd.DataFrame(
    {"effort": spread.efforts, "usual": spread.usual, "best": spread.best},
    index=[run.dataset.areas.get(code).name_vi for code in spread.area_codes],
).round(2)

# %% [markdown]
# ## Hệ thống khác nói gì? · What do other systems say?
#
# Bảy hệ thống đọc cùng số liệu và nói khác nhau. · Seven systems read the same figures and disagree.

# %%
toolkit.official_answers(run, "20", "T45-02")
