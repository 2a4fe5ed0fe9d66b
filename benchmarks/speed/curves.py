"""A picture of how llmlb's figures go with more connections, nodes, keys and waiting clients."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import log10

import attrs

from benchmarks.speed.goal import OURS
from benchmarks.speed.picture_texts import say
from benchmarks.speed.samples import Samples, Spread, Value
from llmlb.messages import Locale
from llmlb.simulate.plot import COLORS
from llmlb.simulate.svg import document, element, path, text, ticks

WIDTH, COLUMNS = 960.0, 2
LEFT, BETWEEN, TOP = 60.0, 60.0, 70.0
PANEL, HEIGHT, ROW = 390.0, 150.0, 230.0


@attrs.frozen
class Curve:
    """Which figure, over the number that cases begin with; `words` names its text."""

    words: str
    measure: str
    cases: str
    """What follows the number, as a pattern."""
    figure: str


CURVES = (
    Curve("by_connections", "requests", "connections?", "cpu_us"),
    Curve("by_nodes", "growth", "nodes?", "cpu_us"),
    Curve("by_keys", "growth", "keys?", "cpu_us"),
    Curve("by_waiting", "waiting", "waiting", "kib"),
)


def curves(samples: Samples, locale: Locale) -> str:
    """The picture, as SVG; what was not measured is left out."""
    there = [(curve, points) for curve in CURVES if (points := points_of(curve, samples))]
    parts = [text(LEFT, 26, say(locale, "growth"), class_="title")]
    for number, (curve, points) in enumerate(there):
        left = LEFT + number % COLUMNS * (PANEL + BETWEEN)
        parts += _drawn(curve, points, left, TOP + number // COLUMNS * ROW, locale)
    rows = -(-len(there) // COLUMNS)
    return document(WIDTH, TOP + rows * ROW - 20, say(locale, "growth"), parts)


def points_of(curve: Curve, samples: Samples) -> list[tuple[int, Spread]]:
    """The figure by the number, smallest first."""
    found = []
    for case in samples.cases(curve.measure):
        named = re.fullmatch(rf"([\d,]+) {curve.cases}", case)
        values = samples.spread(curve.measure, Value(OURS, case, curve.figure))
        if named and values is not None:
            found.append((int(named[1].replace(",", "")), values))
    return sorted(found, key=lambda one: one[0])


def _drawn(curve: Curve, points: Sequence[tuple[int, Spread]], left: float, top: float, locale: Locale) -> list[str]:
    """Axes, the range of the rounds at each number, and a line through the medians. Numbers go by powers of ten."""
    marks = ticks(max(values.most for _, values in points), 4)
    decades = max(log10(points[-1][0] / points[0][0]), 1e-9)

    def at(number: int, value: float) -> tuple[float, float]:
        along = log10(number / points[0][0]) / decades
        return left + 12 + (PANEL - 24) * along, top + HEIGHT * (1 - value / marks[-1])

    parts = [text(left, top - 14, say(locale, curve.words))]
    for mark in marks:
        y = at(points[0][0], mark)[1]
        parts.append(element("line", x1=left, x2=left + PANEL, y1=y, y2=y, class_="grid" if mark else "axis"))
        parts.append(text(left - 6, y + 4, f"{mark:,g}", text_anchor="end", class_="small"))
    for number, values in points:
        (x, low), (_, high) = at(number, values.least), at(number, values.most)
        parts.append(text(x, top + HEIGHT + 17, f"{number:,}", text_anchor="middle", class_="small"))
        parts.append(element("line", x1=x, x2=x, y1=low, y2=high, stroke=COLORS[0], stroke_width=1.0))
        parts.append(element("circle", cx=x, cy=at(number, values.middle)[1], r=3.0, fill=COLORS[0]))
    line = [at(number, values.middle) for number, values in points]
    return [*parts, path(line, fill="none", stroke=COLORS[0], stroke_width=1.6)]
