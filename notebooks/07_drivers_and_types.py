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
import pandas as pd

from toolkit.data.folder import data_folder
from toolkit.evaluate.cuts import read_panels
from toolkit.evaluate.drivers import drivers, paces, typology
from toolkit.models import Scale

panels = read_panels(data_folder(None) / "panels")
wide = {
    name: rows.pivot_table(index="unit", columns="year", values="value") for name, rows in panels.groupby("panel_id")
}
poverty = wide["vn_poverty_rate_gso"]
poverty.shape

# %% [markdown]
# ## Điều kiện ban đầu và tốc độ giảm nghèo · Starting conditions and the pace of poverty
#
# 62 tỉnh, 2010–2016 (chuẩn của cơ quan thống kê). Âm là giảm nhanh hơn. Cột `explained` gần 0: điều kiện không nói được gì về một tỉnh chưa thấy.
#
# 62 provinces, 2010–2016 (the statistics office's measure). Negative is a faster fall. With `explained` near 0 the conditions tell nothing about a province not seen. Beware: a start measured too high by chance is followed by a fall by chance, so the first row is partly noise.

# %%
conditions = pd.DataFrame(
    {
        "poverty at the start": Scale.percent().to_link(poverty.iloc[:, 0]),
        "income at the start": wide["vn_monthly_income_per_capita"].iloc[:, 0],
        "literacy at the start": wide["vn_literacy_rate_15plus"][2010],
        "electricity at the start": wide["vn_households_using_electricity"][2010],
    },
    index=poverty.index,
)
found = drivers(paces(poverty, Scale.percent()), conditions)
print(f"{found.units} units, explained when left out: {found.explained:.2f}")
found.table.round(4)

# %%
import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(8, 3), layout="constrained")
middle, reach = found.table["effect"], found.table[["low", "high"]]
axes.errorbar(
    middle, range(len(middle)), xerr=[middle - reach["low"], reach["high"] - middle], fmt="o", color="#12548f"
)
axes.axvline(0, color="0.6", linewidth=1)
axes.set_yticks(range(len(middle)), middle.index)
axes.set_xlabel(
    "thay đổi tốc độ (logit mỗi năm) ứng với một độ lệch chuẩn · change of pace (logit a year) per standard deviation"
)
axes.set_title("Điều đi cùng, không phải nguyên nhân · Goes with, does not cause (90 %)", fontsize=10, loc="left")
figure.supxlabel("Nguồn: Tổng cục Thống kê, 62 tỉnh, 2010–2016 · Source: General Statistics Office", fontsize=8)
plt.show()

# %% [markdown]
# ## Những quỹ đạo giống nhau · Trajectories that are alike
#
# `silhouette` dưới 0,25 là nhóm gần như không tách; `stability` cho biết nhóm có phụ thuộc vào một tỉnh không.
#
# A `silhouette` below 0.25 hardly separates groups; `stability` tells whether one province decides them.

# %%
types = typology(poverty, Scale.percent(), groups=3)
print(f"silhouette {types.silhouette:.2f}, stability {types.stability:.2f}")
types.centres.round(3)

# %%
figure, axes = plt.subplots(figsize=(8, 4), layout="constrained")
for group, colour in enumerate(("#9c3d00", "#12548f", "#6b7785")):
    mine = poverty.loc[types.groups.index[types.groups == group]]
    axes.plot(mine.columns, mine.T, color=colour, alpha=0.25, linewidth=1)
    axes.plot(mine.columns, mine.median(), color=colour, linewidth=3, label=f"nhóm · group {group} ({len(mine)})")
axes.set(ylabel="% hộ nghèo · % poor", title="Ba kiểu quỹ đạo giảm nghèo · Three types of trajectory")
axes.legend(frameon=False)
figure.supxlabel(
    "Nguồn: Tổng cục Thống kê; khám phá, không vào kết luận · Source: General Statistics Office; exploration, never a verdict",
    fontsize=8,
)
plt.show()
