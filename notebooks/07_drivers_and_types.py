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
# # Điều gì đi cùng tiến bộ nhanh? · What goes with faster progress?
#
# Chỉ để khám phá: đi cùng không phải là nguyên nhân, và không gì ở đây vào kết luận hay dự báo.
#
# Exploration only: going together is no cause, and nothing here enters a verdict or a forecast.

# %%
import numpy as np
import pandas as pd

from toolkit.data.dataset import data_folder
from toolkit.models.panel import Scale

panels = pd.read_csv(data_folder(None) / "panels" / "panels.csv", dtype={"unit": str})
wide = {
    name: rows.pivot_table(index="unit", columns="year", values="value") for name, rows in panels.groupby("panel_id")
}
poverty = wide["vn_poverty_rate_gso"].dropna()
# mỗi tỉnh một đường thẳng trên thang logit · a straight line for each province, on the logit scale
logit = Scale.percent().to_link(poverty)
years = poverty.columns - poverty.columns.to_numpy().mean()
line = pd.DataFrame(np.polyfit(years, logit.T, 1).T, index=poverty.index, columns=["pace", "level"])
line.describe().round(2)

# %% [markdown]
# ## Điều kiện ban đầu và tốc độ giảm nghèo · Starting conditions and the pace of poverty
#
# 61 tỉnh có đủ số liệu, 2010–2016 (chuẩn của cơ quan thống kê). Hồi quy ridge của scikit-learn; mức phạt chọn bằng cách bỏ ra từng tỉnh. Âm là giảm nhanh hơn. Nếu `explained` gần 0 thì điều kiện không nói được gì về một tỉnh chưa thấy.
#
# 61 provinces with all their figures, 2010–2016 (the statistics office's measure). Ridge regression of scikit-learn; the penalty is chosen by leaving out one province at a time. Negative is a faster fall. With `explained` near 0 the conditions tell nothing about a province not seen. Beware: a start measured too high by chance is followed by a fall by chance, so the first row is partly noise.

# %%
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.model_selection import LeaveOneOut, cross_val_predict
from sklearn.preprocessing import StandardScaler

conditions = pd.DataFrame(
    {
        "poverty at the start": logit[:, 0],
        "income at the start": wide["vn_monthly_income_per_capita"].iloc[:, 0].reindex(poverty.index),
        "literacy at the start": wide["vn_literacy_rate_15plus"][2010].reindex(poverty.index),
        "electricity at the start": wide["vn_households_using_electricity"][2010].reindex(poverty.index),
    },
    index=poverty.index,
)
x, y = StandardScaler().fit_transform(conditions), line["pace"].to_numpy()
ridge = RidgeCV(alphas=np.logspace(-2, 4, 25)).fit(x, y)

# sai số cho tỉnh bị bỏ ra, so với đoán bằng trung bình các tỉnh khác · error for the province left out, to quoting the others' mean
left_out = cross_val_predict(Ridge(alpha=ridge.alpha_), x, y, cv=LeaveOneOut())
others = (y.sum() - y) / (len(y) - 1)
explained = 1 - ((y - left_out) ** 2).mean() / ((y - others) ** 2).mean()

# khoảng 90 %: chọn lại các tỉnh 400 lần · 90% intervals: provinces drawn again, 400 times
draws = np.random.default_rng(138).integers(0, len(y), (400, len(y)))
again = np.array([Ridge(alpha=ridge.alpha_).fit(x[draw], y[draw]).coef_ for draw in draws])
low, high = np.quantile(again, [0.05, 0.95], axis=0)
table = pd.DataFrame({"effect": ridge.coef_, "low": low, "high": high}, index=conditions.columns)
print(f"{len(y)} units, explained when left out: {explained:.2f}")
table.round(4)

# %%
import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(8, 3), layout="constrained")
effect = table["effect"]
axes.errorbar(effect, range(len(table)), xerr=[effect - table["low"], table["high"] - effect], fmt="o", color="#12548f")
axes.axvline(0, color="0.6", linewidth=1)
axes.set_yticks(range(len(table)), table.index)
axes.set_xlabel(
    "thay đổi tốc độ (logit mỗi năm) ứng với một độ lệch chuẩn · change of pace (logit a year) per standard deviation"
)
axes.set_title("Điều đi cùng, không phải nguyên nhân · Goes with, does not cause (90 %)", fontsize=10, loc="left")
figure.supxlabel("Nguồn: Tổng cục Thống kê, 61 tỉnh, 2010–2016 · Source: General Statistics Office", fontsize=8)
plt.show()

# %% [markdown]
# ## Những quỹ đạo giống nhau · Trajectories that are alike
#
# Nhóm theo mức và tốc độ (k-means). `silhouette` dưới 0,25 là nhóm gần như không tách; `stability` cho biết nhóm có phụ thuộc vào một tỉnh không.
#
# Groups by level and pace (k-means). A `silhouette` below 0.25 hardly separates groups; `stability` tells whether one province decides them: how alike the groups are when one is left out (adjusted Rand index, 1 is the same).

# %%
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_score

points = StandardScaler().fit_transform(line)
means = KMeans(n_clusters=3, n_init=5, random_state=138)
group = pd.Series(means.fit_predict(points), index=line.index, name="group")
stability = np.mean(
    [adjusted_rand_score(group.iloc[kept], means.fit_predict(points[kept])) for kept, _ in LeaveOneOut().split(points)]
)
print(f"silhouette {silhouette_score(points, group):.2f}, stability {stability:.2f}")
line.groupby(group).mean().assign(units=group.value_counts()).round(3)

# %%
figure, axes = plt.subplots(figsize=(8, 4), layout="constrained")
for number, colour in enumerate(("#9c3d00", "#12548f", "#6b7785")):
    mine = poverty[group == number]
    axes.plot(mine.columns, mine.T, color=colour, alpha=0.25, linewidth=1)
    axes.plot(mine.columns, mine.median(), color=colour, linewidth=3, label=f"nhóm · group {number} ({len(mine)})")
axes.set(ylabel="% hộ nghèo · % poor", title="Ba kiểu quỹ đạo giảm nghèo · Three types of trajectory")
axes.legend(frameon=False)
figure.supxlabel(
    "Nguồn: Tổng cục Thống kê; khám phá, không vào kết luận · Source: General Statistics Office; exploration, never a verdict",
    fontsize=8,
)
plt.show()
