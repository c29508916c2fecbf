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
from toolkit.data.folder import data_folder
from toolkit.evaluate.backtest import score_cuts, summary
from toolkit.evaluate.cuts import cut_panels, read_panels
from toolkit.evaluate.scores import reliability
from toolkit.models import get

panels = read_panels(data_folder(None) / "panels")
cuts = cut_panels(panels[panels["panel_id"].str.startswith("vn_")], seed=7)
len(cuts)

# %% [markdown]
# ## Sai số so với "không đổi", độ phủ, Brier · Error against "no change", coverage, Brier
#
# `crps` dưới 1 là tốt hơn sai số của "không đổi"; `covers_80` nên gần 0,80; `brier` nên dưới `base_rate`.
#
# `crps` below 1 beats the error of "no change"; `covers_80` should be near 0.80; `brier` below `base_rate`.

# %%
import pandas as pd

scored = {name: score_cuts(cuts, get(name)) for name in ("default", "no_change", "drift")}
pd.concat({name: summary(rows) for name, rows in scored.items()}).droplevel(1).round(3)

# %% [markdown]
# ## Nói 70 %, thì 70 % có xảy ra không? · When it says 70%, does it happen 70% of the time?

# %%
rows = scored["default"]
calibration = reliability(rows["probability_1"], rows["happened_1"])
calibration

# %% [markdown]
# ## Sai ở đâu? · Where does it fail?
#
# Theo bảng số: một đợt giảm kéo dài không phải là quy luật. · By panel: a fall that lasted is not a law.

# %%
summary(rows, by=["panel"])[["panel", "crps", "covers_80", "brier", "base_rate", "skill"]].sort_values("crps").round(3)

# %%
summary(rows, by=["horizon"])[["horizon", "crps", "covers_80", "brier", "base_rate"]].round(3)
