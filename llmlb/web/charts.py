"""Lines, areas and bars as the `d` of an SVG path, and scales that end at a round number. Knows no words.

A drawing is as many units wide as there are steps and `HEIGHT` high, whatever size it is shown in; what has no value
(None) is left out, so that nothing looks like zero which is not known to be.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence

HEIGHT = 400
"""Whole units suffice, also on a wall: this is more than the pixels of a drawing."""

_ROUND = (2, 4, 6, 8, 10)
_ROUND_SECS = (1, 2, 4, 6, 10, 20, 30, 40, 60, 120, 240, 360, 600, 1200, 1800, 2400, 3600)
"""Of each, half is round as well: there is a line at half the height."""


def top_of_counts(most: float) -> int:
    """The upper end of a scale for counts up to `most`: an even round number, at least 2."""
    scale = 1
    while scale * _ROUND[-1] < most:
        scale *= 10
    return next(scale * step for step in _ROUND if scale * step >= most)


def top_of_seconds(most: float) -> int:
    """The upper end of a scale for lengths of time up to `most` seconds, round to those who think in minutes."""
    for top in _ROUND_SECS:
        if top >= most:
            return top
    return 3600 * top_of_counts(most / 3600)


def line(values: Sequence[float | None], top: float) -> str:
    """A line through the middles of the steps. A value that stands alone is a dot, given round ends of lines."""
    return "".join(f"M{start}.5 {heights[0]}{_onward(heights) or 'h0'}" for start, heights in _runs(values, top))


def area(values: Sequence[float | None], top: float) -> str:
    """What is below that line. A value that stands alone is as wide as its step."""
    return "".join(
        f"M{start}.5 {HEIGHT}V{heights[0]}{_onward(heights)}V{HEIGHT}z"
        if len(heights) > 1
        else f"M{start} {HEIGHT}V{heights[0]}h1V{HEIGHT}z"
        for start, heights in _runs(values, top)
    )


def stack(layers: Iterable[Sequence[int]], top: float) -> tuple[str, ...]:
    """Bars on each other, the first layer lowest: upright strokes in the middle of each step, one path a layer."""
    paths: list[str] = []
    below: list[int] = []
    for layer in layers:
        below = below or [0] * len(layer)
        above = [low + value for low, value in zip(below, layer, strict=True)]
        strokes = (
            f"M{step}.5 {_y(low, top)}V{_y(high, top)}"
            for step, (low, high) in enumerate(zip(below, above, strict=True))
            if high > low
        )
        paths.append("".join(strokes))
        below = above
    return tuple(paths)


def blocks(where: Sequence[bool]) -> str:
    """The steps for which `where` holds, in their full height."""
    return "".join(f"M{start} 0h{length}v{HEIGHT}h-{length}z" for start, length in spans(where))


def spans(where: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Start and length of each stretch of steps for which `where` holds."""
    start = 0
    for step in range(len(where) + 1):
        if step == len(where) or not where[step]:
            if step > start:
                yield start, step - start
            start = step + 1


def _runs(values: Sequence[float | None], top: float) -> Iterator[tuple[int, list[int]]]:
    for start, length in spans([value is not None for value in values]):
        yield start, [_y(value, top) for value in values[start : start + length] if value is not None]


def _y(value: float, top: float) -> int:
    """From the upper edge, as SVG counts."""
    return HEIGHT - round(HEIGHT * min(1.0, value / top))


def _onward(heights: Sequence[int]) -> str:
    """From each height to the next, a step to the right each time."""
    moves = [f"1{after - before:+d}" for before, after in itertools.pairwise(heights)]
    return "l" + " ".join(moves) if moves else ""
