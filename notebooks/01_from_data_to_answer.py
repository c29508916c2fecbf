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
# # Từ số liệu đến câu trả lời · From data to an answer
#
# Mười dòng lệnh: nạp số liệu có nguồn, dự báo, và hỏi một mục tiêu của Kế hoạch 138/KH-UBND ở một huyện (cũ).
#
# Ten lines: load the sourced data, forecast, and ask about one target of Plan 138/KH-UBND in one (former) district.

# %%
import toolkit

run = toolkit.compute_run(draws=1000)
answer = run.ask("Bình Gia", "T30-03")
answer

# %%
answer.plot()

# %% [markdown]
# ## Con số đó dựa vào đâu? · What does that rest on?
#
# Mỗi con số mang theo nguồn, tình trạng và chuẩn đo; số bị bác vẫn được giữ bên cạnh. Chữ **D** nghĩa là đi qua một chỉ tiêu thay thế.
#
# Every figure keeps its source, status and standard; what was overruled stays beside it. **D** means: seen through a stand-in.

# %%
answer.figures

# %%
answer.path.proxy

# %% [markdown]
# ## Mọi mục tiêu có xác suất ở huyện này · All targets with a probability in this district

# %%
table = run.table(["181"])
table.loc[table["outcome"] == "probability", ["target_id", "due", "probability", "bound", "verdict", "grade", "proxy"]]

# %% [markdown]
# ## Nếu khác đi thì sao? · What if it went differently?
#
# Một cú sốc năm 2028 làm tỷ lệ hộ nghèo tăng 5 điểm phần trăm, hồi phục trong năm năm.
#
# A blow in 2028 that raises the poverty rate by 5 percentage points, with recovery in five years.

# %%
storm = run.what_if("bão · storm").shock("poverty_rate", 2028, points=5)
toolkit.compare(run, storm, "Bình Gia", ["T30-03"])
