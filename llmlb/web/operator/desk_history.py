"""The past hour of a node as a band: one column each half minute, in it the states it was in, stacked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from llmlb.messages import Locale
from llmlb.web.operator.desk_figures import percent
from llmlb.web.operator.desk_texts import desk_text
from llmlb.web.page_texts import page_text

STACK = ("busy", "idle", "draining", "pending", "loading", "resting", "offline")
"""Every state of a node, in the order in which they are stacked from below."""
HEIGHT = 10
"""Of the band, in parts: a state that has less than half a part of a column is not drawn in it."""


def bands(columns: Sequence[Mapping[str, float]]) -> tuple[str, ...]:
    """For each state of `STACK` the data of an SVG path, in columns of width 1 and height `HEIGHT`; may be empty.

    Parts are whole, and columns that are alike are drawn as one: most nodes are in one state most of the time.
    """
    runs: dict[str, list[list[int]]] = {state: [] for state in STACK}
    for x, column in enumerate(columns):
        below, taken = 0.0, 0
        for state in STACK:
            below += column.get(state, 0.0)
            top = min(HEIGHT, round(below * HEIGHT))
            if top > taken:
                _draw(runs[state], x, taken, top)
                taken = top
    return tuple("".join(_rectangle(*run) for run in runs[state]) for state in STACK)


def _draw(run: list[list[int]], x: int, low: int, high: int) -> None:
    """Go on with the last rectangle where that is all there is to it, else begin one."""
    if run and run[-1][1:] == [x, low, high]:
        run[-1][1] = x + 1
    else:
        run.append([x, x + 1, low, high])


def _rectangle(left: int, right: int, low: int, high: int) -> str:
    return f"M{left} {HEIGHT - high}h{right - left}v{high - low}H{left}z"


def summary(columns: Sequence[Mapping[str, float]], locale: Locale) -> str:
    """The parts of the time it was looked at that it spent in each state, most first, in one line."""
    looked = [column for column in columns if column]
    if not looked:
        return desk_text(locale, "history_none")
    spent: Counter[str] = Counter()
    for column in looked:
        for state, part in column.items():
            spent[state] += part  # type: ignore[assignment]  # parts of a column, not whole ones
    whole = sum(spent.values())
    parts = [
        desk_text(
            locale, "history_share", label=page_text(locale, f"state_{state}"), percent=percent(part / whole, locale)
        )
        for state, part in spent.most_common()
        if part > 0
    ]
    return desk_text(locale, "list_separator").join(parts)
