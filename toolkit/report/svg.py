"""Small inline SVG: what all pictures share, and the lines that fit a cell of a table.

Shapes name classes of ``templates/picture.css``; a page has that style once, a picture that stands alone carries it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from html import escape
from pathlib import Path

from toolkit.report.parts import Spark

SHEETS = Path(__file__).parent / "templates"
PAPER_TEXT = 'text{font-family:"DejaVu Sans";font-size:10px;fill:#52606d}'
"""On a page pictures are written in the page's own type."""


@cache
def sheet(name: str) -> str:
    """Return a style sheet of the templates, without comments that have their own line and without line breaks."""
    style = (SHEETS / f"{name}.css").read_text(encoding="utf-8")
    return "".join(row.strip() for row in style.splitlines() if not row.strip().startswith("/*"))


def picture(width: int, height: int, parts: Iterable[str], label: str, name: str = "") -> str:
    """Return a picture; `label` is what it shows, in words, `name` a class of its own."""
    kind = f' class="{name}"' if name else ""
    words = escape(label, quote=True)
    return f'<svg{kind} viewBox="0 0 {width} {height}" role="img" aria-label="{words}">{"".join(parts)}</svg>'


def shape(names: str, path: str) -> str:
    """Return a path of the given classes; nothing for an empty one."""
    return f'<path class="{names}" d="{path}"/>' if path else ""


def text(names: str, x: float, y: float, words: str) -> str:
    """Return words at a place, as text."""
    return f'<text class="{names}" x="{short(x)}" y="{short(y)}">{escape(words, quote=False)}</text>'


def line(points: Iterable[tuple[float, float]], *, closed: bool = False) -> str:
    """Return the path through points; empty for none.

    >>> line([(0, 1.04), (2, 3)]), line([])
    ('M0,1 2,3', '')
    """
    places = " ".join(f"{short(x)},{short(y)}" for x, y in points)
    return f"M{places}{'Z' if closed else ''}" if places else ""


def short(value: float) -> str:
    """Return a coordinate to a tenth.

    >>> short(12.04), short(-0.01), short(3.25)
    ('12', '0', '3.2')
    """
    written = f"{value:.1f}".removesuffix(".0")
    return "0" if written == "-0" else written


def standing_alone(svg: str) -> str:
    """Return a picture of ours as a file of its own: with name space, size and style.

    >>> standing_alone('<svg viewBox="0 0 120 30"></svg>')[:88]
    '<svg xmlns="http://www.w3.org/2000/svg" width="120" height="30" viewBox="0 0 120 30"><st'
    """
    width, height = svg.split('viewBox="0 0 ', 1)[1].split('"', 1)[0].split()
    start, inner = svg.split(">", 1)
    root = start.replace("<svg", f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"', 1)
    return f"{root}><style>{PAPER_TEXT}{sheet('picture')}</style>{inner}"


WIDTH, HEIGHT, MARGIN = 120, 30, 3
CORNERS = 5


def thinned(path: tuple[tuple[int, float, float, float], ...]) -> tuple[tuple[int, float, float, float], ...]:
    """Return at most `CORNERS` years of a path, the first and the last among them: a small line shows no more."""
    if len(path) <= CORNERS:
        return path
    step = (len(path) - 1) / (CORNERS - 1)
    return tuple(path[round(number * step)] for number in range(CORNERS))


def sparkline(spark: Spark) -> str:
    """Return a small line as SVG: dots are published figures, the band the 80 % interval, the dash a target."""
    values = [value for _, value in spark.observed] + [limit for _, low, _, high in spark.path for limit in (low, high)]
    values += [spark.target] if spark.target is not None else []
    years = [year for year, _ in spark.observed] + [year for year, *_ in spark.path]
    if not years:
        return ""
    bottom, top = min(values), max(values)
    first, last = min(years), max(years)

    def at(year: int, value: float) -> tuple[int, int]:
        share = (value - bottom) / (top - bottom) if top > bottom else 0.5
        x = MARGIN + (WIDTH - 2 * MARGIN) * (year - first) / max(last - first, 1)
        return round(x), round(HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * share)

    path = thinned(spark.path)
    edge = [at(year, high) for year, _, _, high in path] + [at(year, low) for year, low, _, _ in reversed(path)]
    goal = f"M0,{at(first, spark.target)[1]}H{WIDTH}" if spark.target is not None else ""
    dots = "".join(f"{line([at(year, value)])}h0" for year, value in spark.observed)
    middle = line(at(year, median) for year, _, median, _ in path)
    parts = (shape("p-80", line(edge, closed=True)), shape("p-mid", middle), shape("p-goal", goal))
    return picture(WIDTH, HEIGHT, (*parts, shape("p-dots", dots)), spark.label, "spark")
