"""A row of the table: what was measured, what it must be, and whether it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import inf
from pathlib import Path

import attrs

TRACE = Path(__file__).parents[2] / "shared" / "traces" / "azure_llm_2023_conv.csv"
"""Where the trace lies unless the command is told otherwise."""


class Missing(Exception):
    """What a row needs is not there."""


@attrs.frozen(kw_only=True)
class Scale:
    """How thoroughly to measure."""

    quick: bool = False
    """Only to see that everything works: one seed, short runs. What is measured then means little."""
    trace: Path = TRACE

    def seeds(self, count: int) -> range:
        """The seeds of a row that is run `count` times."""
        return range(1, 2 if self.quick else count + 1)

    def secs(self, full: float, quick: float) -> float:
        """The length of a run."""
        return quick if self.quick else full


@attrs.frozen(kw_only=True)
class Line:
    """One measured value, or several that are judged together."""

    what: str
    must: str = ""
    measured: str
    met: bool | None = None
    """None where there is nothing to meet."""
    beside: str = ""
    """The same of something to compare with."""
    values: Mapping[str, float] = attrs.field(factory=dict)
    """What was measured, for a machine to read."""


@attrs.frozen
class Row:
    """Lines that are measured together. `seeds`: of its runs, as printed."""

    name: str
    title: str
    run: Callable[[Scale], Sequence[Line]]
    seeds: int = 1


def judged(
    what: str,
    value: float,
    *,
    least: float = -inf,
    most: float = inf,
    unit: str = "",
    digits: int = 1,
    beside: str = "",
    note: str = "",
    scale: float = 1.0,
) -> Line:
    """A line for one value that must be at least `least` and at most `most`. `scale`: 100 shows shares in percent."""

    def shown(number: float) -> str:
        return f"{number * scale:.{digits}f}{unit}"

    sides = [f">= {shown(least)}"] if least > -inf else []
    sides += [f"<= {shown(most)}"] if most < inf else []
    return Line(
        what=what,
        must=", ".join(sides),
        measured=shown(value) + (f" ({note})" if note else ""),
        met=least <= value <= most if sides else None,
        beside=beside,
        values={"value": value} | {name: side for name, side in (("least", least), ("most", most)) if abs(side) < inf},
    )
