"""A goal: a figure of llmlb, most often by another of the same round, and whether it is met."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Literal

import attrs

from benchmarks.rows import Line
from benchmarks.speed.samples import Samples, Spread, Value

OURS = "llmlb"

Comparing = Literal["alone", "ratio", "points below"]


@attrs.frozen(kw_only=True)
class Goal:
    """A figure of llmlb, by itself or compared with another, that is at most or at least so much."""

    what: str
    measure: str
    case: str
    figure: str
    base: Value | None = None
    comparing: Comparing = "alone"
    most: float = inf
    least: float = -inf
    unit: str = ""
    digits: int = 2
    stretch: bool = False
    """It would be good, but nothing is promised."""

    def measured(self, samples: Samples) -> Spread | None:
        """The figure in all rounds; None where it, or what it is compared with, was not measured."""
        value = Value(OURS, self.case, self.figure)
        if self.base is None:
            return samples.spread(self.measure, value)
        if self.comparing == "ratio":
            return samples.ratio(self.measure, value, self.base)
        return samples.below(self.measure, value, self.base)

    def judged(self, found: Spread) -> Line:
        """A line of the table: the median of the rounds decides."""
        sides = [f"<= {self._shown(self.most)}"] if self.most < inf else []
        sides += [f">= {self._shown(self.least)}"] if self.least > -inf else []
        return Line(
            what=self.what + (" (stretch)" if self.stretch else ""),
            must=", ".join(sides),
            measured=self._shown(found.middle),
            met=self.least <= found.middle <= self.most,
            beside=f"{self._shown(found.least)} to {self._shown(found.most)}" if found.count > 1 else "",
            values={"value": found.middle, "stretch": float(self.stretch)},
        )

    def _shown(self, value: float) -> str:
        return f"{value:,.{self.digits}f}{self.unit}"


def judge(goals: Sequence[Goal], samples: Samples) -> list[Line]:
    """How the goals stand, those that were measured."""
    found = [(goal, goal.measured(samples)) for goal in goals]
    return [goal.judged(values) for goal, values in found if values is not None]
