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
# # Nhìn qua số liệu · A first look at the data
#
# Trước mọi dự báo: đang giữ số liệu gì, của ai, năm nào, tình trạng nào, và trống ở đâu.
#
# Before any forecast: what is held, of whom, for which years, with which status, and where the gaps are.

# %%
import matplotlib.pyplot as plt

import toolkit

toolkit.set_language("en")  # or "vi"
data = toolkit.load()
figures = data.observations
figures.sample(5, random_state=1)[
    ["area_code", "indicator", "scope", "year", "value", "unit", "standard", "status", "source_id"]
]

# %% [markdown]
# ## Theo chỉ tiêu và năm · By indicator and year
#
# Mỗi hàng là một chỉ tiêu của tỉnh; ô là số số liệu. Đọc theo hàng: chuỗi ngắn và thủng. Phần lớn chỉ tiêu có từ một đến năm điểm, nên không mô hình nào học được xu thế từ riêng một chuỗi: đó là lý do dự báo dùng chung cả họ địa bàn.
#
# A row is an indicator of the province, a cell counts figures. Read along the rows: series are short and have holes. Most indicators have one to five points, so no model can learn a trend from one series alone; that is why forecasts pool families of areas.

# %%
province = figures[(figures["area_code"] == "20") & (figures["scope"] == "all")]
held = province.pivot_table(index="indicator", columns="year", values="value", aggfunc="size", fill_value=0)
held = held.loc[held.sum(axis=1).sort_values(ascending=False).index, [year for year in held.columns if year >= 2010]]
print(
    f"{len(held)} indicators of the province; half of them have {int((held > 0).sum(axis=1).median())} years or fewer since 2010"
)
held.head(15)

# %% [markdown]
# ## Tình trạng · Status
#
# `final` là số chính thức của một năm đã hết; `reported` là số báo cáo; `preliminary` là sơ bộ. Chỉ số chính thức và chính xác mới *quyết định* một mục tiêu; số khác chỉ thu hẹp dự báo.
#
# `final` is the official value of a year that is over, `reported` comes from a report, `preliminary` may be revised. Only a final and exact figure *settles* a target; the others narrow a forecast.

# %%
figures.pivot_table(index="status", columns="qualifier", values="value", aggfunc="size", fill_value=0)

# %% [markdown]
# ## Chỗ trống · The gaps
#
# Có bao nhiêu huyện có số liệu về từng chỉ tiêu? Nơi không có, câu trả lời được suy từ tỉnh và các huyện giống nó, và mang chữ C.
#
# How many districts have figures of an indicator? Where there are none the answer is borrowed from the province and its peers, and graded C.

# %%
plan = toolkit.load_plan()
asked = sorted({indicator for target in plan.targets for indicator, _ in target.series})
districts = figures[figures["area_code"].str.len() == 3]
count = districts.groupby("indicator")["area_code"].nunique().reindex(asked, fill_value=0)
print(f"{(count == 0).sum()} of {len(asked)} indicators that the plan asks about have no figure in any district")
count[count > 0].sort_values(ascending=False)

# %% [markdown]
# ## Vẽ thô · Raw plots
#
# Mỗi màu là một chuẩn đo. Chuỗi nhảy khi chuẩn nghèo đổi: đó không phải là nghèo tăng. Nối các điểm qua hai chuẩn sẽ là sai.
#
# A colour is a standard of measurement. The series jumps where the poverty line changed: that is not a rise of poverty. To join the points across two standards would be wrong.

# %%
poverty = data.series("20", "poverty_rate", "all").to_frame()
figure, axes = plt.subplots(figsize=(7, 3.5), layout="constrained")
for standard, points in poverty.groupby("standard"):
    axes.plot(points["year"], points["value"], "o-", label=standard)
axes.set(title="Lạng Sơn: poverty rate by standard", ylabel="% of households")
axes.legend(frameon=False)
plt.show()

# %%
poverty[["year", "value", "standard", "status", "source_id"]]
