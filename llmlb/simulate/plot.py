"""A picture of runs: waits and shares of node time over time, by key, one row of panels a configuration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import median

import attrs

from llmlb.messages import Locale
from llmlb.simulate.measure import waited
from llmlb.simulate.report import Tried
from llmlb.simulate.svg import document, element, path, text, ticks
from llmlb.simulate.table import cut, width
from llmlb.simulate.texts import say
from llmlb.simulate.windows import by_window

COLORS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#b0a000")
"""Okabe and Ito's palette, which nearly everybody can tell apart; its yellow darkened, to be seen on white."""
OTHERS = "#999999"
STRETCHES = 60
BRIDGED = 2
"""A line goes on across so many stretches without a wait; across more it would show waits that there were not."""
WIDTH, PANEL_WIDTH, PANEL_HEIGHT = 960.0, 400.0, 150.0
LEFT, BETWEEN, ROW = 56.0, 60.0, 250.0


@attrs.frozen
class _Panel:
    """A place to draw in: `x` and `y` are its top left corner; values go from 0 to `across` and `up`."""

    x: float
    y: float
    across: float
    up: float

    def at(self, time: float, value: float) -> tuple[float, float]:
        return self.x + PANEL_WIDTH * time / self.across, self.y + PANEL_HEIGHT * (1 - value / self.up)

    def frame(self, heading: str, unit: float, time: str) -> list[str]:
        """Grid, axes and their words."""
        parts = [text(self.x, self.y - 10, heading)]
        for mark in ticks(self.up, 4):
            _, y = self.at(0, mark)
            if mark <= self.up * 1.001:
                parts.append(element("line", x1=self.x, x2=self.x + PANEL_WIDTH, y1=y, y2=y, class_="grid"))
                parts.append(text(self.x - 6, y + 4, f"{mark:g}", text_anchor="end", class_="small"))
        for mark in ticks(self.across / unit, 6):
            x, _ = self.at(mark * unit, 0)
            if mark * unit <= self.across * 1.001:
                bottom = self.y + PANEL_HEIGHT
                parts.append(element("line", x1=x, x2=x, y1=bottom, y2=bottom + 4, class_="axis"))
                parts.append(text(x, bottom + 17, f"{mark:g}", text_anchor="middle", class_="small"))
        ends = {"x1": self.x, "x2": self.x + PANEL_WIDTH, "y1": self.y + PANEL_HEIGHT, "y2": self.y + PANEL_HEIGHT}
        parts.append(element("line", **ends, class_="axis"))
        middle = self.x + PANEL_WIDTH / 2
        parts.append(text(middle, self.y + PANEL_HEIGHT + 34, time, text_anchor="middle", class_="small"))
        return parts


def plot(tried: Sequence[Tried], locale: Locale) -> str:
    """The picture, as SVG. The keys that asked for most have a colour each, all others are one."""
    keys = list(tried[0].result.keys)
    named = keys if len(keys) <= len(COLORS) else keys[: len(COLORS) - 1]
    rest = {key for one in tried for key in one.result.keys} - set(named)
    colors = dict(zip(named, COLORS, strict=False))
    length = max(one.run.workload.length for one in tried)
    stretch = length / STRETCHES
    waits = [_waits(one, colors, stretch) for one in tried]
    longest = max((value for lines in waits for _, line in lines for _, value in line), default=0.0)
    parts = [text(LEFT, 22, say(locale, "plot_title"), class_="title")]
    legend, bottom = _legend([(_name(key, locale), colors[key]) for key in named], len(rest), locale)
    parts += legend
    for row, one in enumerate(tried):
        top = bottom + 26 + row * ROW
        parts.append(text(LEFT, top, cut(one.name, 100), class_="title"))
        parts += _row(one, colors, waits[row], top + 34, length, stretch, max(longest, 1.0), locale)
    return document(WIDTH, bottom + 26 + len(tried) * ROW, say(locale, "plot_title"), parts)


def _row(
    one: Tried,
    colors: Mapping[str, str],
    waits: Sequence[tuple[str, Sequence[tuple[float, float]]]],
    top: float,
    length: float,
    stretch: float,
    longest: float,
    locale: Locale,
) -> list[str]:
    unit, time = (60.0, "plot_time") if length >= 300 else (1.0, "plot_time_secs")
    left = _Panel(LEFT, top, length, ticks(longest, 4)[-1])
    right = _Panel(LEFT + PANEL_WIDTH + BETWEEN, top, length, 100.0)
    parts = left.frame(say(locale, "plot_waits"), unit, say(locale, time))
    for color, line in waits:
        points = [left.at(at, value) for at, value in line]
        if len(points) == 1:
            parts.append(element("circle", cx=points[0][0], cy=points[0][1], r=2.5, fill=color))
        else:
            parts.append(path(points, fill="none", stroke=color, stroke_width=1.6, stroke_linejoin="round"))
    areas = []
    had = by_window(one.run.watch.services, stretch, one.run.workload.length)
    there = len(one.run.nodes) * stretch
    floors = [0.0] * len(had)
    layers = [(color, [window.get(key, 0.0) for window in had]) for key, color in colors.items()]
    layers.append((OTHERS, [sum(secs for key, secs in window.items() if key not in colors) for window in had]))
    for color, layer in layers:
        roofs = [low + 100 * secs / there for low, secs in zip(floors, layer, strict=True)]
        if roofs != floors:
            areas.append(path(_area(right, floors, roofs, stretch), closed=True, fill=color, fill_opacity=0.85))
        floors = roofs
    return [*parts, *right.frame(say(locale, "plot_shares"), unit, say(locale, time)), *areas]


def _area(
    panel: _Panel, floors: Sequence[float], roofs: Sequence[float], stretch: float
) -> Iterable[tuple[float, float]]:
    """Along the roofs and back along the floors, in steps."""
    for at, roof in enumerate(roofs):
        yield panel.at(at * stretch, min(roof, 100.0))
        yield panel.at((at + 1) * stretch, min(roof, 100.0))
    for at in reversed(range(len(floors))):
        yield panel.at((at + 1) * stretch, min(floors[at], 100.0))
        yield panel.at(at * stretch, min(floors[at], 100.0))


def _waits(one: Tried, colors: Mapping[str, str], stretch: float) -> list[tuple[str, list[tuple[float, float]]]]:
    """By colour, the median wait of those that came in each stretch, at its middle: a line for each time without gaps.

    The others come first, to lie below.
    """
    sorts: dict[str, list[list[float]]] = {
        color: [[] for _ in range(STRETCHES)] for color in (OTHERS, *colors.values())
    }
    for fate in one.run.fates:
        at = min(STRETCHES - 1, int(fate.arrived / stretch))
        sorts[colors.get(fate.job.key, OTHERS)][at] += waited([fate])
    lines = []
    for color, stretches in sorts.items():
        last = -STRETCHES
        for at, values in enumerate(stretches):
            if not values:
                continue
            if at - last > BRIDGED + 1:
                line: list[tuple[float, float]] = []
                lines.append((color, line))
            line.append(((at + 0.5) * stretch, median(values)))
            last = at
    return lines


def _legend(named: Sequence[tuple[str, str]], rest: int, locale: Locale) -> tuple[list[str], float]:
    """Who has which colour, on as many lines as it takes, and where it ends."""
    entries = [*named, *([(say(locale, "others", count=rest), OTHERS)] if rest else [])]
    parts, x, y = [], LEFT, 46.0
    for name, color in entries:
        wide = 24 + 7.5 * width(name) + 12
        if x + wide > WIDTH - 20 and x > LEFT:
            x, y = LEFT, y + 20
        parts.append(element("rect", x=x, y=y - 10, width=12, height=12, fill=color, rx=2))
        parts.append(text(x + 18, y, name))
        x += wide
    return parts, y


def _name(key: str, locale: Locale) -> str:
    return cut(key, 32) if key else say(locale, "no_key")
