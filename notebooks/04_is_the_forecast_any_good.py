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
# Dự báo từ những thời điểm đã qua, chấm bằng điều xảy ra sau đó. Trọng số của mô hình được học trên chính những bảng số này, nên điểm ở đây hơi đẹp; bản ghi ngoài mẫu nằm ở `data/panels/`.
#
# Forecasts from past origins, scored by what came. The model's weights were learned on these very panels, so the scores here flatter a little; the out-of-sample record stands in `data/panels/`.

# %%
import pandas as pd

from toolkit.data.dataset import data_folder
from toolkit.evaluate.backtest import rolling_origins, score_cuts, summary
from toolkit.evaluate.backtest import reliability_of_events
from toolkit.forecast.any_table import panels_of_table
from toolkit.models import get

panels = pd.read_csv(data_folder(None) / "panels" / "panels.csv", dtype=str).rename(
    columns={"panel_id": "panel", "unit_type": "kind"}
)
vietnam = panels[panels["panel"].str.startswith("vn_")]
cuts = [
    cut
    for history in panels_of_table(vietnam)
    for cut in rolling_origins(history.name, history.panel_of(history.units), fewest=3)
]
len(cuts)

# %% [markdown]
# ## Sai số so với "không đổi", độ phủ, Brier · Error against "no change", coverage, Brier
#
# `wis` dưới 1 là tốt hơn sai số của "không đổi"; `covers_80` nên gần 0,80; `brier` nên dưới `base_rate`. Các cột `…_error` là sai số chuẩn: mười chỉ số nói được ít, dù có hàng nghìn kết quả.
#
# `wis` below 1 beats the error of "no change"; `covers_80` should be near 0.80; `brier` below `base_rate`. The columns `…_error` are standard errors: ten indicators tell little, for all their thousands of outcomes.

# %%
scored = {name: score_cuts(cuts, get(name)) for name in ("default", "no_change", "drift")}
pd.concat({name: summary(rows) for name, rows in scored.items()}).droplevel(1).round(3)

# %% [markdown]
# ## Nói 70 %, thì 70 % có xảy ra không? · When it says 70%, does it happen 70% of the time?

# %%
rows = scored["default"]
calibration = reliability_of_events(rows)
calibration[["forecast", "observed", "number"]].round(2)

# %%
import matplotlib.pyplot as plt

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
left.plot([0, 1], [0, 1], color="0.7", label="trung thực · honest")
left.plot(calibration["forecast"], calibration["observed"], "o-", color="#12548f", label="dự báo · forecast")
left.set(xlabel="xác suất đã nói · probability said", ylabel="tần suất xảy ra · how often it happened")
left.set_title("Độ tin cậy của xác suất · Reliability", fontsize=10)
left.legend(frameon=False, fontsize=8)
right.hist(rows["position"], bins=20, color="#86b0d9", edgecolor="white")
right.axhline(len(rows) / 20, color="0.3", linewidth=1)
right.set(xlabel="vị trí của kết quả trong dự báo · where the outcome fell", ylabel="số lần · count")
right.set_title("Phẳng là trung thực · Flat is honest", fontsize=10)
figure.supxlabel(
    f"{len(rows):,} kết quả, bảng số các tỉnh Việt Nam (GSO) · outcomes, panels of Vietnam's provinces", fontsize=8
)
plt.show()

# %% [markdown]
# ## Sai ở đâu? · Where does it fail?
#
# Theo bảng số: một đợt giảm kéo dài không phải là quy luật. · By panel: a fall that lasted is not a law.

# %%
summary(rows, by=["panel"])[["panel", "wis", "covers_80", "brier", "base_rate", "skill"]].sort_values("wis").round(3)

# %%
summary(rows, by=["horizon"])[["horizon", "wis", "covers_80", "brier", "base_rate"]].round(3)
