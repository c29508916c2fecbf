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
# # Câu trả lời phụ thuộc vào gì · What the answer depends on
#
# Một xác suất là kết quả của nhiều lựa chọn: mô hình, chuẩn nghèo sắp tới, chỉ tiêu thay thế, ngày chốt số liệu. Một bảng, một biểu đồ.
#
# A probability is the outcome of choices: the model, the poverty line to come, the stand-ins, the day on which figures were known. One table, one chart.

# %%
import matplotlib.pyplot as plt
import pandas as pd

import toolkit

toolkit.set_language("en")
targets = ["T30-03", "T30-26", "T30-01", "T45-02"]
data, plan = toolkit.load(), toolkit.load_plan()
same = {"areas": ["20"], "draws": 500}
runs = {"as published": toolkit.compute_run(data=data, plan=plan, **same)}
for model in ("no_change", "drift", "damped_ets"):
    runs[f"model: {model}"] = toolkit.compute_run(data=data, plan=plan, model=model, **same)
runs["known at the end of 2023"] = toolkit.compute_run(data=data, plan=plan, as_of="2023-12-31", **same)
runs["stand-in for minority poverty off"] = toolkit.compute_run(
    data=data, plan=plan.without_proxy("poverty_dtts_from_all"), **same
)
table = pd.DataFrame(
    {name: run.table("20").set_index("target_id").loc[targets, "probability"] for name, run in runs.items()}
).T

# %% [markdown]
# ## Bước nhảy của chuẩn mới · The jump of the new line
#
# Chuẩn nghèo năm 2027 chưa ai đo. Ở đây thay giả định bằng một bước nhảy nhỏ hơn và một bước nhảy lớn hơn (thang logit), như hai kịch bản.
#
# Nobody has measured on the poverty line of 2027. Here its assumed jump is replaced by a smaller and a larger one (logit scale), as two scenarios.

# %%
usual = runs["as published"]
for name, mean in (("small", 0.1), ("large", 0.9)):
    scenario = usual.what_if(name).new_standard("poverty_rate", 2027, mean=mean, sd=0.15)
    changed = toolkit.compare(usual, scenario, "20", targets).table.set_index("target_id")["probability"]
    table.loc[f"{name} jump of the poverty line"] = changed.reindex(targets)
table.round(2)

# %%
figure, axes = plt.subplots(figsize=(8, 4), layout="constrained")
for row, name in enumerate(table.index):
    axes.plot(table.loc[name], [row] * len(targets), color="0.85", zorder=0)
for target in targets:
    axes.plot(table[target], range(len(table)), "o", label=target)
axes.set_yticks(range(len(table)), table.index)
axes.invert_yaxis()
axes.set(xlim=(-0.03, 1.03), xlabel="P(target met), Lạng Sơn", title="One question, several choices")
axes.legend(frameon=False, ncols=4, loc="upper center", bbox_to_anchor=(0.4, -0.15))
plt.show()

# %% [markdown]
# ## Đọc bảng · Reading the table
#
# Nhìn theo cột. Cột nào gần như thẳng đứng là câu trả lời vững: lựa chọn nào cũng nói vậy. Cột nào trải rộng là câu trả lời của người chọn, không phải của số liệu; hãy nói lựa chọn đó cùng con số. Ô trống (`NaN`) là không đánh giá được: tắt chỉ tiêu thay thế thì T30-03 không còn gì để dựa vào, và đó cũng là một câu trả lời. Dòng dưới đây xếp các mục tiêu theo độ trải rộng.
#
# Look down the columns. A column that is almost straight is a firm answer: every choice says so. A column that is spread is the answer of whoever chose; say the choice with the number. An empty cell (`NaN`) cannot be assessed: without its stand-in T30-03 rests on nothing, and that is an answer too. The line below ranks the targets by their spread.

# %%
(table.max() - table.min()).sort_values(ascending=False).rename("spread of P over all choices").round(2)

# %% [markdown]
# Vì sao ngày chốt số liệu quan trọng: số của năm 2024 và 2025 chưa có ở dòng "cuối 2023". · Why the day matters: the figures of 2024 and 2025 are unknown in the row "end of 2023".

# %%
pd.DataFrame(
    {
        name: runs[name]
        .path("20", "poverty_rate")
        .to_frame([0.1, 0.5, 0.9])
        .set_index("year")
        .loc[2030, [0.1, 0.5, 0.9]]
        for name in runs
    }
).T.astype(float).round(1)
