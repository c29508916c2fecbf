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
# Kéo thanh trượt: xác suất và biểu đồ thay đổi theo. Kịch bản là phép tính trên dự báo, không phải nguyên nhân.
#
# Move a slider: the chance and the chart follow. A scenario is arithmetic on the forecast, not a cause.

# %%
import toolkit

run = toolkit.compute_run(draws=500)
toolkit.explore(run)
