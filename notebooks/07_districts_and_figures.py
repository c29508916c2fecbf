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
# # Các huyện cạnh nhau, và hình cho bài báo · Districts side by side, and figures for a paper
#
# Nhiều ô nhỏ cùng thang, và bản đồ ô vuông: mỗi huyện một ô, đặt theo vị trí. · Small multiples on one scale, and a tile map: one tile a district, placed as on the map.

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

import toolkit

toolkit.set_language("en")
run = toolkit.compute_run(draws=500)
districts = [area for area in run.chosen() if area.level == "district"]
figures = Path("figures")
figures.mkdir(exist_ok=True)

# %%
figure, grid = plt.subplots(3, 4, figsize=(9, 6), sharex=True, sharey=True, layout="constrained")
for axes, area in zip(grid.flat, districts, strict=False):
    path = run.path(area.code, "poverty_rate")
    path.plot(ax=axes)
    axes.set_title(f"{area.short_name} ({path.grade})", fontsize=9)
    axes.set(xlim=(2015, 2032), ylim=(0, 40), ylabel="")
grid.flat[-1].axis("off")
figure.supylabel("poverty rate, % of households")
figure.savefig(figures / "small_multiples.pdf")
figure.savefig(figures / "small_multiples.png", dpi=300)
plt.show()

# %% [markdown]
# Chữ trong ngoặc là mức bằng chứng. Huyện hạng C không có số liệu riêng: dải rộng là điều trung thực nhất có thể nói. Đừng so hai huyện hạng C với nhau: hình của chúng là của tỉnh và các huyện giống chúng.
#
# The letter is the evidence grade. A district graded C has no figure of its own: a wide band is the most honest thing to say. Do not compare two districts graded C: their pictures are those of the province and of peers.

# %%
answers = run.table([area.code for area in districts])
wanted = answers[answers["target_id"] == "T30-03"].set_index("area_code")
wanted[["area_name", "probability", "bound", "verdict", "grade"]]

# %%
tiles = pd.read_csv(run.dataset.folder / "tiles.csv", dtype={"area_code": str}).set_index("area_code")
figure, axes = plt.subplots(figsize=(5.5, 5), layout="constrained")
for area in districts:
    place, answer = tiles.loc[area.code], wanted.loc[area.code]
    known = pd.notna(answer["probability"])
    axes.add_patch(
        plt.Rectangle(
            (place["column"], place["row"]),
            0.94,
            0.94,
            color=plt.colormaps["YlGnBu"](0.6 * answer["probability"]) if known else "0.9",
        )
    )
    said = (
        f"≥ {answer['probability']:.0%}"
        if answer["bound"] == "at_least" and known
        else f"{answer['probability']:.0%}"
        if known
        else "–"
    )
    axes.text(
        place["column"] + 0.47,
        place["row"] + 0.47,
        f"{area.short_name}\n{said}\n{answer['grade']}",
        ha="center",
        va="center",
        fontsize=8,
    )
axes.set(
    xlim=(-0.1, tiles["column"].max() + 1),
    ylim=(tiles["row"].max() + 1, -0.1),
    title="T30-03: P(minority poverty below 10 % in 2030)",
)
axes.set_aspect("equal")
axes.axis("off")
figure.savefig(figures / "tile_map.pdf")
plt.show()

# %% [markdown]
# ## Biểu đồ quạt của báo cáo · The report's fan chart
#
# Hình PNG và PDF nằm trong thư mục `figures` cạnh sổ tay; mọi hình nêu nguồn. · PNG and PDF lie in the folder `figures` beside the notebook; every figure names its sources.

# %%
chart = run.ask("Bình Gia", "T30-03").plot()
chart.savefig(figures / "fan_chart.pdf")
sorted(file.name for file in figures.iterdir())

# %%
chart
