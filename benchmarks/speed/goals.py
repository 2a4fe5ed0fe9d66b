"""What is promised of llmlb's speed: figures, most of them by another figure of the same round."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

import attrs

from benchmarks.rows import Line
from benchmarks.speed.samples import Samples, Spread, Value

SAME = 1.15
"""Differences under 15 % count as none on machines that are shared."""


@attrs.frozen(kw_only=True)
class Goal:
    """A figure of llmlb that is at most so much, by itself or divided by `base`."""

    what: str
    measure: str
    case: str
    figure: str
    base: Value | None = None
    most: float = inf
    unit: str = ""
    digits: int = 2
    stretch: bool = False
    """It would be good, but nothing is promised."""


def against(peer: str, case: str, figure: str) -> Value:
    """The same figure of another peer."""
    return Value(peer, case, figure)


def _ratio(what: str, measure: str, case: str, figure: str, peer: str, most: float, stretch: bool = False) -> Goal:
    base = Value(peer, case, figure)
    text = f"{what}, by that of {peer}"
    return Goal(what=text, measure=measure, case=case, figure=figure, base=base, most=most, stretch=stretch)


GOALS: Sequence[Goal] = (
    _ratio("processor time per request, 16 connections", "requests", "16 connections", "cpu_us", "minimal", 0.55),
    _ratio(
        "processor time per request, 16 connections", "requests", "16 connections", "cpu_us", "vllm-router", 1, True
    ),
    _ratio("added latency, 300 B", "latency", "300 B", "added_ms", "minimal", 0.65),
    _ratio("added latency, 1 MiB", "latency", "1 MiB", "added_ms", "haproxy", 4.5),
)


def judge(goals: Sequence[Goal], samples: Samples) -> list[Line]:
    """How the goals stand, those that were measured."""
    lines = []
    for goal in goals:
        value = Value("llmlb", goal.case, goal.figure)
        found = (
            samples.spread(goal.measure, value) if goal.base is None else samples.ratio(goal.measure, value, goal.base)
        )
        if found is not None:
            lines.append(_line(goal, found))
    return lines


def _line(goal: Goal, found: Spread) -> Line:
    def shown(value: float) -> str:
        return f"{value:.{goal.digits}f}{goal.unit}"

    return Line(
        what=goal.what + (" (stretch)" if goal.stretch else ""),
        must=f"<= {shown(goal.most)}",
        measured=shown(found.middle),
        met=found.middle <= goal.most,
        beside=f"{shown(found.least)} to {shown(found.most)} in {found.count} rounds",
        values={"value": found.middle, "most": goal.most, "stretch": float(goal.stretch)},
    )
