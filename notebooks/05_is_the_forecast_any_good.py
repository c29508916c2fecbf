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
# # Dự báo có đáng tin không? · Is the forecast any good?
#
# Dự báo từ những thời điểm đã qua bằng những gì biết lúc đó, chấm bằng điều xảy ra sau. Hai cách: trên bảng số của các tỉnh khác (nhiều), và trên chính chuỗi của Lạng Sơn (ít, nhưng là của ta).
#
# Forecasts from past origins with what was known then, scored by what came. Twice: on tables of other provinces (many), and on Lạng Sơn's own series (few, but ours).

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import toolkit

toolkit.set_language("en")
data = toolkit.load()
panels = pd.read_csv(data.folder / "panels" / "panels.csv", dtype=str).rename(
    columns={"panel_id": "panel", "unit_type": "kind"}
)
chosen = ["vn_poverty_rate_gso", "vn_households_using_electricity", "vn_infant_mortality_rate"]
found = toolkit.backtest(["default", "no_change", "drift"], table=panels[panels["panel"].isin(chosen)])
found

# %% [markdown]
# ## Đọc điểm số · Reading the scores
#
# `wis` (điểm khoảng có trọng số của 23 phân vị) dưới 1 là tốt hơn *sai số* của "không đổi"; `covers_80` nên gần 0,80; `brier` nên dưới `base_rate`, điểm của người chỉ nói tần suất chung. Trọng số mô hình được học trên chính các bảng này, nên điểm của `default` hơi đẹp: bản ghi ngoài mẫu ở `data/panels/calibration.csv`.
#
# `wis` (the weighted interval score of 23 quantiles) below 1 beats the *error* of "no change"; `covers_80` should be near 0.80; `brier` below `base_rate`, the score of quoting how often it happens. The weights were learned on these very tables, so `default` looks a little too good here: the record on tables left out is `data/panels/calibration.csv`.

# %%
found.plot()

# %% [markdown]
# Biểu đồ trái trên: nói 70 % thì 70 % có xảy ra? Trái dưới: phẳng là trung thực; hai đầu cao là khoảng quá hẹp, giữa cao là quá rộng. Sai ở đâu thì nhìn theo bảng:
#
# Top left: when it says 70 %, does it happen 70 % of the time? Bottom left: flat is honest; high ends mean intervals that are too narrow, a high middle too wide. Where it fails is seen table by table:

# %%
by_panel = (
    found.groups["panel"]
    .query("model == 'default'")[["panel", "wis", "covers_80", "brier", "base_rate", "outcomes"]]
    .round(2)
)
for line in by_panel.itertuples():
    said = "too narrow" if line.covers_80 < 0.76 else "too wide" if line.covers_80 > 0.84 else "as said"
    print(f"{line.panel}: the 80 % interval holds {line.covers_80:.0%} of {line.outcomes} outcomes: {said}")
by_panel

# %% [markdown]
# ## Chuỗi của chính Lạng Sơn · Lạng Sơn's own series
#
# Tỷ lệ hộ nghèo của tỉnh: mỗi năm từ 2019, với số liệu biết lúc đó. Dưới đây khoảng 80 % chứa ít hơn 80 % kết quả nhiều: đó không phải mười mấy lần sai, mà là *một* sự kiện (nghèo giảm từ 12,2 % năm 2021 xuống 2,3 % năm 2025, nhanh hơn mọi điều đã thấy trước đó) nhìn từ nhiều thời điểm. Một chỉ số thì không có sai số chuẩn (NaN).
#
# The province's poverty rate: every year from 2019, with the figures known then. Below, the 80 % interval holds far fewer than 80 % of the outcomes. These are not a dozen misses but *one* event (poverty fell from 12.2 % in 2021 to 2.3 % in 2025, faster than anything seen before) looked at from several origins. A single indicator has no standard error (NaN).

# %%
own = toolkit.backtest(
    ["default", "no_change"], data=data, areas=["20"], indicators="poverty_rate", first=2019, draws=500
)
own.scores[["model", "wis", "wis_error", "covers_80", "covers_80_error", "brier", "base_rate", "outcomes"]].round(2)

# %%
rows = own.rows[own.rows["model"] == "default"]
figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
for place, row in enumerate(rows.sort_values(["panel", "origin"]).itertuples(index=False)):
    low, high, middle = (row[rows.columns.get_loc(name)] for name in ("q0.1", "q0.9", "q0.5"))
    inside = row.covers_80
    scale = max(abs(row.outcome), 1e-9)
    axes.plot([low / scale, high / scale], [place, place], color="#86b0d9" if inside else "#9c3d00", linewidth=3)
    axes.plot(middle / scale, place, "|", color="#12548f")
axes.axvline(1, color="0.3", linewidth=1)
axes.set(
    xlabel="80 % interval over the outcome (1 = what came)",
    yticks=[],
    title="Every forecast of the province's own series; rust: missed",
)
plt.show()

# %% [markdown]
# ## Điểm nào cũng tính lại được · Any score can be computed again
#
# Mỗi dòng có kết quả, 23 phân vị và các ngưỡng. Ở đây: sai số của trung vị, và độ lệch. Hai số bằng nhau nghĩa là mọi dự báo đều quá cao, kể cả của "không đổi". · Every row holds the outcome, 23 quantiles and the thresholds. Here: the error of the median, and its bias. Where the two are equal every forecast was too high, that of "no change" too.

# %%
error = own.rows["q0.5"] - own.rows["outcome"]
own.rows.assign(error=error, size=np.abs(error)).groupby(["model", "panel"])[["error", "size"]].mean().round(2)
