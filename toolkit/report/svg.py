"""Small inline SVG: what matplotlib writes, without what a page does not need; and sparklines of our own."""

from __future__ import annotations

import re
from html import escape
from xml.etree import ElementTree

from toolkit.report.parts import Spark

_NAME_SPACE = re.compile(r"\{[^}]*\}")
_NUMBER = re.compile(r"-?\d+\.\d+")
_DROPPED = {"metadata", "style"}
_STYLE_DEFAULTS = {
    "text-anchor:start",
    "font-size:10px",
    "fill:#52606d",
    "stroke-dashoffset:0",
    "stroke-linecap:square",
    "stroke-linecap:butt",
    "stroke-linejoin:miter",
}
_ATTRIBUTES = {"href", "d", "x", "y", "id"}


def compact(svg: str, *, title: str) -> str:
    """Return a matplotlib SVG for use inside a page.

    No XML head, metadata, style sheet, size or name space; coordinates to a tenth of a point; fonts are
    the page's; groups and identifiers are kept only where something needs them.

    Parameters
    ----------
    svg :
        What ``savefig(format="svg")`` wrote with ``svg.fonttype: none`` and a hash salt of its own,
        so that identifiers differ between the charts of one page.
    title :
        What the chart shows; becomes its accessible name.
    """
    root = ElementTree.fromstring(svg)
    used = set(re.findall(r"href=\"#([^\"]+)", svg))
    inner = "".join(_element(child, used) for child in root)
    box = _rounded(root.get("viewBox", ""))
    return f'<svg viewBox="{box}" role="img" aria-label="{escape(title, quote=True)}">{inner}</svg>'


PAPER_STYLE = (
    'text{font-family:"DejaVu Sans";font-size:10px;fill:#52606d}'
    ".band{fill:#b5cfe8}.middle{fill:none;stroke:#12548f;stroke-width:1.4}"
    ".goal{stroke:#9c3d00;stroke-dasharray:4 2}.dots{stroke:#1f2933;stroke-width:4;stroke-linecap:round}"
)
"""What a page's style sheet says about pictures, for pictures that stand alone."""


def standing_alone(svg: str) -> str:
    """Return a picture of ours as a file of its own: with name space, size and style.

    >>> standing_alone('<svg viewBox="0 0 120 30"></svg>')[:88]
    '<svg xmlns="http://www.w3.org/2000/svg" width="120" height="30" viewBox="0 0 120 30"><st'
    """
    width, height = svg.split('viewBox="0 0 ', 1)[1].split('"', 1)[0].split()
    start, inner = svg.split(">", 1)
    root = start.replace("<svg", f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"', 1)
    return f"{root}><style>{PAPER_STYLE}</style>{inner}"


def _element(element: ElementTree.Element, used: set[str]) -> str:
    tag = _NAME_SPACE.sub("", str(element.tag))
    if tag in _DROPPED:
        return ""
    inner = "".join(_element(child, used) for child in element)
    text = escape(element.text.strip(), quote=False) if element.text and element.text.strip() else ""
    attributes = _attributes(element, used)
    if tag in {"g", "defs"} and (not inner or not attributes):
        return f"<defs>{inner}</defs>" if tag == "defs" and inner else inner
    if tag == "path" and attributes.endswith(' style="fill:none"'):
        return ""  # an invisible background
    return f"<{tag}{attributes}>{text}{inner}</{tag}>" if text or inner else f"<{tag}{attributes}/>"


def _attributes(element: ElementTree.Element, used: set[str]) -> str:
    found = {_NAME_SPACE.sub("", name): value for name, value in element.attrib.items()}
    kept = []
    for name, value in found.items():
        if name not in _ATTRIBUTES or (name == "id" and value not in used):
            continue
        shown = value if name in {"id", "href"} else _rounded(value)
        kept.append(f' {name}="{escape(_joined(shown) if name == "d" else shown, quote=True)}"')
    style = _style(found.get("style", ""))
    if "href" in found:  # a marker's stroke stands with its shape
        style = ";".join(part for part in style.split(";") if part.startswith("fill") and part != "fill:none")
    return "".join(kept) + (f' style="{escape(style, quote=True)}"' if style else "")


def _style(style: str) -> str:
    """Return a style without what is the default, the font as size and weight alone."""
    parts = [part.strip().replace(": ", ":") for part in style.split(";") if part.strip()]
    kept: list[str] = []
    for part in parts:
        name, _, value = part.partition(":")
        if name == "font":
            size = re.search(r"([\d.]+px)", value)
            weight = re.match(r"(?:\w+ )?(\d{3}|bold) ", value)
            kept += [f"font-size:{_rounded(size[1])}"] if size else []
            kept += [f"font-weight:{weight[1]}"] if weight else []
        elif name != "font-family" and part not in _STYLE_DEFAULTS:
            kept.append(_rounded(part) if name != "fill" else part)
    return ";".join(kept)


def _joined(path: str) -> str:
    return re.sub(r"\s*([A-Za-z])\s*", r"\1", re.sub(r"\s+", " ", path)).strip()


def _rounded(text: str) -> str:
    return _NUMBER.sub(lambda match: _short(float(match[0])), text)


def _short(value: float) -> str:
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


WIDTH, HEIGHT, MARGIN = 120, 30, 3
CORNERS = 5


def thinned(path: tuple[tuple[int, float, float, float], ...]) -> tuple[tuple[int, float, float, float], ...]:
    """Return at most `CORNERS` years of a path, the first and the last among them: a sparkline shows no more."""
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

    def x(year: int) -> int:
        return round(MARGIN + (WIDTH - 2 * MARGIN) * (year - first) / max(last - first, 1))

    def y(value: float) -> int:
        share = (value - bottom) / (top - bottom) if top > bottom else 0.5
        return round(HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * share)

    parts = []
    if spark.path:
        path = thinned(spark.path)
        edge = [f"{x(year)},{y(high)}" for year, _, _, high in path]
        edge += [f"{x(year)},{y(low)}" for year, low, _, _ in reversed(path)]
        parts.append(f'<path class="band" d="M{" ".join(edge)}Z"/>')
        middle = " ".join(f"{x(year)},{y(median)}" for year, _, median, _ in path)
        parts.append(f'<path class="middle" d="M{middle}"/>')
    if spark.target is not None:
        parts.append(f'<path class="goal" d="M0,{y(spark.target)}H{WIDTH}"/>')
    if spark.observed:
        dots = "".join(f"M{x(year)},{y(value)}h0" for year, value in spark.observed)
        parts.append(f'<path class="dots" d="{dots}"/>')
    label = escape(spark.label, quote=True)
    return f'<svg class="spark" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{"".join(parts)}</svg>'
