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
# # Xem kỹ một chỉ tiêu · Explore an indicator
#
# Tỷ lệ hộ nghèo của tỉnh: nguồn, chuẩn đo, số mâu thuẫn, và lựa chọn mô hình.
#
# The province's poverty rate: sources, standards, conflicts, and the choice of a model.

# %%
import pandas as pd

import toolkit

run = toolkit.compute_run(draws=500)
data = run.dataset
data.indicators.get("poverty_rate").definition["en"]

# %% [markdown]
# ## Số liệu nào, từ đâu? · Which figures, from where?

# %%
answer = run.ask("20", "T30-03")
answer.figures.drop(columns="overruled")

# %% [markdown]
# ## Mâu thuẫn: số thắng và số bị bác · Conflicts: what won and what was overruled
#
# Số có tình trạng tốt hơn thắng, rồi đến số công bố sau; số bị bác vẫn ở trong tệp. · The better status wins, then the later publication; what was overruled stays in the file.

# %%
answer.figures.loc[answer.figures["overruled"] != "", ["year", "value", "status", "source_id", "overruled"]]

# %% [markdown]
# ## Chuẩn đo thay đổi · Standards change
#
# Không một chuỗi nào chạy qua hai chuẩn mà không khai báo. Bước nhảy ở thang logit có phân bố tiên nghiệm; chuẩn năm 2027 chưa ai đo.
#
# No series runs across two standards undeclared. The jump on the logit scale has a prior; nobody has measured on the line of 2027.

# %%
path = run.forecasts.path("20", "poverty_rate", "all")
path.breaks

# %%
answer.plot()

# %% [markdown]
# ## Mô hình khác nói gì? · What do other models say?
#
# Mặc định (ngân hàng xu thế) bên cạnh "không đổi" và "đường OLS". Khoảng 80 % năm 2030, có qua chuẩn mới.
#
# The default (banks of trends) beside "no change" and "OLS line". 80% intervals for 2030, across the new line.

# %%
from toolkit.forecast.make import Span, make_forecasts

rows = {}
for model in ("default", "no_change", "ols"):
    made = make_forecasts(
        data, run.plan, [], draws=500, model=model, only={("poverty_rate", "all"): Span(2020, 2030, 2030)}
    )
    rows[model] = made.path("20", "poverty_rate", "all").quantiles((0.1, 0.5, 0.9))[-1].round(2)
pd.DataFrame(rows, index=["10 %", "50 %", "90 %"]).T.rename_axis("% hộ nghèo 2030 · % poor 2030")
