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
# # Từ số liệu đến các đường mô phỏng · From figures to draws
#
# Dự báo không phải là một đường mà là nhiều đường có thể xảy ra. Xác suất là tỷ lệ đường đạt mục tiêu: ở đây ta đếm bằng tay.
#
# A forecast is not a line but many lines that may come. A probability is the share of them that meet the target: here it is counted by hand.

# %%
import matplotlib.pyplot as plt
import numpy as np

import toolkit

toolkit.set_language("en")
run = toolkit.compute_run(draws=1000)
run

# %%
path = run.path("20", "poverty_rate")
path.to_frame([0.1, 0.5, 0.9]).tail(6)

# %% [markdown]
# ## Mớ sợi · Spaghetti
#
# Ba mươi đường trong một nghìn. Chúng gặp nhau ở năm có số liệu và tỏa ra sau đó; mỗi đường là một tương lai trọn vẹn, nên hỏi được cả "mọi năm" và "thay đổi".
#
# Thirty of a thousand draws. They meet where a figure is held and spread after it; each is a whole future, so one can ask about every year and about changes as well.

# %%
figure, axes = plt.subplots(figsize=(7, 3.5), layout="constrained")
path.plot(ax=axes)
axes.plot(path.years, path.draws[:30].T, color="#1f2933", alpha=0.35, linewidth=0.7)
axes.set_xlim(2020, 2032)
axes.set_ylim(0, 15)
plt.show()

# %% [markdown]
# ## Năm đến hạn · The due year
#
# Mục tiêu T30-03 hỏi hộ nghèo *dân tộc thiểu số*: không có số liệu, nên đi qua chỉ tiêu thay thế. T45-02 và nhiều mục tiêu khác cũng vậy. Đếm trên đường đi của chính chỉ tiêu được hỏi.
#
# Target T30-03 asks about poor *ethnic-minority* households: no figure is held, so it is seen through a stand-in. Count on the draws of the indicator that is asked about.

# %%
answer = run.ask("20", "T30-03")
target = run.plan.target("T30-03")
draws = answer.path.at(target.due)
by_hand = float(np.mean(draws < target.rule.value))
print(f"P by hand: {by_hand:.3f}; the toolkit's answer: {answer.probability:.3f} ({answer.attainment.bound})")
answer

# %%
figure, axes = plt.subplots(figsize=(7, 3), layout="constrained")
axes.hist(draws, bins=40, color="#86b0d9")
axes.axvline(target.rule.value, color="#9c3d00", label=f"target: below {target.rule.value:g} %")
axes.set(title=f"Draws of {target.due}: minority poverty, through a stand-in", xlabel="%", ylabel="draws")
axes.legend(frameon=False)
plt.show()

# %% [markdown]
# ## Đọc con số · Reading the number
#
# "Ít nhất" (`at_least`) vì chỉ tiêu thay thế là giới hạn trên: nghèo thật của đồng bào thấp hơn hoặc bằng giá trị vẽ ở trên. Phần đuôi bên phải là đổi chuẩn nghèo năm 2027, chưa ai đo. Sai số mô phỏng dưới đây nói con số đổi bao nhiêu với hạt giống khác; đó là sai số nhỏ nhất trong mọi sai số.
#
# "At least", because the stand-in is an upper bound: true minority poverty is at or below what is drawn above. The right tail is the poverty line of 2027, which nobody has measured. The simulation error below says how far the number moves with another seed; it is the smallest of all its errors.

# %%
print(f"simulation error: ±{100 * answer.attainment.monte_carlo_error:.1f} points")
answer.explain()

# %%
answer.explain().plot()
