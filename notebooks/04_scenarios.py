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
# # Kịch bản · Scenarios
#
# Kịch bản là phép tính trên dự báo, không phải nguyên nhân. Động từ nối tiếp nhau; mỗi động từ trả về một kịch bản mới.
#
# A scenario is arithmetic on the forecast, not a cause. Verbs follow one another; each returns a new scenario.

# %%
import matplotlib.pyplot as plt

import toolkit

toolkit.set_language("en")
run = toolkit.compute_run(draws=500)
pace = run.what_if("required pace").required_pace("T30-03", probability=0.9)
storm = run.what_if("storm").shock("poverty_rate", 2028, points=5, recovery="slow")
steady = run.what_if("0.3 points a year").fixed_pace("poverty_rate", points=-0.3, areas=["20"])
both = pace.shock("poverty_rate", 2028, points=5).named("pace and storm")
both

# %% [markdown]
# ## Nhiều kịch bản trong một bảng và một biểu đồ · Several in one table and one chart

# %%
found = toolkit.compare(run, [pace, storm, steady, both], ["20", "Bình Gia"], "T30-03")
found

# %%
found.plot("T30-03")

# %% [markdown]
# Thay đổi đứng cạnh sai số mô phỏng của nó: nhỏ hơn hai lần sai số thì không nên kể. Tốc độ cần có được tính cho *chính* mỗi địa bàn; cơn bão kéo cả tỉnh, nên các huyện cùng hụt.
#
# A change stands beside its simulation error: below twice that it is nothing to tell. The required pace is worked out for each area *itself*; the storm moves the whole province, so its districts fail together.

# %%
figure, axes = plt.subplots(figsize=(7, 3.5), layout="constrained")
for scenario in (run.what_if("as forecast"), pace, storm, steady, both):
    path = scenario.forecasts.path("20", "poverty_rate", "all")
    axes.plot(path.years, path.to_frame([0.5])[0.5], label=scenario.name)
axes.set(
    xlim=(2020, 2033), ylim=(0, 12), title="Lạng Sơn: median poverty rate in five courses", ylabel="% of households"
)
axes.legend(frameon=False)
plt.show()

# %% [markdown]
# ## Một kịch bản, một biểu đồ quạt · One scenario as a fan chart

# %%
toolkit.compare(run, both, "Bình Gia", "T30-03").plot()

# %% [markdown]
# ## Nhiều mục tiêu cùng lúc · Several targets at once
#
# Đếm trên từng đường, không nhân các xác suất. · Counted draw by draw, never by multiplying marginals.

# %%
together = toolkit.joint(run, "20", ["T30-03", "T30-26", "T45-02"], scenario=storm)
together

# %% [markdown]
# ## Hệ thống khác nói gì? · What do other systems say?
#
# Bảy hệ thống đọc cùng số liệu, nói có hoặc không, và không đồng ý với nhau. · Seven systems read the same figures, say yes or no, and disagree.

# %%
toolkit.official_answers(run, "20", "T45-02")

# %% [markdown]
# ## Đưa đi, đưa về · Out and back
#
# Bảng IAMC, `pyam` đọc được; giá trị trong bảng trở lại thành một kịch bản. · A table in the IAMC layout, which `pyam` reads; its values come back as a scenario.

# %%
table = toolkit.iamc_table({"storm": storm.forecasts}, run.dataset, ["181"], indicators=["poverty_rate"])
table = table[table["variable"].str.startswith("poverty_rate|all")]
again = run.what_if("read again")
for step in toolkit.steps_from_iamc(table, run.dataset, "storm"):
    again = again.then(step)
again

# %% [markdown]
# ## Thanh trượt · Sliders
#
# Kéo: xác suất và biểu đồ đổi theo. `make explore` mở trang này trong trình duyệt. · Move one: the chance and the chart follow. `make explore` opens this page in a browser.

# %%
toolkit.explore(run)
