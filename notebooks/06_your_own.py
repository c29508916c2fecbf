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
# # Số liệu, mục tiêu, mô hình và động từ của riêng mình · Your own data, target, model and verb
#
# Mọi thứ trong bộ nhớ: không tệp nào bị sửa. · All in memory: no file is changed.

# %%
import numpy as np
import pandas as pd

import toolkit

toolkit.set_language("en")
data, plan = toolkit.load(), toolkit.load_plan()

# %% [markdown]
# ## Số liệu của mình · Own data
#
# Bốn cột là đủ; được kiểm tra như một tệp. Lỗi nói dòng và cột. · Four columns are enough; they are checked like a file. The error names row and column.

# %%
columns = ["area_code", "indicator", "year", "value"]
mine = pd.DataFrame(
    [["Bình Gia", "poverty_rate", 2023, 11.2], ["Bình Gia", "poverty_rate", 2024, 9.6]], columns=columns
)
with_mine = data.with_observations(mine)
try:
    data.with_observations(mine.assign(value=[11.2, 140.0]))
except toolkit.ToolkitError as error:
    print(error)

# %%
before, after = (toolkit.compute_run(data=held, areas=["20", "Bình Gia"], draws=500) for held in (data, with_mine))
pd.DataFrame(
    {
        "before": before.path("Bình Gia", "poverty_rate")
        .to_frame([0.1, 0.5, 0.9])
        .set_index("year")
        .loc[2030, [0.1, 0.5, 0.9]],
        "with my figures": after.path("Bình Gia", "poverty_rate")
        .to_frame([0.1, 0.5, 0.9])
        .set_index("year")
        .loc[2030, [0.1, 0.5, 0.9]],
    }
).astype(float).round(1)

# %% [markdown]
# Trung vị dời theo số liệu của mình; khoảng năm 2030 vẫn rộng, vì phần lớn đến từ những gì chưa ai biết: xu thế sau đó và chuẩn nghèo năm 2027. `explain()` nói phần nào đến từ đâu. · The median moves with one's own figures; the interval of 2030 stays wide, as most of it comes from what nobody knows yet: where the trend goes, and the poverty line of 2027. `explain()` says which part comes from where.

# %%
pd.DataFrame(
    {
        name: run.ask("Bình Gia", "T30-03").explain().spread
        for name, run in (("before", before), ("with my figures", after))
    }
).round(2)

# %% [markdown]
# ## Mục tiêu của mình · An own target
#
# Đổi một mục tiêu, hoặc thêm dòng mới giống một dòng có sẵn. · Change a target, or add a row like another.

# %%
harder = plan.with_target("T30-03", value=5).with_target("MY-01", like="T30-26", value=66)
run = toolkit.compute_run(data=with_mine, plan=harder, areas=["20"], draws=500)
run.table("20").set_index("target_id").loc[["T30-03", "MY-01"], ["due", "probability", "verdict", "grade", "expected"]]

# %% [markdown]
# ## Mô hình của mình · An own model
#
# Một đối tượng có `fit(panel)` và `predict(horizons)`: bảng có một dòng mỗi năm và một cột mỗi địa bàn, trên thang liên kết (logit của tỷ lệ). Trả về đường mô phỏng (S, N, H) hoặc phân vị. Dưới đây: hồi quy ridge của scikit-learn trên thay đổi của năm trước, và một xu hướng bền vững của statsmodels.
#
# An object with `fit(panel)` and `predict(horizons)`: the panel has a row a year and a column an area, on the link scale (the logit of a share). It returns draws (S, N, H) or quantiles. Below: scikit-learn's ridge regression on the change of the year before, and a robust drift by statsmodels.

# %%
from sklearn.linear_model import Ridge
from statsmodels.robust.robust_linear_model import RLM


class RidgeOnChanges:
    def __init__(self, alpha=1.0):
        self.alpha = alpha

    def get_params(self, deep=True):
        return {"alpha": self.alpha}

    def fit(self, panel):
        filled = panel.interpolate(limit_area="inside")
        changes = filled.diff().to_numpy()
        x, y = changes[:-1].ravel(), changes[1:].ravel()
        known = np.isfinite(x) & np.isfinite(y)
        self.rule = Ridge(alpha=self.alpha).fit(x[known, None], y[known]) if known.sum() > 3 else None
        self.spread = float(np.std(y[known])) if known.sum() > 3 else 0.2
        self.last = filled.ffill().iloc[-1].fillna(filled.mean().mean()).to_numpy()
        self.step = np.nan_to_num(changes[-1])
        return self

    def predict(self, horizons):
        random, level, step = np.random.default_rng(1), np.tile(self.last, (400, 1)), np.tile(self.step, (400, 1))
        ahead = []
        for _ in range(max(horizons)):
            step = step * (self.rule.coef_[0] if self.rule else 0) + (self.rule.intercept_ if self.rule else 0)
            step = step + self.spread * random.standard_normal(level.shape)
            level = level + step
            ahead.append(level)
        return np.stack([ahead[horizon - 1] for horizon in horizons], axis=2)


class RobustDrift:
    def fit(self, panel):
        changes = panel.diff().to_numpy().ravel()
        known = changes[np.isfinite(changes)]
        found = RLM(known, np.ones(known.size)).fit() if known.size > 5 else None
        self.drift, self.spread = (found.params[0], max(found.scale, 0.05)) if found else (0.0, 0.2)
        self.last = panel.ffill().iloc[-1].fillna(panel.mean().mean()).to_numpy()
        return self

    def predict(self, horizons):
        middle, width = self.last[:, None] + self.drift * horizons, self.spread * np.sqrt(horizons)
        return {level: middle + z * width for level, z in ((0.1, -1.28), (0.5, 0.0), (0.9, 1.28))}


# %%
table = pd.read_csv(data.folder / "panels" / "panels.csv", dtype=str).rename(
    columns={"panel_id": "panel", "unit_type": "kind"}
)
table = table[table["panel"] == "vn_poverty_rate_gso"]
found = toolkit.backtest([RidgeOnChanges(), RobustDrift(), "default", "no_change"], table=table)
found

# %% [markdown]
# Một dự báo chỉ đáng dùng nếu thắng "không đổi" (`wis` nhỏ hơn của `no_change`) và khoảng 80 % phủ gần 80 %. Cùng đối tượng đó làm được báo cáo và bảng bất kỳ:
#
# A forecast is worth using if it beats "no change" (`wis` below that of `no_change`) and its 80 % interval holds about 80 %. The same object makes a report's answers, and forecasts of any table:

# %%
own = toolkit.compute_run(data=data, areas=["20"], model=RidgeOnChanges(alpha=10), draws=500)
own.ask("20", "T30-03")

# %%
own.report("20").section("targets")

# %%
toolkit.forecast_table(table, horizon=3, quantiles=[0.1, 0.5, 0.9], model=RobustDrift()).head(3)

# %% [markdown]
# ## Động từ của mình · An own verb
#
# Một hàm từ đường mô phỏng (S, T) và năm (T,) đến đường mô phỏng. Chỉ năm còn mở thay đổi; những gì dựa vào chỉ tiêu đó đổi theo.
#
# A function from draws (S, T) and years (T,) to draws. Only open years change; what rests on the indicator follows.

# %%
drought = run.what_if("drought in even years").apply(
    lambda draws, years: draws * (1 + 0.3 * (years % 2 == 0)), "poverty_rate"
)
toolkit.compare(run, drought, "20", ["T30-03"])
