"""Just enough SVG: elements as text, escaped, and axes with round numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import floor, log10
from xml.sax.saxutils import escape, quoteattr

STYLE = """
text { font: 12px system-ui, sans-serif; fill: #333 }
.title { font-size: 14px; font-weight: 600 }
.small { font-size: 11px; fill: #666 }
.paper { fill: #fff }
.grid { stroke: #ddd; stroke-width: 1 }
.axis { stroke: #888; stroke-width: 1 }
@media (prefers-color-scheme: dark) {
  text { fill: #ddd }
  .small { fill: #aaa }
  .paper { fill: #1b1b1b }
  .grid { stroke: #3a3a3a }
}
"""


def element(name: str, content: str = "", /, **attributes: object) -> str:
    """One element. `content` is markup; `_` in the name of an attribute stands for `-`, and one at its end for none."""
    given = "".join(
        f" {key.rstrip('_').replace('_', '-')}={quoteattr(_value(value))}" for key, value in attributes.items()
    )
    return f"<{name}{given}>{content}</{name}>" if content else f"<{name}{given}/>"


def text(x: float, y: float, words: str, **attributes: object) -> str:
    """Words at a place."""
    visible = "".join(char if char.isprintable() else "\ufffd" for char in words)
    return element("text", escape(visible) or " ", x=x, y=y, **attributes)


def path(points: Iterable[tuple[float, float]], *, closed: bool = False, **attributes: object) -> str:
    """A line through the points, or the area inside."""
    steps = " ".join(f"{'M' if not at else 'L'}{x:.1f},{y:.1f}" for at, (x, y) in enumerate(points))
    return element("path", d=steps + (" Z" if closed else ""), **attributes)


def document(width: float, height: float, title: str, parts: Sequence[str]) -> str:
    """A whole picture on paper of its own, so that it can be read on a light page and on a dark one."""
    inside = [
        element("title", escape(title)),
        element("style", escape(STYLE)),
        element("rect", x=0, y=0, width=width, height=height, class_="paper"),
        *parts,
    ]
    attributes = {"xmlns": "http://www.w3.org/2000/svg", "role": "img"}
    svg = element(
        "svg",
        "\n".join(["", *inside, ""]),
        **attributes,
        viewBox=f"0 0 {width:g} {height:g}",
        width=width,
        height=height,
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{svg}\n'


def ticks(most: float, about: int = 5) -> list[float]:
    """Round numbers from 0 to at least `most`, about so many: steps of 1, 2 or 5 times a power of ten."""
    rough = max(most, 1e-9) / about
    power = 10.0 ** floor(log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    marks = [0.0]
    while marks[-1] < most * 0.999:
        marks.append(len(marks) * step)
    return marks


def _value(value: object) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)
