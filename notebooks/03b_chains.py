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
usual = run.what_if("như dự báo · as usual")
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
together = toolkit.joint(run, "20", ["T30-03", "T30-26", "T45-02"])
together

# %%
together.plot()

# %% [markdown]
# ## Hệ thống khác nói gì? · What do other systems say?
#
# Bảy hệ thống đọc cùng số liệu và nói khác nhau. · Seven systems read the same figures and disagree.

# %%
toolkit.official_answers(run, "20", "T45-02")

# %% [markdown]
# ## Đưa đi, đưa về · Out and back
#
# Bảng IAMC, `pyam` đọc được; giá trị trong bảng trở lại thành một kịch bản. · A table in the IAMC layout, which `pyam` reads; its values come back as a scenario.

# %%
table = toolkit.iamc_table({"storm": storm.forecasts}, run.dataset, ["181"], indicators=["poverty_rate"])
table = table[table["variable"].str.startswith("poverty_rate|all")]
table.tail(3)

# %%
again = usual.named("đọc lại · read again")
for step in toolkit.steps_from_iamc(table, run.dataset, "storm"):
    again = again.then(step)
again
