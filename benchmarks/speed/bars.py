"""A picture of many small charts: for each figure a bar for each peer."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from benchmarks.speed.picture_texts import say
from benchmarks.speed.samples import Samples, Spread, Value
from llmlb.messages import Locale
from llmlb.simulate.plot import COLORS, OTHERS
from llmlb.simulate.svg import document, element, text

WIDTH, COLUMNS = 960.0, 3
LEFT, LABELS, BAR = 24.0, 88.0, 130.0
PANEL = (WIDTH - 2 * LEFT) / COLUMNS
LINE, HEAD, FOOT = 22.0, 44.0, 26.0

NAMES = {
    "minimal": "aiohttp proxy",
    "haproxy": "HAProxy",
}
OFF_THE_SCALE = ("litellm",)
"""Beside its bars nothing would be left of the others."""


@attrs.frozen
class Chart:
    """Which figure it shows; `words` names its texts."""

    words: str
    measure: str
    case: str
    figure: str
    digits: int = 0


CHARTS = (
    Chart("cost", "requests", "16 connections", "cpu_us"),
    Chart("small", "latency", "300 B", "added_ms", 2),
    Chart("large", "latency", "1 MiB", "added_ms", 1),
    Chart("gap", "handover", "4 nodes", "gap_us"),
    Chart("events", "streaming", "paced", "cpu_ms", 1),
    Chart("waits", "waiting", "10,000 waiting", "kib", 1),
    Chart("ready", "footprint", "4 nodes", "ready", 2),
    Chart("idle", "footprint", "4 nodes", "mib"),
)


def bars(samples: Samples, locale: Locale, charts: Sequence[Chart] = CHARTS) -> str:
    """The picture, as SVG; charts of which nothing was measured are left out."""
    parts = [text(LEFT, 26, say(locale, "peers"), class_="title")]
    there = [(chart, found) for chart in charts if (found := _found(chart, samples))]
    top = 44.0
    for first in range(0, len(there), COLUMNS):
        row = there[first : first + COLUMNS]
        for column, (chart, found) in enumerate(row):
            parts += _chart(chart, found, LEFT + column * PANEL, top, locale)
        top += HEAD + LINE * max(len(found) for _, found in row) + FOOT
    return document(WIDTH, top, say(locale, "peers"), parts)


def _found(chart: Chart, samples: Samples) -> list[tuple[str, Spread]]:
    peers = [peer for peer in samples.peers(chart.measure) if peer not in OFF_THE_SCALE]
    found = [(peer, samples.spread(chart.measure, Value(peer, chart.case, chart.figure))) for peer in peers]
    return [(peer, values) for peer, values in found if values is not None]


def _chart(chart: Chart, found: Sequence[tuple[str, Spread]], left: float, top: float, locale: Locale) -> list[str]:
    parts = [
        text(left, top + 14, say(locale, chart.words)),
        text(left, top + 30, say(locale, f"{chart.words}_note"), class_="small"),
    ]
    longest = max(values.most for _, values in found) or 1.0
    for number, (peer, values) in enumerate(found):
        y, x = top + HEAD + number * LINE, left + LABELS
        color = COLORS[0] if peer == "llmlb" else OTHERS
        at = {share: x + BAR * max(value, 0.0) / longest for share, value in attrs.asdict(values).items()}
        parts.append(text(x - 6, y + 11, NAMES.get(peer, peer), text_anchor="end", class_="small"))
        parts.append(element("rect", x=x, y=y, width=at["middle"] - x, height=14.0, fill=color, rx=2))
        if values.count > 1:
            middle = y + 7.0
            parts.append(element("line", x1=at["least"], x2=at["most"], y1=middle, y2=middle, stroke="#444"))
        shown = f"{values.middle:,.{chart.digits}f}"
        parts.append(text(max(at["most"], at["middle"]) + 5, y + 11, shown, class_="small"))
    return parts
