"""Charts and small lines: little SVG, text as text, the same bytes every time."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from toolkit.reports.blocks import Band, Document, FanChart, FanCharts, Line, Point, Sparkline, Table, TargetLevel
from toolkit.reports.svg import PAPER_TEXT, fan_chart_svg, sparkline_svg, standing_alone, style_sheet

Builder = Callable[..., Document]


def fan(**changes: object) -> FanChart:
    bands = tuple(
        Band(year, 5 - spread, 5 - 0.7 * spread, 5 - 0.4 * spread, 5.0, 5 + 0.4 * spread, 5 + 0.7 * spread, 5 + spread)
        for year, spread in ((2020, 0.0), (2025, 0.0), (2027, 1.0), (2030, 2.0))
    )
    made = FanChart(
        key="a",
        language="vi",
        title="Tỷ lệ",
        subtitle="",
        alt="Một biểu đồ",
        points=(Point(2020, 5.0, "final", 1), Point(2025, 5.0, "reported", 2)),
        proxy_points=(),
        overruled=(),
        bands=bands,
        lines=(Line("tỉnh", ((2020, 6.0), (2030, 4.0))),),
        breaks=((2027, "chuẩn 2027"),),
        targets=(TargetLevel(2030, 4.5, "mục tiêu 4,5%"),),
        decimals=1,
        through_proxy=False,
        table=Table("t", "", (), ()),
    )
    return replace(made, **changes)


def test_a_chart_is_small_and_its_text_is_text() -> None:
    svg = fan_chart_svg(fan())
    assert len(svg.encode()) < 4 * 1024
    root = ElementTree.fromstring(svg)
    texts = [element.text for element in root.iter("text")]
    assert {"mục tiêu 4,5%", "chuẩn 2027"} <= set(texts)
    assert any(text and "," in text for text in texts) or "5" in texts
    assert root.get("role") == "img"
    assert root.get("aria-label") == "Một biểu đồ"


def test_a_chart_names_no_address_and_styles_nothing_outside_itself() -> None:
    svg = fan_chart_svg(fan())
    assert "http" not in svg
    assert "<style" not in svg
    assert "font-family" not in svg
    assert "clip-path" not in svg


def test_the_same_chart_has_the_same_bytes() -> None:
    assert fan_chart_svg(fan()) == fan_chart_svg(fan())


def test_every_class_of_a_picture_has_its_style_and_a_lone_picture_carries_it() -> None:
    busy = fan(overruled=(Point(2022, 9.0, "reported", 3),), proxy_points=(Point(2021, 4.0, "final", 3),))
    drawn = fan_chart_svg(busy) + fan_chart_svg(fan(through_proxy=True)) + sparkline_svg(SPARK)
    styled = set(re.findall(r"\.(p-\w+)", style_sheet("picture")))
    used = {name for names in re.findall(r'class="([^"]+)"', drawn) for name in names.split() if name != "spark"}
    assert used == styled
    alone = standing_alone(fan_chart_svg(busy))
    assert PAPER_TEXT in alone
    assert "<style>" in alone
    assert ElementTree.fromstring(alone).get("width") == "360"


def test_charts_share_no_identifier() -> None:
    assert " id=" not in fan_chart_svg(fan())


def test_axes_are_written_as_the_language_does() -> None:
    shown = [element.text for element in ElementTree.fromstring(fan_chart_svg(fan(language="vi"))).iter("text")]
    assert not any(text and re.fullmatch(r"\d+\.\d+", text) for text in shown)
    many = tuple(
        replace(band, median=50000.0, low50=50000, high50=50000, low80=40000, high80=60000, low95=30000, high95=70000)
        for band in fan().bands
    )
    shown = [
        element.text
        for element in ElementTree.fromstring(fan_chart_svg(fan(bands=many, targets=(), lines=(), points=()))).iter(
            "text"
        )
    ]
    assert any(text == "40.000" for text in shown)


def test_what_is_told_apart_is_drawn_apart() -> None:
    solid, dashed = fan_chart_svg(fan()), fan_chart_svg(fan(through_proxy=True))
    assert solid != dashed
    assert ("p-via" in dashed, "p-via" in solid) == (True, False)
    assert fan_chart_svg(fan(points=(Point(2020, 5.0, "preliminary", 0),))) != fan_chart_svg(
        fan(points=(Point(2020, 5.0, "final", 0),))
    )


def test_everything_drawn_lies_inside_the_picture() -> None:
    drawn = fan_chart_svg(
        fan(overruled=(Point(2025, 9.0, "preliminary", 3),), targets=(TargetLevel(2030, -3.0, "mục tiêu −3"),))
    )
    points = re.findall(r"(-?[\d.]+),(-?[\d.]+)", " ".join(re.findall(r' d="M([^"a-z]*)', drawn)))
    assert len(points) > 20
    assert all(0 <= float(x) <= 360 and 0 <= float(y) <= 223 for x, y in points)
    for x, width in (
        (float(x), 6.4 * len(label)) for x, label in re.findall(r'p-right" x="([\d.]+)"[^>]*>([^<]*)<', drawn)
    ):
        assert x - width > -2  # numbers of the axis have their room


@pytest.mark.parametrize(
    "changes",
    [
        {"points": (), "targets": (), "lines": (), "breaks": ()},
        {"bands": fan().bands[:1], "points": (), "lines": (), "targets": ()},
        {"overruled": (Point(2025, 9.0, "preliminary", 3),)},
        {"breaks": ((2021, "chuẩn 2021"), (2022, "chuẩn 2022"), (2029, "chuẩn 2029"))},
        {"targets": (TargetLevel(2030, -3.0, "mục tiêu −3"),)},
    ],
)
def test_sparse_and_odd_charts_can_be_drawn(changes: dict[str, object]) -> None:
    ElementTree.fromstring(fan_chart_svg(fan(**changes)))


def test_labels_of_neighbouring_breaks_do_not_share_a_line() -> None:
    svg = fan_chart_svg(fan(breaks=((2025, "chuẩn 2025"), (2026, "chuẩn 2026"))))
    heights = dict(re.findall(r'y="([\d.]+)"[^>]*>(chuẩn \d+)<', svg))
    assert len(heights) == 2


def test_markup_in_labels_stays_text() -> None:
    nasty = "<b>$\\frac{1}{2}$&"
    svg = fan_chart_svg(fan(targets=(TargetLevel(2030, 4.5, nasty),), alt=f'{nasty}"'))
    root = ElementTree.fromstring(svg)
    assert nasty in [element.text for element in root.iter("text")]
    assert root.get("aria-label") == f'{nasty}"'


SPARK = Sparkline(((2015, 1.0), (2020, 3.0)), ((2020, 3.0, 3.0, 3.0), (2025, 2.0, 4.0, 5.0)), 4.5, 'Diễn biến "2015"')


def test_a_small_line_is_very_small_and_has_a_label() -> None:
    svg = sparkline_svg(SPARK)
    assert len(svg.encode()) < 450
    root = ElementTree.fromstring(svg)
    assert root.get("aria-label") == 'Diễn biến "2015"'
    assert [element.get("class") for element in root] == ["p-80", "p-mid", "p-goal", "p-dots"]
    xs = [int(x) for x in re.findall(r"[M ](\d+),", svg)]
    assert 0 <= min(xs) <= max(xs) <= 120


@pytest.mark.parametrize(
    "spark",
    [Sparkline((), (), None, ""), Sparkline(((2020, 1.0),), (), None, "x"), Sparkline((), SPARK.path, None, "x")],
)
def test_small_lines_of_little(spark: Sparkline) -> None:
    svg = sparkline_svg(spark)
    assert svg == "" or ElementTree.fromstring(svg) is not None


def test_charts_of_the_real_data_are_small(build: Builder) -> None:
    block = next(block for block in build("20").section("charts").blocks if isinstance(block, FanCharts))
    assert max(len(fan_chart_svg(chart).encode()) for chart in block.charts) < 6 * 1024
